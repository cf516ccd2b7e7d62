"""Problem sets of mathematics: their forms are read, their solutions are sound, rewritten problems are right again,
graders know equal answers from unequal ones, and the benchmarks count everything.

Samples are invented in the form of each set. Does not cover the sets themselves, which are no part of the package.
"""

import csv
import gzip
import io
import json
import random
import re
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import microreason
from microreason.cli import app
from microreason.data.documents import DocumentStream, Mixture, draw
from microreason.errors import BadInput, UnknownTask
from microreason.evaluation.mathematics import evaluate, gsm_symbolic_origins, problems_of
from microreason.mathematics import equations, formats, grading
from microreason.mathematics.convert import convert, solve, split, write_records
from microreason.mathematics.formats import Entry, read
from microreason.mathematics.rewriting import change_order, change_phrases, reverse, rewrite
from microreason.solution import Problem, Solution
from microreason.tasks import get_task
from microreason.tokenizer import Tokenizer
from microreason.verification.steps import check_arithmetic, check_solution
from microreason.verification.steps import evaluate as calculate

GSM8K = {
    "question": "Tom has 14 red pens. Mary has 35 blue pens. How many do 6 such pairs have?",
    "answer": "Together <<14+35=49>>49. Six times that is <<49*6=294>>294.\n#### 294",
}
MATH = {
    "problem": "What is $1+1$ halved?", "level": "Level 1", "type": "Algebra",
    "solution": "We have $1+1=2$. Half of it is $\\frac{2}{2}$, so the answer is $\\boxed{\\frac{2}{2}}$.",
}  # fmt: skip
MATH23K = {
    "id": "7", "original_text": "一本书有120页，小明看了(1/3)，还剩多少页？", "segmented_text": "…",
    "equation": "x=120-120*(1/3)", "ans": "80",
}  # fmt: skip
APE = {"id": "9", "segmented_text": "30 的 40% 是 多少", "equation": "x=30*40%", "ans": "12"}
SVAMP = {
    "ID": "chal-1", "Body": "Ann had 76 pens. She gave 25 of them away", "Question": "How many are left?",
    "Equation": "( 76.0 - 25.0 )", "Answer": 51.0, "Type": "Subtraction",
}  # fmt: skip
MAWPS = {
    "Question": "Joan has number0 books . Tom ' s shelf has number1 books . How many are there ?",
    "Numbers": "10.0 38.0", "Equation": "+ number0 number1", "Answer": "48.0",
}  # fmt: skip
TAL = {
    "queId": "a1", "difficulty": "1", "problem": "$$5-5\\times 1$$ is", "answer_value": "B",
    "answer_option_list": [[{"aoVal": "A", "content": "$$1$$ "}], [{"aoVal": "B", "content": "$$0$$ "}]],
    "answer_analysis": ["$$5\\times 1=5$$, then $$5-5=0$$. "],
}  # fmt: skip
SAMPLES = {"gsm8k": GSM8K, "math": MATH, "math23k": MATH23K, "ape210k": APE, "svamp": SVAMP, "mawps": MAWPS, "tal": TAL}
ANSWERS = {
    "gsm8k": ("294", ["14+35=49", "49*6=294"]),
    "math": ("\\frac{2}{2}", None),
    "math23k": ("80", ["120*(1/3)=40", "120-40=80"]),
    "ape210k": ("12", ["40/100=0.4", "30*0.4=12"]),
    "svamp": ("51", ["76-25=51"]),
    "mawps": ("48", ["10+38=48"]),
    "tal": ("B", None),
}


def write(tmp_path, row, form="jsonl"):
    path = tmp_path / f"set.{form}"
    text = json.dumps(row, ensure_ascii=False)
    if form == "csv":
        out = io.StringIO()
        writer = csv.DictWriter(out, list(row))
        writer.writeheader()
        writer.writerow(row)
        text = out.getvalue()
    elif form == "json":
        text = json.dumps([row], indent=1)
    elif form == "objects.json":
        text = json.dumps(row, ensure_ascii=False, indent=2) * 2
    data = text.encode()
    path.write_bytes(gzip.compress(data) if form.endswith("gz") else data)
    return path


@pytest.mark.parametrize("form", ["jsonl", "jsonl.gz", "json", "objects.json"])
@pytest.mark.parametrize("name", SAMPLES)
def test_every_form_of_every_set_is_read_and_solved(tmp_path, name, form):
    entries, left_out = read(name, write(tmp_path, SAMPLES[name], form))
    answer, lines = ANSWERS[name]
    solution = solve(entries[0])
    assert not left_out and solution.answer == answer
    if lines is not None:
        assert [step.text for step in solution.steps] == lines
    assert grading.grade(entries[0].kind, entries[0].answer, solution.answer) == 1.0


def test_csv_with_placeholders_and_a_folder_of_files(tmp_path):
    (entry,), _ = read("mawps", write(tmp_path, MAWPS, "csv"))
    assert entry.question == "Joan has 10 books. Tom's shelf has 38 books. How many are there?"
    folder = tmp_path / "test" / "algebra"
    folder.mkdir(parents=True)
    (folder / "3.json").write_text(json.dumps(MATH))
    (entry,), _ = read("math", tmp_path / "test")
    assert (entry.id, entry.group) == ("algebra/3", "Algebra Level 1")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("gsm8k", b'{"text": "no such keys"}'), ("math", b"\x00\x01binary"), ("tal", b"[1, 2]"), ("svamp", b""),
        ("math23k", b"\x1f\x8bdamaged"), ("gsm8k", b'{"question": "a"'), ("nothing", b"{}"), ("gsm8k", b"\xff\xfe"),
    ],
)  # fmt: skip
def test_a_file_in_an_unknown_form_is_one_sentence(tmp_path, name, content):
    path = tmp_path / "set.json"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"^[^\n]+\.$"):
        read(name, path)
    result = CliRunner().invoke(app, ["data", "convert", name, "--path", str(path), str(tmp_path / "out.jsonl")])
    assert result.exit_code == 2 and result.stderr.count("\n") == 1


def test_rows_without_answer_are_counted(tmp_path):
    path = tmp_path / "set.jsonl"
    rows = [GSM8K, {"question": "a", "answer": "no mark"}, {"question": None, "answer": "#### 1"}]
    path.write_text("\n".join(map(json.dumps, rows)))
    entries, left_out = read("gsm8k", path)
    assert len(entries) == 1 and left_out == {"no answer after ####": 1, "a field is missing or malformed": 1}


EXPRESSIONS = ["1-(1/3)*(3/4)", "520*(1-40%-(1/4))", "975/3/5", "36*15-1.5*2.4", "3(3/8)+0.5", "10/3*3", "-3+5*(2-7)"]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_steps_are_sound_and_reach_the_value(expression):
    tree = equations.parse(expression)
    lines, total, form = equations.steps(tree)
    assert all(check_arithmetic(line) for line in lines), lines
    assert calculate(lines[-1].rpartition("=")[2]) == total == equations.value(tree)
    assert equations.parse(equations.infix(tree)) == tree
    assert grading.equal_numbers(equations.write(total), equations.write(total, form))


def test_a_quotient_is_worked_out_where_its_dividend_is_long():
    worked_out = {"135/15": "135=15*9", "4200/150": "420=15*20+120=15*28", "75/0.6": "750=6*100+150=6*120+30=6*125"}
    for expression, line in worked_out.items():
        assert equations.steps(equations.parse(expression))[0][:-1] == [line]
    assert all(len(equations.steps(equations.parse(short))[0]) == 1 for short in ("60/4", "6000/150", "900/3"))


_TREES = st.recursive(
    st.builds(
        lambda n, places: equations.Number(Fraction(n, 10**places)), st.integers(0, 9999), st.sampled_from([0, 0, 1, 2])
    ),
    lambda part: st.builds(equations.Operation, st.sampled_from("+-*/"), part, part),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(_TREES)
def test_any_tree_gives_sound_steps(tree):
    try:
        lines, total, _ = equations.steps(tree)
    except ZeroDivisionError:
        return
    text = ", ".join(map(equations.write, (number.value for number in equations.literals(tree))))
    assert total == equations.value(tree) == equations.value(equations.arranged(tree, text))
    for line in lines:
        assert check_arithmetic(line) is not False, line


@pytest.mark.parametrize("bad", ["", "1+", "(1", "x+1", "2**3", "1 2", "9" * 400, "1;2", "%"])
def test_what_is_no_expression_is_refused(bad):
    with pytest.raises(ValueError):
        equations.parse(bad)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (Entry("1", "q", "5", equations=("2+2",)), "another answer"), (Entry("1", "q", "5"), "no equation"),
        (Entry("1", "q", "5", equations=("5",)), "the answer itself"),
        (Entry("1", "q", "3.33", equations=("10/3",)), "when rounded"),
        (Entry("1", "q", "5", equations=("5/0",)), "division by zero"),
        (Entry("1", "q", "five", equations=("2+3",)), "cannot be read"), (Entry("1", "q", "B", "choice"), "in words"),
    ],
)  # fmt: skip
def test_what_cannot_be_solved_says_why(entry, reason):
    with pytest.raises(ValueError, match=reason):
        solve(entry)


def entries(count):
    return [
        Entry(str(i), f"Tom has {i + 13} pens and Mary has {i + 31} more. Both?", str(2 * i + 44), "number",
              (f"{i + 13}+{i + 31}",))
        for i in range(count)
    ]  # fmt: skip


def test_held_out_problems_never_enter_training():
    every = entries(540)
    train, held = split(every)
    assert len(held) == 500 and len(train) == 40 and split(every[::-1])[1] == held
    records, left_out = convert("gsm8k", every, 2, 0, excluded=[train[0].question.upper().replace(".", " !")])
    texts = {record["text"] for record in records}
    assert not texts & {entry.question for entry in held} and train[0].question not in texts
    assert left_out["held out"] == 500 and left_out["evaluation question or repeated"] >= 1
    assert convert("gsm8k", every, 2) == convert("gsm8k", every, 2)


def test_rewritten_problems_are_right_again():
    (entry,) = [formats._gsm8k(GSM8K)]
    seen = set()
    for number in range(40):
        new = rewrite(entry, 0, number)
        numbers = [int(n) for n in re.findall(r"\d+", new.question)]
        assert new == rewrite(entry, 0, number) and new.question != entry.question
        assert sorted(numbers[:2])[0] + sorted(numbers[:2])[1] == calculate(solve(new).answer) / numbers[2]
        assert grading.equal_numbers(new.answer, solve(new).answer)
        seen.add(new.question)
    assert len(seen) > 30 and any("Tom" not in question for question in seen)


def test_rewriting_leaves_what_is_not_certain():
    head = Entry("1", "Tom has 15 pens and doubles them. How many?", "30", "number", ("15+15",))
    hidden = Entry("1", "Ann buys 15 and twice as many. How many?", "45", "number", ("15+30",))
    ambiguous = Entry("1", "Ann has 16 of 8 and 8 kinds.", "16", "number", ("8+8",))
    assert rewrite(head, 0, 1).answer != "30" or rewrite(head, 0, 1).question.count("15") == 1
    for entry in (hidden, ambiguous):
        for number in range(8):
            new = rewrite(entry, 0, number)
            assert new is None or new.answer == entry.answer


def test_sentences_change_places_only_where_nothing_depends_on_it():
    free = Entry("1", "Tom has 14 pens. Mary has 35 cups. How many things are there?", "49")
    bound = Entry("1", "Tom has 14 pens. Mary has 35 more pens than him. How many?", "63")
    assert change_order(free, random.Random(0)).question.startswith("Mary has 35 cups. Tom")
    assert change_order(bound, random.Random(0)) == bound


def test_a_reversed_problem_gives_the_answer_and_asks_for_a_number():
    text = "学校买8个篮球和3个足球，每个篮球50元，每个足球45元，一共要花多少元？"
    asked = set()
    for seed in range(40):
        new = reverse(Entry("1", text, "535", "number", ("8*50+3*45",)), random.Random(seed))
        assert solve(new).answer == new.answer and new.question.count("多少") == 1
        assert sorted(re.findall(r"\d+", new.question) + [new.answer]) == sorted(["8", "3", "50", "45", "535"])
        asked.add(new.answer)
    assert asked == {"8", "3", "50", "45"}
    assert reverse(Entry("1", text, "535", "number", ("8*50+8*45",)), random.Random(1)).answer != "8"
    assert reverse(Entry("1", "Tom has 14 pens. How many?", "14", "number", ("14",)), random.Random(0)) is None


def test_other_wordings_keep_the_numbers():
    entry = Entry("1", "一共有15个，用去了3.5个，平均每天用去多少个？", "1", "number", ("15-3.5",))
    new = {change_phrases(entry, random.Random(seed)).question for seed in range(20)}
    assert len(new) > 10 and all(re.findall(r"[\d.]+", question) == ["15", "3.5"] for question in new)


def test_options_are_shuffled_with_their_letter():
    entry = formats._tal(TAL)
    answers = {(new := rewrite(entry, 0, i)) and new.answer for i in range(12)}
    assert answers == {None, "A"}
    new = next(new for i in range(12) if (new := rewrite(entry, 0, i)))
    assert new.question.endswith("A. $0$\nB. $1$")


EQUAL = [
    ("0.75", "3/4"), ("72", "$72"), ("1250", "1,250 dollars"), ("((7)/(8))", "7/8"), ("3((1)/(2))", "3 1/2"),
    ("3(1/2)", "7/2"), ("40%", "0.4"), ("40%", "百分之四十"), ("45", "四十五本"), ("45", "４５本"), ("0.5", "\\frac12"),
    ("-3", "−3"), ("1.5", "1又1/2小时"), ("1.5", "一又二分之一"), ("0.75", "4分之3"), ("18", "18 cm^2"),
    ("10", "10.00"), ("12000", "一万二千"), ("0.3333", "1/3"), ("9/(9+9)", "0.5"), ("2", "两个"),
]  # fmt: skip
UNEQUAL = [
    ("72", "73"), ("0.4", "40"), ("40%", "40"), ("3/4", "4/3"), ("72", "72 or 73"), ("72", ""), ("72", "-72"),
    ("3.33", "3.34"), ("72", "9**9**9"), ("12", "一百二十"), ("5", "1/0"), ("72", "seventy-two"), ("72", "7" * 5000),
]  # fmt: skip


@pytest.mark.parametrize(("gold", "answer"), EQUAL)
def test_equal_numbers(gold, answer):
    assert grading.grade("number", gold, answer) == 1.0


@pytest.mark.parametrize(("gold", "answer"), UNEQUAL)
def test_unequal_numbers(gold, answer):
    assert grading.grade("number", gold, answer) == 0.0


EQUAL_FORMULAS = [
    ("\\frac{1}{2}", "0.5"), ("x+1", "1+x"), ("(x+1)^2", "x^2+2x+1"), ("2\\sqrt{3}", "\\sqrt{12}"), ("2", "x=2"),
    ("(3, -1)", "(3,-1)"), ("70\\%", "70\\%"), ("\\text{even}", "even"), ("12", "12\\text{ cm}"), ("10^6", "1000000"),
    ("\\{1,2\\}", "\\{2,1\\}"), ("\\dfrac{7}{2}", "3\\frac{1}{2}"),
]  # fmt: skip
UNEQUAL_FORMULAS = [
    ("\\frac{3}{4}", "\\frac{4}{3}"), ("x+1", "x-1"), ("(1,2)", "(2,1)"), ("\\sqrt{2}", "1.41"), ("1", "\\frac{"),
    ("1", ""), ("1", "__import__('os')"),
]  # fmt: skip


def test_formulas():
    pytest.importorskip("math_verify")
    assert not [pair for pair in EQUAL_FORMULAS if grading.grade("latex", *pair) != 1.0]
    assert not [pair for pair in UNEQUAL_FORMULAS if grading.grade("latex", *pair) != 0.0]


def test_a_formula_built_to_hang_is_given_up():
    pytest.importorskip("math_verify")
    before = grading.hung()
    assert not grading.equal_formulas("5", "9^{9^{9^{9}}}", 2.0)
    assert grading.hung() == before + 1
    assert grading.equal_formulas("x+1", "1+x", 60.0)


@pytest.mark.parametrize(
    ("answer", "score"), [("B", 1), ("(b)", 1), ("\\text{B}.", 1), ("Ｂ", 1), ("A", 0), ("A or B", 0), ("", 0)]
)
def test_choices(answer, score):
    assert grading.grade("choice", "B", answer) == score


def test_file_task_is_drawn_from_and_passes_the_self_tests(tmp_path):
    path = tmp_path / "words.jsonl"
    records, _ = convert("gsm8k", entries(540), 1)
    write_records(path, records)
    task = get_task(str(path))
    for index in range(20):
        problem = task.generate(3, index, 0.5)
        solution = task.expert(problem)
        assert task.grade(problem, problem.answer) == task.grade(problem, solution.answer) == 1.0
        assert all(step.verdict == "sound" for step in check_solution(problem, solution, task).steps)
        assert task.grade(problem, None) == task.grade(problem, "no such answer") == 0.0
        assert problem == task.generate(3, index, 0.5)
    stream = DocumentStream(Mixture({str(path): 1.0}), Tokenizer.load())
    assert {next(stream).task for _ in range(5)} == {str(path)}


@pytest.mark.parametrize("content", [None, "", "{}", "[1]", '{"text": "a"}'])
def test_a_missing_or_damaged_problem_file_stops_the_run(tmp_path, content):
    path = tmp_path / "words.jsonl"
    if content is not None:
        path.write_text(content)
    with pytest.raises(BadInput, match=r"words\.jsonl"):
        draw(Mixture({str(path): 1.0}), 0)


def test_saxton_is_deterministic_and_split():
    pytest.importorskip("mathematics_dataset")
    from microreason.mathematics.saxton import Saxton, is_test, questions

    task, state = Saxton(), random.getstate()
    for index in range(12):
        problem = task.generate(5, index, index / 11)
        assert problem == task.generate(5, index, index / 11) and not is_test(problem.text)
        assert task.grade(problem, task.expert(problem).answer) == 1.0 and task.grade(problem, "no") == 0.0
    text, data = "Let f(x) = x + 2. What is f(5)?", {"group": "polynomials__evaluate"}
    right, wrong = (task.expert(Problem(text=text, answer=answer, data=data)) for answer in ("7", "8"))
    assert right.steps[-1].text == "f(5)=7" and right.answer == "7"
    assert not wrong.steps and wrong.answer == "8"  # steps that lead elsewhere are not shown
    assert random.getstate() == state
    assert get_task("saxton").name == "saxton"
    with pytest.raises(UnknownTask):
        questions("exam", 1, 0)


@pytest.mark.slow
def test_saxton_asks_every_module():
    pytest.importorskip("mathematics_dataset")
    from microreason.mathematics.saxton import is_test, questions

    asked = questions("interpolation", 1, 1)
    assert len(asked) == 56 and all(is_test(problem.text) for problem in asked)
    assert len(questions("extrapolation", 1, 1)) == 15


def test_benchmark_counts_everything(tmp_path, fake_engine):
    every = entries(10)
    problems = [
        Problem(
            text=e.question,
            task="svamp",
            index=i,
            answer=e.answer,
            data={"kind": "number", "group": None, "params": {}},
        )
        for i, e in enumerate(every)
    ]
    engine = fake_engine({e.question: solve(e) for e in every[:5]} | {every[5].question: Solution.of(["1+1=3"], 7)})
    result = evaluate(engine, "svamp", problems, batch=4)
    assert (result["score"], result["n"], result["mode"], result["complete"]) == (0.5, 10, "plain", True)
    assert result["interval"][0] < 0.5 < result["interval"][1] and len(result["questions"]) == 10
    assert result["explainability"]["solved"] == 5 and result["explainability"]["soundness"] == 1.0
    engine = fake_engine({}, interrupt_after=1)
    result = evaluate(engine, "svamp", problems, batch=4)
    assert not result["complete"] and result["n"] == 4


def test_a_problem_too_long_for_the_context_scores_zero(fake_engine):
    problem = Problem(text="long " * 900, task="svamp", index=0, answer="1", data={"kind": "number", "params": {}})
    engine = fake_engine(info={"config": {"max_context": 1024}})
    engine.tokenizer = Tokenizer.load()
    result = evaluate(engine, "svamp", [problem])
    assert (result["too_long"], result["n"], result["score"]) == (1, 1, 0.0) and not engine.calls


def test_origins_of_gsm_symbolic_are_recognised():
    pytest.importorskip("reasoning_gym")
    from reasoning_gym.arithmetic.gsm_symbolic.generators_00_49 import generate_0, generate_7

    texts = [GSM8K["question"], *(g(random.Random(999), 1.0)["question"] for g in (generate_0, generate_7))]
    assert gsm_symbolic_origins(texts) == {1, 2}


def test_commands(tmp_path, monkeypatch, fake_engine):
    path = write(tmp_path, GSM8K)
    problems, _ = problems_of("gsm8k", path)
    engine = fake_engine({problems[0].text: Solution.of(["14+35=49", "49*6=294"], 294)})
    engine.info = {"origin": {"tasks": ["words"], "start": {"tasks": ["gcd"], "start": {"tasks": ["gsm_symbolic"]}}}}
    monkeypatch.setattr(microreason, "load", lambda *_, **__: engine)
    out = tmp_path / "result.json"
    result = CliRunner().invoke(app, ["eval", "gsm8k", "--path", str(path), "--json", str(out)])
    assert result.exit_code == 0 and "100.0 % of 1 problems" in result.stdout, result.output
    written = json.loads(out.read_text())
    assert written["trained_on_gsm_symbolic"]  # by the weights that these began with
    assert written["benchmark"] == "gsm8k" and written["without_gsm_symbolic"] == {
        "recognised": 0, "score": 1.0, "n": 1, "interval": written["interval"],
    }  # fmt: skip
    many = tmp_path / "many.jsonl"
    rows = [
        {"question": e.question, "answer": f"<<{e.equations[0]}={e.answer}>>\n#### {e.answer}"} for e in entries(510)
    ]
    many.write_text("\n".join(map(json.dumps, rows)))
    words = tmp_path / "words.jsonl"
    command = ["data", "convert", "gsm8k", "--path", str(many), str(words), "--rewrites", "2"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0 and "left out: 500 (held out)" in result.stdout, result.output
    assert len(words.read_text().splitlines()) >= 10
    known = [json.loads(line)["text"] for line in words.read_text().splitlines()]
    row = {"Body": known[0], "Question": "", "Equation": "1+1", "Answer": "2"}
    other = write(tmp_path, row, "json")  # the same question in another set
    result = CliRunner().invoke(app, [*command, "--exclude", f"svamp={other}"])
    assert result.exit_code == 0, result.output
    assert known[0] not in words.read_text() and known[-1] in words.read_text()

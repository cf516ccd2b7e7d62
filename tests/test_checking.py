"""Reading somebody's solution, `microreason check`, and the two benchmarks of finding mistakes, with an engine without
weights; what a trained network finds is not covered."""

import gzip
import json

import pytest

pytest.importorskip("reasoning_gym")
from typer.testing import CliRunner

from microreason.cli import app
from microreason.errors import BadInput
from microreason.evaluation import mistakes as benchmark
from microreason.mistakes import check as checking
from microreason.mistakes import form
from microreason.mistakes.reading import parse, unlabelled
from microreason.solution import Problem, Solution, problem_to_text

QUESTION, STEPS = "Mia has 5 apples and buys 7. How many?", ["5 + 7 = 13.", "So the answer is 13."]
FORMS = {
    "numbers": "{q}\n1. {a}\n2. {b}",
    "from zero": "{q}\n(0) {a}\n(1) {b}",
    "steps": "Problem: {q}\n\nStep 1: {a}\nStep 2: {b}\n",
    "thoughts": "{q}\nThought 1: {a}\nThought 2: {b}",
    "brackets": "{q}\n1) {a}\n2) {b}",
    "bullets": "{q}\n- {a}\n- {b}",
    "heading": "Question: {q}\nSolution:\n{a}\n{b}",
    "lines": "{q}\n\n{a}\n{b}",
    "sentences": "{q}\n\n{a} {b}",
    "continued": "{q}\n1. 5 + 7\n= 13.\n2. {b}",
}


def _write(tmp_path, text):
    path = tmp_path / "given.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


@pytest.mark.parametrize("name", FORMS)
def test_forms_of_a_solution(name):
    text = FORMS[name].format(q=QUESTION, a=STEPS[0], b=STEPS[1])
    assert parse(text) == (QUESTION, STEPS)


def test_own_text_and_json():
    solution = Solution.of(["5+7=13"], 13)
    expected = (QUESTION, ["5+7=13", "Answer: 13"])
    assert parse(problem_to_text(Problem(text=QUESTION), solution)) == expected
    record = {"problem": QUESTION, "steps": [{"text": "5+7=13", "verdict": "unsound"}], "answer": "13", "mode": "plain"}
    assert parse(json.dumps(record | {"answer": "14"})) == (QUESTION, ["5+7=13", "Answer: 14"])
    assert parse(json.dumps({"input": QUESTION, "steps": STEPS})) == (QUESTION, STEPS)


def test_sums_are_no_labels():
    assert parse(f"{QUESTION}\n\n3 + 5 = 8\n8 - 2 = 6")[1] == ["3 + 5 = 8", "8 - 2 = 6"]
    assert unlabelled(["1: a", "2: b"]) == ["a", "b"] and unlabelled(["lead", "1: a"]) is None


@pytest.mark.parametrize(
    "text",
    ["", " \n", "one line only", "1. no problem before", "{", '{"a": 1}', '{"problem": "q", "steps": 3}', b"\0\1\2",
     b"\xff\xfe", "x" * 100_001, "q\n" + "\n".join(f"{i}. s" for i in range(1, 300)), "<|problem|>q", "[" * 50_000],
)  # fmt: skip
def test_bad_input_is_one_sentence_and_status_2(tmp_path, text, monkeypatch, fake_engine):
    monkeypatch.setattr("microreason.load", lambda *a, **k: fake_engine())
    done = CliRunner().invoke(app, ["check", _write(tmp_path, text)])
    assert done.exit_code == 2 and len(done.output.strip().splitlines()) == 1, done.output


def test_a_file_that_is_not_there():
    done = CliRunner().invoke(app, ["check", "/no/such/file"])
    assert done.exit_code == 2 and len(done.output.strip().splitlines()) == 1


def _engine(fake_engine, wrong):
    """Finds that step (from 1), mends it."""
    texts = [form.finding(QUESTION, STEPS, window) for window in form.windows(QUESTION, STEPS)]
    engine = fake_engine(
        {texts[0]: Solution.of([f"{wrong}: 5+7=12 wrong"] if wrong else ["1: 5+7=13 ok"], wrong or "none")}
    )
    if wrong:
        engine.solutions[form.mending(QUESTION, STEPS, wrong - 1)] = Solution.of(["1: 5+7=12", "2: 12"], 12)
    return engine


def test_check(tmp_path, monkeypatch, fake_engine):
    monkeypatch.setattr("microreason.load", lambda *a, **k: _engine(fake_engine, 1))
    path = _write(tmp_path, FORMS["numbers"].format(q=QUESTION, a=STEPS[0], b=STEPS[1]))
    done = CliRunner().invoke(app, ["check", path, "--json"])
    result = json.loads(done.output)
    assert done.exit_code == 0 and result["first_wrong"] == 1 and result["decided"] and result["mode"] == "plain"
    assert result["why"] == "5+7=12" and result["continuation"]["answer"] == "12" and not result["learnt"]
    assert [step["checker"] for step in result["steps"]] == ["unsound", "unknown"]
    shown = CliRunner().invoke(app, ["check", "-"], input=FORMS["steps"].format(q=QUESTION, a=STEPS[0], b=STEPS[1]))
    assert shown.exit_code == 0 and "first wrong step" in shown.output and "answer: 12" in shown.output


def test_the_network_judges_and_not_the_checkers(fake_engine):
    result = checking.check(_engine(fake_engine, None), (QUESTION, STEPS))
    assert result["first_wrong"] is None and result["decided"] and result["continuation"] is None
    assert result["steps"][0]["checker"] == "unsound"


def test_a_path_that_breaks_off_is_no_judgement(fake_engine):
    assert checking.find(fake_engine(), [(QUESTION, STEPS)]) == [checking.Found(None, (), False)]


def test_windows_are_joined(fake_engine):
    steps = [f"{'many words stand here ' * 20} {i} + 1 = {i + 1}" for i in range(12)]
    windows = form.windows(QUESTION, steps)
    assert len(windows) > 2
    answers = ["none", str(windows[1].end), str(windows[2].end)]
    texts = [form.finding(QUESTION, steps, window) for window in windows[:3]]
    engine = fake_engine({t: Solution.of([], a) for t, a in zip(texts, answers, strict=True)})
    (found,) = checking.find(engine, [(QUESTION, steps)])
    assert found.wrong == windows[1].end - 1 and found.decided


@pytest.mark.parametrize(
    ("step", "verdict"),
    [("A = (-9 - 5) = (-14).", True), ("3 × 4 = 12 and 12 ÷ 5 = 3", False), ("50 = 5", None), ("x = 4", None),
     ("We pay 12 * 2 = 24 dollars, so 24 - 4 = 20.", True), ("(1) 2 + 2 = 5", False), ("", None)],
)  # fmt: skip
def test_arithmetic_in_sentences(step, verdict):
    assert checking.check_sentence(step) is verdict


def _folder(tmp_path):
    rows = [{"input": QUESTION, "steps": STEPS, "target": "12", "answer": "13", "mistake_index": 0}]
    with gzip.open(tmp_path / "apples.jsonl.gz", "wt") as file:
        file.write("".join(json.dumps(row) + "\n" for row in rows * 2))
    (tmp_path / "pears.jsonl").write_text(json.dumps(rows[0] | {"mistake_index": None}) + "\n")
    return tmp_path


def test_bigbench_mistake(tmp_path, fake_engine):
    cases = benchmark.read_cases(_folder(tmp_path))
    result = benchmark.evaluate(_engine(fake_engine, 1), "bigbench-mistake", cases)
    assert (result["tasks"]["apples"]["score"], result["tasks"]["pears"]["score"]) == (1.0, 0.0)
    assert result["score"] == 0.5 and result["n"] == 3 and result["mode"] == "plain" and result["complete"]
    assert result["with_mistake"]["n"] == 2 and result["without_mistake"]["score"] == 0.0
    assert "corrected" not in result and result["published"]["GPT-4"]["whole trace"] == 0.398
    assert {"benchmark", "interval", "date", "commit", "hardware", "weights", "questions"} <= set(result)
    assert len(benchmark.read_cases(tmp_path / "pears.jsonl")) == 1


def test_an_interrupted_evaluation_keeps_what_is_finished(tmp_path, fake_engine):
    engine = _engine(fake_engine, 1)
    engine.interrupt_after = 1
    result = benchmark.evaluate(engine, "bigbench-mistake", benchmark.read_cases(_folder(tmp_path)), batch=2)
    assert result["n"] == 2 and not result["complete"]


@pytest.mark.parametrize(
    "content", [b"", b"\0\1", b"\x1f\x8b broken", b"no json", b'{"input": "q"}', b"[1, 2]\n",
                b'{"input": "q", "steps": ["a"], "mistake_index": 4}'],
)  # fmt: skip
def test_files_of_another_form(tmp_path, content):
    (tmp_path / "x.jsonl").write_bytes(content)
    done = CliRunner().invoke(app, ["eval", "bigbench-mistake", "--path", str(tmp_path)])
    assert done.exit_code == 2 and len(done.output.strip().splitlines()) == 1, done.output
    with pytest.raises(BadInput):
        benchmark.read_cases(tmp_path / "missing.jsonl")


def test_own_benchmark(fake_engine):
    cases = benchmark.held_out_cases(4)
    assert sum(case.wrong is None for case in cases) == len(cases) / 4
    case = next(case for case in cases if case.wrong is not None)
    assert case.wrong is not None
    texts = [form.finding(case.question, case.steps, window) for window in form.windows(case.question, case.steps)]
    engine = fake_engine(dict.fromkeys(texts, Solution.of([], case.wrong + 1)))
    engine.solutions[form.mending(case.question, case.steps, case.wrong)] = Solution.of([], case.answer)
    result = benchmark.evaluate(engine, "mistakes", cases)
    assert result["n"] == len(cases) and sum(row["score"] for row in result["questions"]) == 1.0
    assert sum(row.get("corrected", 0.0) for row in result["questions"]) == 1.0
    assert result["corrected"]["n"] == 3 * len(cases) / 4 and benchmark.sentences(result)

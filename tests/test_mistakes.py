"""Finding and mending mistakes: the two tasks, their generators and what they must not contain.

Does not cover what a trained network makes of them.
"""

import gzip
import json
import random
import re
from pathlib import Path

import pytest

pytest.importorskip("reasoning_gym")

from microreason.data.documents import Mixture, draw, fingerprint, held_out
from microreason.errors import UnknownTask
from microreason.mistakes import form
from microreason.mistakes.judged import core, judged
from microreason.mistakes.lines import check_line
from microreason.mistakes.tasks import GENERATORS, is_test, trace
from microreason.tasks import all_tasks, get_task, recognise
from microreason.tokenizer import Tokenizer
from microreason.verification.steps import check_solution

NAMES = ("mistakes", "mending")
LEVELS = ["easy", "hard", 0.0, 0.5, 1.0]
BENCHMARK = Path(__file__).parents[2] / "shared" / "data" / "bigbench_mistake"


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", NAMES)
def test_self_tests(name, level):
    task = get_task(name)
    for index in range(60):
        problem = task.generate(1234, index, level)
        assert task.grade(problem, problem.answer) == 1.0
        solution = task.expert(problem)
        assert task.grade(problem, solution.answer) == 1.0
        unsound = [s.text for s in check_solution(problem, solution, task).steps if s.verdict == "unsound"]
        assert not unsound, f"{unsound} in {problem.text}"
        assert task.pattern.search(problem.text)
        assert task.grade(problem, None) == task.grade(problem, "no such answer") == 0.0
        assert problem == task.generate(1234, index, level)


@pytest.mark.parametrize("name", NAMES)
def test_documents_fit_the_context(name):
    tokenizer, task = Tokenizer.load(), get_task(name)
    lengths = []
    for index in range(150):
        problem = task.generate(5, index, "hard")
        ids = tokenizer.encode_problem(problem.text) + tokenizer.encode_solution(task.expert(problem))
        lengths.append(len(ids))
    assert sum(length <= 1024 for length in lengths) >= 0.98 * len(lengths)


def test_the_tasks_are_found_by_name_only():
    assert not set(NAMES) & set(all_tasks())
    with pytest.raises(UnknownTask, match="easy, hard"):
        get_task("mistakes").generate(1, 0, "medium")


@pytest.mark.parametrize("name", NAMES)
def test_evaluation_questions_are_held_out(name):
    assert fingerprint(get_task(name).generate(45, 3, "hard").text) in held_out(name)
    drawn = [draw(Mixture({name: 1.0}, published=0.5), i) for i in range(100)]
    pairs = [pair for pair in drawn if not isinstance(pair, str)]
    assert len(pairs) > 90 and all(fingerprint(problem.text) not in held_out(name) for problem, _ in pairs)


@pytest.mark.parametrize("kind", GENERATORS)
def test_traces(kind):
    """A right trace has no mistake; a broken one shares its question's right beginning with the redo."""
    rng = random.Random(7)
    for i in range(60):
        made = trace(rng, i / 59, i % 2 == 1, kind)
        assert (made.wrong is None) == (i % 2 == 0)
        assert len(made.redo) >= (len(made.steps) if made.wrong is None else made.wrong + 1)
        assert all("\n" not in step for step in (*made.steps, *made.redo))


def test_problems_for_the_test_are_never_drawn():
    rng = random.Random(8)
    for kind in GENERATORS:
        assert not any(is_test(trace(rng, 0.5, True, kind).core) for _ in range(100))
        assert is_test(trace(rng, 0.5, True, kind, test=True).core)


def test_arithmetic_redo_is_true():
    rng = random.Random(1)
    for i in range(200):
        made = trace(rng, i / 199, False, "arithmetic")
        assert str(eval(made.core)) == made.answer


def test_windows_cover_every_step_once():
    rng = random.Random(2)
    for _ in range(60):
        made = trace(rng, 1.0, True, "sorting")
        found = form.windows(made.question, made.steps)
        assert [i for w in found for i in range(w.start, w.end)] == list(range(len(made.steps)))
        assert all(w.shown < w.start or w.start == 0 for w in found)


def test_no_problem_of_the_benchmark_is_made():
    assert len(judged()) == 600
    rng = random.Random(3)
    for kind in GENERATORS:
        assert all(fingerprint(trace(rng, i / 99, True, kind).core) not in judged() for i in range(100))


@pytest.mark.skipif(not BENCHMARK.is_dir(), reason="the benchmark's files are not here")
def test_the_fingerprints_are_those_of_the_benchmark():
    for path in BENCHMARK.glob("*.jsonl.gz"):
        with gzip.open(path, "rt") as lines:
            assert all(fingerprint(core(json.loads(line)["input"])) in judged() for line in lines)


def test_other_tasks_are_recognised_as_before():
    assert recognise("Find the Greatest Common Divisor (GCD) of these numbers: 12, 18.") is get_task("gcd")


def test_a_wrong_swap_is_never_the_right_one_told_the_other_way_round():
    rng = random.Random(4)
    for _ in range(300):
        made = trace(rng, 0.3, True, "swaps")
        assert made.wrong is not None
        pairs = re.findall(r"(?:First|Then|Finally), (\w+) and (\w+)", made.question)
        event = made.wrong - 1 - made.redo.count("ok")
        if 0 <= event < len(pairs) and ", " in made.redo[made.wrong]:
            named = re.findall("|".join(sorted({name for pair in pairs for name in pair})), made.steps[made.wrong])
            held = made.redo[made.wrong].rpartition(": ")[2].split(", ")
            told = re.sub(r": | - |=| has ", " ", made.steps[made.wrong])
            state_is_right = all(pair in told for pair in held)
            assert not (state_is_right and set(named[:2]) == set(pairs[event])), made


@pytest.mark.parametrize(
    "line, verdict",
    [
        ("Ann red Bob blue: Ann blue, Bob red, Cid pink", True),
        ("Bob blue Ann red: Ann blue, Bob red, Cid pink", True),
        ("Ann red Cid pink: Ann blue, Bob red, Cid pink", False),
        ("Ann red Bob blue: Ann blue, Bob pink, Cid red", False),
        ("Ann red Bob blue: Ann red, Bob blue, Cid pink", False),
        ("Bob red Ann blue: Ann blue, Bob red, Cid pink", False),
        ("Ann red Bob blue: Ann blue, Bob red, Dan pink", None),
        ("Ann blue", None),
    ],
)
def test_lines_about_swaps(line, verdict):
    question = "Ann has a red ball, Bob has a blue ball and Cid has a pink ball. First, Ann and Bob swap."
    assert check_line(question, ["Ann red, Bob blue, Cid pink"], line, True) is verdict

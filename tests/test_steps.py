"""Step checkers: arithmetic claims judged exactly, hostile lines harmless and quick.

Does not cover the tasks' own kinds of step (test_tasks.py).
"""

import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microreason.data.documents import time_limit
from microreason.solution import Solution
from microreason.tasks import get_task
from microreason.verification.steps import check_arithmetic, check_solution, check_step, evaluate

CLAIMS = [
    ("7150%1508=1118", True), ("7150%1508=1117", False), ("3*4+5=17", True), ("3+4*5=23", True), ("(3+4)*5=35", True),
    ("10-4-3=3", True), ("12<15", True), ("15<12", False), ("1<2<3", True), ("1<3<2", False), ("2=2=3", False),
    ("0.1+0.2=0.3", True), ("1/3*3=1", True), ("-5+3=-2", True), ("--5=5", True), ("-7%3=2", True), ("1/0=1", False),
    ("5%0=5", False), ("١+١=٢", True), ("١+١=٣", False), ("9"*40 + "+1=1" + "0"*40, True),
]  # fmt: skip

NO_CLAIMS = [
    "", "hello", "1+1", "=", "==", "1==1", "1=", "=1", "(1=1", "1)=1", "()=1", "1+=1", "x=1", "1.=1", ".5=.5",
    "2**3=8", "__import__('os').system('true')=0", "1_000=1000", "1 + 1 = 2", "1=1\n2=3", "9"*61 + "=1",
    "1" + "+1"*500 + "=501", "("*200 + "1" + ")"*200 + "=1", "-"*300 + "1=1", "1e5=100000", "\x00=1",
]  # fmt: skip


@pytest.mark.parametrize(("claim", "holds"), CLAIMS)
def test_claims(claim, holds):
    assert check_arithmetic(claim) is holds


@pytest.mark.parametrize("line", NO_CLAIMS)
def test_what_is_no_claim_has_no_verdict(line):
    assert check_arithmetic(line) is None
    assert check_step("What is it?", [], line) == "unknown"


@given(st.text(alphabet="0123456789+-*/%().=<>", max_size=60))
def test_arithmetic_never_raises(line):
    assert check_arithmetic(line) in (True, False, None)


@given(st.integers(-(10**12), 10**12), st.integers(-(10**6), 10**6), st.sampled_from("+-*%/"))
def test_evaluate_is_exact(a, b, op):
    if op in "%/" and b == 0:
        return
    expected = {
        "+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "%": lambda: a % b, "/": lambda: Fraction(a, b)
    }[op]()  # fmt: skip
    assert evaluate(f"({a}){op}({b})") == expected


@pytest.mark.parametrize(
    "line", ["1=" * 100_000 + "1", "(" * 100_000, "9" * 100_000 + "=1", "*".join(["9" * 60] * 200) + "=1"]
)
def test_long_lines_are_quick(line):
    began = time.process_time()
    check_step("What is it?", [], line)
    assert time.process_time() - began < 2


@given(st.text(max_size=80), st.lists(st.text(max_size=20), max_size=3), st.text(max_size=80))
def test_check_step_never_raises(text, previous, line):
    assert check_step(text, previous, line) in ("sound", "unsound", "unknown")


def test_check_solution_marks_every_step_and_changes_nothing_else():
    solution = Solution.of(["1+1=2", "1+1=3", "so it is"], 2)
    checked = check_solution("What is 1+1?", solution)
    assert [step.verdict for step in checked.steps] == ["sound", "unsound", "unknown"]
    assert (checked.answer, checked.complete) == (solution.answer, solution.complete)
    assert [step.text for step in checked.steps] == [step.text for step in solution.steps]


def test_on_a_determined_path_a_true_line_may_not_be_due():
    problem = get_task("gcd").generate(3, 0, "hard")
    first, second, *_ = [step.text for step in get_task("gcd").expert(problem).steps]
    assert check_step(problem, [], first, due=True) == check_step(problem, [first], second, due=True) == "sound"
    assert {check_step(problem, [], line, due=True) for line in (second, "22%1=0", "well then")} == {"unsound"}
    assert check_step(problem, [first], first, due=True) == "unsound"
    off = [check_step(problem, ["22%1=0"], line, due=True) for line in ("9%4=1", "9%4=2")]
    assert off == ["sound", "unsound"]
    assert check_step(problem, [first], first) == "sound"  # true, if said twice


def test_an_absurd_angle_that_was_written_is_judged_at_once():
    task = get_task("rotate_matrix")
    problem = task.generate(3, 0, "easy")
    lines = [step.text for step in task.expert(problem).steps]
    before = lines[: next(i for i, line in enumerate(lines) if "turn" in line)]
    with time_limit(5):
        assert task.check(problem.text, [*before, " turn 900000000000000"], "1:1") is False

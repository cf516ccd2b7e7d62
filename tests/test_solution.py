"""Problem, Step and Solution: any solution survives the round trip, no malformed text raises.

Does not cover tokens (test_tokenizer.py).
"""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from microreason.errors import BadInput
from microreason.solution import (
    MARKERS,
    Problem,
    Solution,
    Step,
    escape,
    problem_from_text,
    problem_to_text,
    unescape,
)

PIECES = [*MARKERS, "<|", "|>", "<", "\\", "<\\|end|>", "<\\\\|answer|>", "7%3=1", " ", "é", "∀"]
messy = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=6).map("".join)
line = messy.map(lambda text: text.replace("\n", "")).filter(bool)
solutions = st.builds(
    Solution,
    steps=st.lists(st.builds(Step, text=line), max_size=5).map(tuple),
    answer=messy,
    complete=st.booleans(),
)


@given(messy)
def test_escape_is_undone_and_leaves_no_marker(text):
    assert unescape(escape(text)) == text
    assert not any(marker in escape(text) for marker in MARKERS)


@given(solutions)
def test_solution_round_trip(solution):
    assert Solution.from_text(solution.to_text()) == solution


@given(messy.filter(bool), solutions)
def test_problem_round_trip(question, solution):
    problem, back = problem_from_text(problem_to_text(Problem(text=question), solution))
    assert (problem.text, back) == (question, solution)


@given(st.lists(st.lists(line, min_size=1).map(tuple).map("\n".join), max_size=1).map("".join), st.booleans())
def test_solution_without_answer(steps, complete):
    solution = Solution(steps=tuple(Step(text=t) for t in steps.split("\n") if t), complete=complete)
    assert Solution.from_text(solution.to_text()) == solution


@given(messy)
def test_no_text_raises(text):
    solution = Solution.from_text(text)
    assert solution.complete or "<|end|>" not in text or solution.steps is not None
    if "<|end|>" not in text:
        assert not solution.complete


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1+1=2",
        "1+1=2\n<|answer|>2",
        "<|answer|>",
        "<|answer|>1<|answer|>2<|end|>",
        "<|problem|>x<|answer|>2<|end|>",
    ],
)
def test_malformed_text_is_incomplete(text):
    assert not Solution.from_text(text).complete


@pytest.mark.parametrize("text", ["", "hello", "<|problem|>no solution", "<|problem|><|solution|>\n<|answer|>1<|end|>"])
def test_text_without_problem_is_one_sentence(text):
    with pytest.raises(BadInput, match=r"\.$"):
        problem_from_text(text)


@given(st.text(max_size=200))
def test_problem_from_any_text_raises_bad_input_only(text):
    with contextlib.suppress(BadInput):
        problem_from_text(text)


def test_frozen_and_strict():
    step = Step(text="1+1=2")
    with pytest.raises(ValidationError):
        step.text = "other"
    with pytest.raises(ValidationError):
        Step(text="two\nlines")
    with pytest.raises(ValidationError):
        Problem(text="x", colour="red")
    with pytest.raises(ValidationError):
        Problem(text="")

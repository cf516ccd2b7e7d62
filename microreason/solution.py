"""Problem, Step and Solution: the only types that cross the rooms of this package, and their text form.

The text form is one string with four markers::

    <|problem|>…question…<|solution|>
    7150%1508=1118
    <|answer|>26<|end|>

Marker text inside a question, a step or an answer is data: it is escaped with a backslash after `<`
and comes back unchanged. Does not cover tokens (tokenizer.py) or judging steps (verification/).
"""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from microreason.errors import BadInput

MAX_TOKENS = 2048
"""How long a solution may become where nothing else is said."""
PROBLEM, SOLUTION, ANSWER, END = MARKERS = ("<|problem|>", "<|solution|>", "<|answer|>", "<|end|>")
_NAMES = "problem|solution|answer|end"
_RAW = re.compile(rf"<(\\*)\|({_NAMES})\|>")
_ESCAPED = re.compile(rf"<\\(\\*)\|({_NAMES})\|>")

Verdict = Literal["sound", "unsound", "unknown"]


def escape(text: str) -> str:
    r"""Make marker text harmless: `<|end|>` becomes `<\|end|>`."""
    return _RAW.sub(r"<\1\\|\2|>", text)


def unescape(text: str) -> str:
    """Undo `escape`."""
    return _ESCAPED.sub(r"<\1|\2|>", text)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Problem(_Frozen):
    """One question as text, with what its grader needs.

    `text` is all that the model sees; `answer` and `data` are for the grader and never reach the model.
    """

    text: str = Field(min_length=1)
    task: str | None = None
    level: str | float | None = None
    seed: int | None = None
    index: int | None = None
    answer: str | None = None
    data: dict[str, Any] = Field(default_factory=dict)


class Step(_Frozen):
    """One line of reasoning that makes one claim, and what a checker said of it."""

    text: str = Field(min_length=1)
    verdict: Verdict = "unknown"

    @field_validator("text")
    @classmethod
    def _one_line(cls, text: str) -> str:
        if "\n" in text:
            raise ValueError("a step is one line")
        return text


class Solution(_Frozen):
    """Steps, then an answer. `complete` is False where the text broke off before its end marker."""

    steps: tuple[Step, ...] = ()
    answer: str | None = None
    complete: bool = True

    @classmethod
    def of(cls, lines: list[str], answer: Any) -> Solution:
        """Build a complete solution from step lines and an answer.

        >>> Solution.of(["7+5=12"], 12).answer
        '12'
        """
        return cls(steps=tuple(Step(text=line) for line in lines), answer=str(answer))

    def to_text(self) -> str:
        r"""The text after `<|solution|>`.

        >>> Solution.of(["7+5=12"], 12).to_text()
        '7+5=12\n<|answer|>12<|end|>'
        """
        steps = "".join(escape(step.text) + "\n" for step in self.steps)
        if self.answer is None:
            return steps + (END if self.complete else "")
        return steps + ANSWER + escape(self.answer) + (END if self.complete else "")

    @classmethod
    def from_text(cls, text: str) -> Solution:
        """Read the text form; never raises: what is malformed or cut off gives `complete=False`.

        Empty lines are skipped, text after the end marker is ignored, a stray marker makes it incomplete.
        """
        text = text.removeprefix("\n")
        body, end, _ = text.partition(END)
        before, marker, answer = body.partition(ANSWER)
        stray = any(m in before or m in answer for m in MARKERS)
        steps = tuple(Step(text=unescape(line)) for line in before.split("\n") if line)
        return cls(steps=steps, answer=unescape(answer) if marker else None, complete=bool(end) and not stray)


def problem_to_text(problem: Problem, solution: Solution) -> str:
    """The whole text form of a problem with its solution."""
    return PROBLEM + escape(problem.text) + SOLUTION + "\n" + solution.to_text()


def problem_from_text(text: str) -> tuple[Problem, Solution]:
    """Undo `problem_to_text`.

    Raises BadInput where the problem itself cannot be found or is empty.
    """
    if not text.startswith(PROBLEM) or SOLUTION not in text:
        raise BadInput(f"The text must begin with {PROBLEM} and contain {SOLUTION}.")
    question, _, rest = text.removeprefix(PROBLEM).partition(SOLUTION)
    if not question:
        raise BadInput("The problem is empty.")
    return Problem(text=unescape(question)), Solution.from_text(rest)

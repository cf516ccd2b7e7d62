"""The layout of the two problems: which step is the first wrong one, and going on rightly from a wrong one.

A solution that is too long for the network's context is judged in windows: the question, how many steps are known to
be right, the last few of them, and the steps to judge. Lengths are estimates in tokens, so that problems are laid out
the same way whichever tokenizer reads them. Does not cover splitting a user's text into steps (reading.py).
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

BUDGET = 600
"""Tokens that a problem may have, by estimate; the longest path over its steps needs about half as many again."""
ASK, SHOWN, NONE = "First wrong step?", "Mend this step:", "none"
OTHERS = (
    "Find the first mistake in this solution.", "Which step of the solution below goes wrong first?",
    "Check the solution step by step and name the first error, if there is one.",
    "Somebody solved this problem. Where is the first slip, if any?",
    "Is every step right? If not, give the number of the first that is not.",
)  # fmt: skip
_PIECE = re.compile(r"\d|[A-Z]?[a-z]+|[A-Z]|[^\sA-Za-z\d]|\n")
_START = re.compile(r"^Steps 1 to (\d+) are right\.$", re.MULTILINE)


def estimate(text: str) -> int:
    """About how many tokens a text has: signs and digits one each, a word one for four letters or part of them."""
    return sum(1 + (len(piece) - 1) // 4 for piece in _PIECE.findall(text))


@dataclass(frozen=True)
class Window:
    """Steps `start` to `end` (from 0, `end` not included) are judged, those from `shown` on are shown."""

    shown: int
    start: int
    end: int


def windows(question: str, steps: Sequence[str]) -> list[Window]:
    """Windows that judge every step once, each within `BUDGET` where its steps allow that; two fifths of what the
    question leaves are for right steps shown before."""
    sizes = [estimate(step) + 3 for step in steps]
    room = max(BUDGET - estimate(question), BUDGET // 3)
    out: list[Window] = []
    start = 0
    while start < len(steps):
        shown = start
        while shown and sum(sizes[shown - 1 : start]) <= 0.4 * room:
            shown -= 1
        shown = min(shown, max(0, start - 1))
        end = start + 1
        while end < len(steps) and sum(sizes[shown : end + 1]) <= room:
            end += 1
        out.append(Window(shown, start, end))
        start = end
    return out


def _listed(steps: Sequence[str], first: int, labels: str = "{}: ") -> list[str]:
    return [labels.format(first + i) + step for i, step in enumerate(steps)]


def finding(question: str, steps: Sequence[str], window: Window | None = None, rng: random.Random | None = None) -> str:
    """The problem of finding the first wrong step, of all steps or those of a window. With `rng`, in one of many
    wordings and layouts."""
    window = window or Window(0, 0, len(steps))
    ask, labels, solution = ASK, "{}: ", "Solution:"
    if rng:
        ask = rng.choice(OTHERS)
        labels = rng.choice(("Step {}: ", "({}) ", "{}. ", "Thought {}: ", "{}) ", "[{}] ", "Step {}. ", "{} - "))
        solution = rng.choice(("Solution:", "Answer in steps:", "Here is what was written:", "A student's work:"))
    known = [f"Steps 1 to {window.start} are right."] if window.start else []
    listed = _listed(steps[window.shown : window.end], window.shown + 1, labels)
    parts = [ask, question, solution, *known, *listed]
    if rng and rng.random() < 0.3:  # what is asked stands last
        parts = [*parts[1:], ask]
        return "\n".join(parts)
    return "\n".join(parts)


def mending(question: str, steps: Sequence[str], wrong: int) -> str:
    """The problem of going on rightly where step `wrong` (from 0) is the first wrong one; of the right steps before,
    as many as fit are shown."""
    room = max(BUDGET - estimate(question), BUDGET // 3)
    shown = wrong
    while shown and sum(estimate(step) + 3 for step in steps[shown - 1 : wrong + 1]) <= room:
        shown -= 1
    return "\n".join([SHOWN + f" {wrong + 1}", question, "Solution:", *_listed(steps[shown : wrong + 1], shown + 1)])


def right_before(text: str) -> int:
    """How many steps the text of a problem says to be right."""
    found = _START.search(text)
    return int(found[1]) if found else 0

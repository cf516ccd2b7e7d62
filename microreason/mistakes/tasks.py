"""The tasks `mistakes` (which step of a given solution is the first wrong one, or `none`) and `mending` (go on rightly
from a wrong step).

The expert of `mistakes` redoes each step tersely from those before it and writes `ok` or `wrong` behind, until the
first wrong one; that of `mending` writes the redo of the wrong step and of all that follow. Both are found by name only
(tasks/__init__.py). Paths come with the problem: a text in any wording cannot be read back, and nothing in a path needs
more than the text. Problems of BIG-Bench-Mistake are refused (judged.py).
Does not cover reading a user's text (reading.py).
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from microreason.data.documents import fingerprint
from microreason.errors import UnknownTask
from microreason.mistakes import form
from microreason.mistakes.arithmetic import arithmetic
from microreason.mistakes.borrowed import borrowed
from microreason.mistakes.brackets import brackets
from microreason.mistakes.deduction import deduction
from microreason.mistakes.judged import judged
from microreason.mistakes.lines import check_line
from microreason.mistakes.sorting import sorting
from microreason.mistakes.stories import stories
from microreason.mistakes.swaps import swaps
from microreason.mistakes.trace import Trace
from microreason.solution import Problem, Solution
from microreason.tasks.base import Level, Task
from microreason.verification.steps import check_arithmetic

Generator = Callable[[random.Random, float, bool], Trace]
GENERATORS: dict[str, tuple[Generator, float]] = {
    "arithmetic": (arithmetic, 0.15), "sorting": (sorting, 0.18), "swaps": (swaps, 0.28),
    "deduction": (deduction, 0.18), "brackets": (brackets, 0.08), "stories": (stories, 0.02),
    "borrowed": (borrowed, 0.11),
}  # fmt: skip
BROKEN, OTHER_FORMS = 0.75, 0.2
SPLIT = 32
"""One problem in so many is kept for the test."""
_LINE = re.compile(r"^(\d+): (.*) (ok|wrong)$")
_MENDED = re.compile(r"^(\d+): (.*)$")
_GIVEN = re.compile(r"^(?:\w+ )?\W?(\d+)\W* (.*)$", re.MULTILINE)
_LAST_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?=\D*$)")


def difficulty_of(level: Level, rng: random.Random) -> float:
    """A difficulty from 0 to 1. Raises UnknownTask for an unknown level."""
    if isinstance(level, str) and level in ("easy", "hard"):
        return rng.uniform(0.0, 0.5) if level == "easy" else rng.uniform(0.5, 1.0)
    if isinstance(level, float | int) and 0 <= level <= 1:
        return rng.uniform(max(0.0, level - 0.3), float(level))
    raise UnknownTask(f"Level {level!r} is unknown: use easy, hard or a number from 0 to 1.")


def is_test(core: str) -> bool:
    """Whether a problem is kept for the benchmark of held-out problems."""
    return fingerprint(core) % SPLIT == 0


def trace(rng: random.Random, difficulty: float, broken: bool, kind: str | None = None, test: bool = False) -> Trace:
    """A trace of one kind, or of one drawn by weight; broken where asked. Its problem is none of BIG-Bench-Mistake's,
    and one kept for the test only with `test`."""
    name = kind or rng.choices(list(GENERATORS), [weight for _, weight in GENERATORS.values()])[0]
    while True:
        made = GENERATORS[name][0](rng, difficulty, broken)
        if (made.wrong is not None) == broken and is_test(made.core) == test and fingerprint(made.core) not in judged():
            return made


class _Mistakes(Task):
    """What both tasks share."""

    category = "mistakes"

    def _trace(self, seed: int, index: int, level: Level, broken: float) -> tuple[Trace, random.Random]:
        rng = random.Random(f"{self.name}/{seed}/{index}/{level}")
        return trace(rng, difficulty_of(level, rng), rng.random() < broken), rng

    def grade(self, problem: Problem, answer: str | None) -> float:
        return float(answer is not None and _plain(answer) == _plain(problem.answer or ""))

    def expert(self, problem: Problem) -> Solution:
        return Solution.of(problem.data["path"], problem.answer)


def _redone(pattern: re.Pattern[str], lines: list[str]) -> list[str]:
    """The redos in the lines of a path."""
    return [found[2] for line in lines if (found := pattern.match(line))]


def _plain(answer: str) -> str:
    return " ".join(answer.lower().removeprefix("step").strip(" .").split())


_ASKED = "|".join(map(re.escape, (form.ASK, *form.OTHERS)))


class Mistakes(_Mistakes):
    """Problems in one layout, a fifth of them in many others; long solutions a window at a time."""

    name = "mistakes"
    pattern = re.compile(rf"\A(?:{_ASKED})\n|\n(?:{_ASKED})\Z")

    def generate(self, seed: int, index: int, level: Level) -> Problem:
        made, rng = self._trace(seed, index, level, BROKEN)
        options = form.windows(made.question, made.steps)
        if made.wrong is not None:
            options = [w for w in options if w.start <= made.wrong]
            window = options[-1] if rng.random() < 0.7 else rng.choice(options)
        else:
            window = rng.choice(options)
        found = made.wrong if made.wrong is not None and made.wrong < window.end else None
        last = window.end if found is None else found + 1
        path = [
            f"{i + 1}: {made.redo[i]} {'wrong' if i == found else 'ok'}".replace(": ok ok", ": ok")
            for i in range(window.start, last)
        ]
        text = form.finding(made.question, made.steps, window, rng if rng.random() < OTHER_FORMS else None)
        return Problem(
            text=text, task=self.name, level=level, seed=seed, index=index,
            answer=form.NONE if found is None else str(found + 1), data={"kind": made.kind, "path": path, "params": {}},
        )  # fmt: skip

    def check(self, text: str, previous: list[str], step: str) -> bool | None:
        """A line has the next number, true arithmetic, and `ok` only where the step's result is the one worked out."""
        found = _LINE.match(step)
        if not found:
            return None
        start = form.right_before(text)
        if int(found[1]) != start + len(previous) + 1 or any(line.endswith(" wrong") for line in previous):
            return False
        true = check_line(text, _redone(_LINE, previous), found[2], start == 0)
        if true and check_arithmetic(found[2].split()[-1]) and found[3] == "ok":
            given = dict(_GIVEN.findall(text)).get(found[1], "")
            said, result = _LAST_NUMBER.search(given), found[2].rpartition("=")[2].lstrip("-")
            if said and result.isdigit() and said[0].lstrip("-") != result:
                return False
        return true


class Mending(_Mistakes):
    """The solution up to its first wrong step; the path is that step as it should be, and the rest."""

    name = "mending"
    pattern = re.compile(rf"\A{re.escape(form.SHOWN)} \d+\n")

    def generate(self, seed: int, index: int, level: Level) -> Problem:
        made, _ = self._trace(seed, index, level, 1.0)
        assert made.wrong is not None
        path = [f"{i + 1}: {made.redo[i]}" for i in range(made.wrong, len(made.redo))]
        return Problem(
            text=form.mending(made.question, made.steps, made.wrong), task=self.name, level=level, seed=seed,
            index=index, answer=made.answer, data={"kind": made.kind, "path": path, "params": {}},
        )  # fmt: skip

    def check(self, text: str, previous: list[str], step: str) -> bool | None:
        """A line has the next number and true arithmetic."""
        found, first = _MENDED.match(step), self.pattern.match(text)
        if not found or not first:
            return None
        start = int(first[0].split()[-1])
        if int(found[1]) != start + len(previous):
            return False
        return check_line(text, _redone(_MENDED, previous), found[2], start == 1)

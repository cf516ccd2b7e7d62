"""The task `debugging`: a Python function with one slip in it; the path quotes the wrong place, the answer mends it.

A place is a line or several, with their numbers, as they stand; the answer is the lines that should stand there. Bugs
are put into functions and methods of the train split of what is installed (inject.py), so a problem depends on the
packages of the machine, and the task is found by name only. Does not cover ranking with a network (ranking.py).
"""

from __future__ import annotations

import random
import re

from microreason.debugging.inject import Function, functions_in, inject, modules
from microreason.errors import UnknownTask
from microreason.solution import Problem, Solution
from microreason.tasks.base import Level, Task

ASK = "One place in this Python function is wrong. What should stand there?"
NOTHING = "(nothing)"
SHORTEST, LONGEST, WIDEST = 8, 40, 2500
"""Lines of a function at difficulty 0 and 1, and characters at most."""
_PLACE = re.compile(r"^(\d+)(?:-(\d+))?: (.*)$")


def question(text: str) -> str:
    """The problem about a function's text."""
    lines = text.rstrip("\n").split("\n")
    return "\n".join([ASK, *(f"{i} {line}" for i, line in enumerate(lines, 1))])


def change(before: str, after: str) -> tuple[str, str]:
    """The place where two texts differ, as it stands in the first, and what stands there in the second."""
    old, new = (text.rstrip("\n").split("\n") for text in (before, after))
    same = [a == b for a, b in zip(old, new, strict=False)]
    first = same.index(False) if False in same else len(same)
    first = min(first, len(old) - 1)  # what is added behind the last line is told of it
    tail = [a == b for a, b in zip(old[first:][::-1], new[first:][::-1], strict=False)]
    kept = tail.index(False) if False in tail else len(tail)
    kept = min(kept, len(old) - first - 1)  # a place is never empty
    last = len(old) - kept
    number = str(first + 1) if last == first + 1 else f"{first + 1}-{last}"
    return f"{number}: {old[first]}", "\n".join(new[first : len(new) - kept]) or NOTHING


def _function(chance: random.Random, longest: int) -> Function:
    """A function of the train split; a package is drawn by the square root of the number of its modules."""
    known = modules("train")
    weights = [len(of_one) ** 0.5 for of_one in known.values()]
    while True:
        (package,) = chance.choices(list(known), weights)
        found = functions_in(package, *chance.choice(known[package]), methods=True)
        found = tuple(f for f in found if f.text.count("\n") <= longest and len(f.text) <= WIDEST)
        if found:
            return chance.choice(found)


class Debugging(Task):
    """Functions grow with difficulty, from 8 lines to 40."""

    name = "debugging"
    category = "code"
    pattern = re.compile(rf"\A{re.escape(ASK)}\n")

    def generate(self, seed: int, index: int, level: Level) -> Problem:
        if not isinstance(level, float | int) and level not in ("easy", "hard"):
            raise UnknownTask(f"Level {level!r} is unknown: use easy, hard or a number from 0 to 1.")
        chance = random.Random(f"{self.name}/{seed}/{index}/{level}")
        difficulty = {"easy": 0.5, "hard": 1.0}[level] if isinstance(level, str) else float(level)
        longest = SHORTEST + round(difficulty * (LONGEST - SHORTEST))
        while True:
            function = _function(chance, longest)
            if bug := inject(function, chance):
                place, answer = change(bug.text, function.text)
                return Problem(
                    text=question(bug.text), task=self.name, level=level, seed=seed, index=index, answer=answer,
                    data={"path": [place], "slip": bug.slip},
                )  # fmt: skip

    def grade(self, problem: Problem, answer: str | None) -> float:
        return float(answer is not None and answer.split() == (problem.answer or "").split())

    def expert(self, problem: Problem) -> Solution:
        return Solution.of(problem.data["path"], problem.answer)

    def check(self, text: str, previous: list[str], step: str) -> bool | None:
        """The one step quotes lines as they stand."""
        found = _PLACE.match(step)
        lines = text.split("\n")[1:]
        if not found:
            return None
        first, last = int(found[1]), int(found[2] or found[1])
        return not previous and 0 < first <= last <= len(lines) and lines[first - 1] == f"{first} {found[3]}"

"""Wrong solutions made from right ones: one step broken as a careless solver would break it.

Kinds: `slip` (a digit, letter or word is another one that the solution uses), `rule` (an operator of a claim is another
one), `stale` (the step before is written again), `skip` (the next step stands in this one's place). The last two are
used only where the line that comes to stand there depends on lines before it: one that is true by itself stays true
wherever it stands. A slip spares the lines that a task declares to be free choices. Each corrupted solution records
where it broke, and how; the right step and what follows it are the corrected continuation. Does not cover judging
them (verification/).
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from microreason.solution import Problem, Solution
from microreason.tasks import Task
from microreason.verification.steps import check_arithmetic, check_step

KINDS = ("slip", "rule", "stale", "skip")
_UNIT = re.compile(r"\d|[A-Z][a-z]+|[a-z]{2,}|[A-Z]|[a-z]")
_OPERATOR = re.compile(r"(?<=[\d)])[-+*](?=[\d(])")


@dataclass(frozen=True)
class Corrupted:
    """Lines up to and with the broken one, which is the last; `continuation` is the right line and what follows it."""

    lines: list[str]
    kind: str
    continuation: list[str]

    @property
    def position(self) -> int:
        """Number of the broken line, from 0."""
        return len(self.lines) - 1


def _sort(unit: str) -> str:
    if unit.isdigit():
        return "digit"
    return ("letter" if len(unit) == 1 else "word") + ("" if unit[0].islower() else " with capital")


def _replace(line: str, pattern: re.Pattern[str], used: list[str], rng: random.Random) -> str:
    """The line with one match of the pattern replaced by another of its sort in `used`; itself where there is none."""
    places = list(pattern.finditer(line))
    rng.shuffle(places)
    for place in places:
        others = [unit for unit in used if unit != place[0] and _sort(unit) == _sort(place[0])]
        if others:
            return line[: place.start()] + rng.choice(others) + line[place.end() :]
    return line


def _broken(task: Task, problem: Problem, lines: list[str], i: int, kind: str, rng: random.Random) -> str:
    """Line i broken in one way, or as it is where that is not possible."""
    if kind == "slip":
        if task.choice and task.choice.search(lines[i]):
            return lines[i]
        return _replace(lines[i], _UNIT, sorted({unit for line in lines for unit in _UNIT.findall(line)}), rng)
    if kind == "rule":
        return _replace(lines[i], _OPERATOR, list("-+*"), rng) if check_arithmetic(lines[i]) else lines[i]
    j = i - 1 if kind == "stale" else i + 1
    if not 0 <= j < len(lines) or check_step(problem, [], lines[j], task) == "sound":
        return lines[i]
    return lines[j]


def corrupt(
    task: Task, problem: Problem, solution: Solution, rng: random.Random, kind: str | None = None
) -> Corrupted | None:
    """Break one step of a right solution, in a way drawn by `rng` or of the kind given; None where none can be."""
    lines = [step.text for step in solution.steps]
    for _ in range(10 if lines else 0):
        i, way = rng.randrange(len(lines)), kind or rng.choice(KINDS)
        line = _broken(task, problem, lines, i, way, rng)
        if line != lines[i]:
            return Corrupted([*lines[:i], line], way, lines[i:])
    return None

"""Checkers for the lines that redo a step: arithmetic, brackets, sorted words, things that changed hands, orders.

Each reads the question and the lines before, and has no verdict on a line that is not of its kind: what kind a problem
is shows in its lines only. Does not cover the `ok` or `wrong` behind a line (tasks.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise

from microreason.mistakes.brackets import CLOSE
from microreason.mistakes.deduction import SCENES
from microreason.verification.steps import check_arithmetic

_STACK = re.compile(r"^([\[\](){}<>]) ([\[({<]+|\(?empty\)?)$")
_BRACKETS = re.compile(r"^[\[\](){}<>]+$")
_GROUPS = re.compile(r"^(?:[a-z-] [a-z]{2,}(?: [a-z]{2,})*)(?:; [a-z-] [a-z]{2,}(?: [a-z]{2,})*)*$")
_LETTERS = re.compile(r"^[a-z]{2,} [a-z-](?: [a-z]{2,} [a-z-])+$")
_WORDS = re.compile(r"^[a-z]{2,}(?: [a-z]{2,})+$")
_ORDER = re.compile(r"^\w+(?: < \w+)+$")
_PLACE = re.compile(r"^(\w+) (\d)$")
_ROW = re.compile(r"^(?!the )\w+(?: \w+){2,6}$")
_ASKED = re.compile(r"^(\d) (\w+)(?: |$)")
_HEAD = re.compile(r"\n(?:Solution|Answer in steps|Here is what was written|A student's work):\n")


def check_line(text: str, previous: Sequence[str], line: str, fresh: bool) -> bool | None:
    """The verdict on one redo, from the problem's text and the redos before it; None where no checker knows it.
    `fresh` says that the redos begin with the first step."""
    question = _HEAD.split(text)[0]
    for checker in (_arithmetic, _brackets, _sorting, _swaps, _deduction):
        verdict = checker(question, previous, line, fresh)
        if verdict is not None:
            return verdict
    return None


def _arithmetic(question: str, previous: Sequence[str], line: str, fresh: bool) -> bool | None:
    verdicts = [verdict for word in line.split() if (verdict := check_arithmetic(word)) is not None]
    return all(verdicts) if verdicts else None


def _brackets(question: str, previous: Sequence[str], line: str, fresh: bool) -> bool | None:
    """A symbol and the stack after it; at the end the stack, from its top, or what closes it."""
    before = next((found[2] for old in reversed(previous) if (found := _STACK.match(old))), None)
    stack = "" if before is None or "empty" in before else before
    found = _STACK.match(line)
    if found:
        if before is None and not fresh:
            return None
        expected = stack + found[1] if found[1] in CLOSE else stack[:-1]
        return ("" if "empty" in found[2] else found[2]) == expected
    if before is None or not _BRACKETS.match(line):
        return None
    return line in (stack, stack[::-1], "".join(CLOSE[c] for c in reversed(stack)))


def _sorting(question: str, previous: Sequence[str], line: str, fresh: bool) -> bool | None:
    """Words under their letter at some place, letters rising; words each with that letter; all words in order."""
    line = line.split(" | ")[0]
    inside = set(re.findall(r"[a-z]+", question))
    pairs: list[tuple[str, str]] = []
    if _GROUPS.match(line):
        groups = [group.split(" ") for group in line.split("; ")]
        if not all(word in inside for group in groups for word in group[1:]):
            return None
        labels = [group[0] for group in groups]
        if labels != sorted(set(labels)):
            return False
        pairs = [(word, group[0]) for group in groups for word in group[1:]]
    elif _LETTERS.match(line):
        parts = line.split(" ")
        pairs = list(zip(parts[::2], parts[1::2], strict=True))
        if not all(word in inside for word, _ in pairs):
            return None
    elif _WORDS.match(line) and any(_GROUPS.match(old) for old in previous):
        return line.split() == sorted(line.split())
    if not pairs:
        return None
    return any(all((word[i : i + 1] or "-") == letter for word, letter in pairs) for i in range(14))


def _swaps(question: str, previous: Sequence[str], line: str, fresh: bool) -> bool | None:
    """Who holds what: behind what two had before, that they have changed it and nobody else has."""
    first, _, after = line.rpartition(": ")
    now, before = _held(after), _held(previous[-1].rpartition(": ")[2]) if previous else {}
    if len(now) < 3 or not before or not all(word in question for word in [*now, *now.values()]):
        return None
    changed = [name for name in now if now[name] != before.get(name)]
    if (
        list(now) != list(before)
        or len(changed) != 2
        or now != before | dict(zip(changed, map(before.get, changed[::-1]), strict=True))
    ):
        return False
    return first in {f"{a} {before[a]} {b} {before[b]}" for a, b in (changed, changed[::-1])}


def _held(line: str) -> dict[str, str]:
    """Names and things of `Ann red ball, Bob blue ball`; nothing where it says something else."""
    pairs = [item.split(" ", 1) for item in line.split(", ")]
    return dict(pairs) if all(len(pair) == 2 for pair in pairs) else {}


@lru_cache(maxsize=64)
def _told(question: str) -> frozenset[tuple[str, str]] | None:
    """Pairs of things of which a clue says that the first is further to the low end; None where there is no row."""
    scene = next((s for s in SCENES if s.begin.format(n="\0").split("\0")[-1].strip() in question), None)
    if scene is None:
        return None
    names = {name: name.removeprefix("the ").removesuffix(" book") for name in scene.things}
    lower = question.lower()
    return frozenset(
        (names[a], names[b])
        for a in names
        for b in names
        if f"{a} {scene.low} {b}.".lower() in lower or f"{b} {scene.high} {a}.".lower() in lower
    )


def _deduction(question: str, previous: Sequence[str], line: str, fresh: bool) -> bool | None:
    """An order that clues say or imply; a row that keeps the lines before; what stands where in it."""
    told = _told(question)
    if told is None:
        return None
    if _ORDER.match(line):
        things = line.split(" < ")
        return all(pair in told for pair in pairwise(things))
    rows = [old.split() for old in previous if _ROW.match(old) and not old[0].isdigit()]
    asked = _ASKED.match(line)
    if asked and rows and int(asked[1]) <= len(rows[-1]):
        return rows[-1][int(asked[1]) - 1] == asked[2]
    if not _ROW.match(line):
        return None
    row = line.split()
    keeps: list[Callable[[], bool]] = []
    for old in previous:
        if _ORDER.match(old):
            things = old.split(" < ")
            keeps.append(lambda things=things: [t for t in row if t in things] == things)  # type: ignore[misc]
        elif place := _PLACE.match(old):
            keeps.append(lambda p=place: row.index(p[1]) == int(p[2]) - 1 if p[1] in row else False)  # type: ignore[misc]
    return all(keep() for keep in keeps) if keeps else None

"""A solution in steps with at most one first mistake, and how a teacher redoes it: what every generator here makes.

A generator writes the right steps and, beside each, its `redo`: the same claim worked out tersely from the steps
before. A broken copy shares the steps before the mistake; what follows it is consistently wrong or stale.
Does not cover how the steps are laid out in a problem (form.py) or which generator is drawn (tasks.py).
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Trace:
    """`steps` as given, `wrong` the number of the first wrong one from 0, or None; `redo` belongs to the right steps,
    and has at least `wrong` + 1 of them; `core` is the problem without its wording, to recognise it by."""

    kind: str
    question: str
    steps: tuple[str, ...]
    redo: tuple[str, ...]
    answer: str
    wrong: int | None
    core: str


def first_difference(right: Sequence[str], given: Sequence[str]) -> int | None:
    """Number of the first line that differs, from 0; None where none does.

    >>> first_difference(["a", "b"], ["a", "c"]), first_difference(["a"], ["a"])
    (1, None)
    """
    for i, (a, b) in enumerate(zip(right, given, strict=False)):
        if a != b:
            return i
    return None if len(right) == len(given) else min(len(right), len(given))


def words(text: str) -> tuple[str, ...]:
    """The words of a text.

    >>> words("a bc")
    ('a', 'bc')
    """
    return tuple(text.split())


_CHOICE = re.compile(r"<([^<>]*)>")


def worded(text: str, rng: random.Random) -> str:
    """The text with one of each `<this|that>` chosen, innermost first.

    >>> worded("<so|so> be it", random.Random(0))
    'so be it'
    """
    while "<" in text:
        text = _CHOICE.sub(lambda choice: rng.choice(choice[1].split("|")), text)
    return text

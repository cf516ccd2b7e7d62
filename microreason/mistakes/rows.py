"""Orders of things in a row and the clues that fix them, things being numbers from 0.

Does not cover their wording (deduction.py).
"""

from __future__ import annotations

import random
from itertools import pairwise, permutations

Clue = tuple[str, int, int]
"""("at", thing, place), the place negative where it counts from the high end; ("low", thing, thing) or ("high", …): the
first is further to that end than the second."""


def holds(clue: Clue, order: tuple[int, ...]) -> bool:
    kind, a, b = clue
    if kind == "at":
        return order[b] == a
    low = order.index(a) < order.index(b)
    return low if kind == "low" else not low


def few_clues(order: list[int], rng: random.Random) -> list[Clue]:
    """Clues that together leave this order only, none of them needless."""
    size = len(order)
    every: list[Clue] = []
    for i, a in enumerate(order):
        every += [("at", a, i), ("at", a, i - size)]
        for j, b in enumerate(order):
            if i < j:
                every += [("low", a, b), ("high", b, a)]
    rng.shuffle(every)
    every.sort(key=lambda clue: clue[0] == "at" and rng.random() < 0.5)
    left = list(permutations(range(size)))
    clues = []
    for clue in every:
        keeping = [o for o in left if holds(clue, o)]
        if len(keeping) < len(left):
            clues.append(clue)
            left = keeping
        if len(left) == 1:
            break
    return clues


def chained(clues: list[Clue], size: int) -> list[int] | None:
    """The things of some clues in order, where clues about pairs say all of it; else None."""
    pairs = {(a, b) if kind == "low" else (b, a) for kind, a, b in clues if kind != "at"}
    things = sorted({thing for pair in pairs for thing in pair})
    for order in permutations(things) if len(pairs) > 1 and len(things) < size else ():
        if all(pair in pairs for pair in pairwise(order)):
            return list(order)
    return None


def settled(clues: list[Clue], size: int) -> list[int] | None:
    """The things that some clues name in their order, where the clues leave one order of them; else None."""
    named = {a for _, a, _ in clues} | {b for kind, _, b in clues if kind != "at"}
    orders = {
        tuple(a for a in order if a in named)
        for order in permutations(range(size))
        if all(holds(clue, order) for clue in clues)
    }
    return list(orders.pop()) if len(orders) == 1 else None


def chain_clues(order: list[int], rng: random.Random) -> list[Clue]:
    """Clues for longer rows: neighbours in order and places, in any sequence; together they leave this order only."""
    size = len(order)
    fixed = set(rng.sample(range(size), rng.randint(1, 4)))
    clues: list[Clue] = [("at", order[i], rng.choice((i, i - size))) for i in fixed]
    free = [i for i in range(size) if i not in fixed]
    for i, j in pairwise(free):
        a, b = order[i], order[j]
        clues.append(rng.choice((("low", a, b), ("high", b, a))))
    rng.shuffle(clues)
    return clues

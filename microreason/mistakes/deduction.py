"""Things in a row and clues about their places: each clue is written down, the order is put together, an option chosen.

A mistake is a clue turned round, a place miscounted, an order that does not keep a clue, or the wrong option.
Does not cover clues that need cases: every order follows by placing what is fixed and then what comes next.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise, permutations

from microreason.mistakes.trace import Trace, first_difference, worded, words


@dataclass(frozen=True)
class Scene:
    """`low` and `high` say that one thing is further to the low or high end than another; `ends` are how the end places
    are called, `sides` how a row is marked there; places between count `up` or `down`."""

    begin: str
    things: tuple[str, ...]
    low: str
    high: str
    ends: tuple[str, str]
    sides: tuple[str, str]
    up: str
    down: str
    be: str = "is"


def _the(text: str, after: str = "") -> tuple[str, ...]:
    return tuple(f"the {word}{after}" for word in words(text))


_PLACES = ("the leftmost", "the rightmost"), ("left", "right"), "from the left", "from the right"
SCENES = (
    Scene("On a shelf there are {n} books", _the("red blue green black white gray yellow orange purple", " book"),
           "is to the left of", "is to the right of", *_PLACES),
    Scene("On a branch there are {n} birds", _the("owl raven hawk crow robin falcon quail cardinal hummingbird jay"),
           "is to the left of", "is to the right of", *_PLACES),
    Scene("In a show of old machines there are {n} vehicles",
           _the("tractor bus truck sedan minivan convertible motorcyle limousine hatchback wagon"), "is newer than",
           "is older than", ("the newest", "the oldest"), ("new", "old"), "newest", "oldest"),
    Scene("A stand sells {n} kinds of fruit",
           _the("apples mangoes pears plums kiwis peaches oranges loquats watermelons cantaloupes"), "are cheaper than",
           "are more expensive than", ("the cheapest", "the most expensive"), ("cheap", "expensive"), "cheapest",
           "most expensive", "are"),
    Scene("In a tournament there were {n} players", words("Ana Eve Amy Ada Dan Rob Joe Eli Mya Mel"), "finished above",
           "finished below", ("first", "last"), ("above", "below"), "from the top", "from the bottom"),
    Scene("{n} people stand in a queue", words("Ben Carla Otto Rita Hugo Lena Paul Vera Tom Nina"), "stands before",
           "stands after", ("at the front", "at the back"), ("front", "back"), "from the front", "from the back"),
)  # fmt: skip
_NUMBERS = {3: "three", 4: "four", 5: "five", 6: "six", 7: "seven"}
_TH = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh")
_CLUE = (
    "{c}: {o}.",
    "({i}) {c}: {o}.",
    '"{c}" <gives|means> {o}',
    "<From|Since> {c} we <get|have> {o}.",
    "{c}, so {o}.",
)
_PART = (
    "<Combining|Taking> <this|({i})> with what <we had|stands above> <we get|gives>: {o}.", "So far: {o}.",
    "({i}) Combining <these|the last two> we <get|have> <the following ordering|this order>: {o}.", "Together: {o}",
)  # fmt: skip
_WHOLE = (
    "<Combining|Taking together> <all|the> clues, we get <the following ordering|this order>: {o}.",
    "({i}) Combining <the above|all of them> we get the <following |>ordering: {o}.",
    "<The only order that fits|The whole row|So the row> is {o}.", "Putting it together, {o}",
)  # fmt: skip
_LAST = (
    "<According to|In> this <ordering|order>, {s}<, who we look for|>. So the answer is {a}.",
    "{s}, so the answer is {a}.",
    "<This means|Hence> {s}<. The answer is|:> {a}<.|>",
)  # fmt: skip
_LAST_TWO = (
    (
        "<According to|In|By> this <ordering|order>, <what we look for|the one asked for> is {x}.",
        "{s}. So the answer is {a}.",
    ),
    ("<According to|In> this <ordering|order>, {s}.", "So the answer is {a}."),
)
_BEFORE = (
    "<The following|Each of the following> <paragraph|text> <describes|is about> {n} things in a fixed order. The "
    "statements <do not contradict each other|are consistent>. ", "", "",
)  # fmt: skip
Clue = tuple[str, int, int]  # "at": thing, place (negative from the high end); "low", "high": thing, thing


def _holds(clue: Clue, order: tuple[int, ...]) -> bool:
    kind, a, b = clue
    if kind == "at":
        return order[b] == a
    low = order.index(a) < order.index(b)
    return low if kind == "low" else not low


def _clues(order: list[int], rng: random.Random) -> list[Clue]:
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
        keeping = [o for o in left if _holds(clue, o)]
        if len(keeping) < len(left):
            clues.append(clue)
            left = keeping
        if len(left) == 1:
            break
    return clues


def deduction(rng: random.Random, difficulty: float, broken: bool) -> Trace:
    """Rows of three, five or seven."""
    size = rng.choice((3, 3, 5, 5, 7)) if difficulty > 0.4 else rng.choice((3, 3, 3, 4))
    scene = rng.choice(SCENES)
    things = rng.sample(scene.things, size)
    plain = [thing.removeprefix("the ").removesuffix(" book") for thing in things]
    order = rng.sample(range(size), size)
    clues = _clues(order, rng) if size < 7 else _chain_clues(order, rng)
    be = scene.be

    def place(i: int) -> str:
        i = i if i >= 0 else i + size
        if i in (0, size - 1):
            return scene.ends[i > 0]
        return f"the {_TH[i + 1]} {scene.up}"

    def place_told(clue: Clue) -> str:
        kind, a, b = clue
        if kind != "at":
            return f"{things[a]} {scene.low if kind == 'low' else scene.high} {things[b]}"
        if b < 0 and b not in (-1, -size):
            return f"{things[a]} {be} the {_TH[-b]} {scene.down}"
        return f"{things[a]} {be} {place(b)}"

    def upper(text: str) -> str:
        return text[0].upper() + text[1:]

    row_style = rng.choice(('"({l}) {x} ({h})"', '"({l}) {x} ({h})"', "{x}", "{l}: {x} :{h}"))
    between = rng.choice((" ? ", " < ", " - ")) if row_style == "{x}" else " ? "

    def row(items: list[str], sure: bool = False) -> str:
        inner = (" " if row_style != "{x}" else between).join(items) if sure else between.join(items)
        return row_style.format(l=scene.sides[0], h=scene.sides[1], x=inner)

    def clue_row(clue: Clue) -> str:
        kind, a, b = clue
        if kind == "at":
            b %= size
            items = ["_"] * size
            items[b] = plain[a]
            return row(items if slots else [*["?"][: b > 0], plain[a], *["?"][: b < size - 1]], True)
        low, high = (a, b) if kind == "low" else (b, a)
        return row(["", plain[low], plain[high], ""] if row_style != "{x}" else [plain[low], plain[high]]).replace(
            "  ", " "
        )

    statements = [f"{things[a]} {be} {place(i)}" for i, a in enumerate(order)]
    asked = rng.randrange(size)
    at_place = [f"{thing} {be} {place(asked)}" for thing in things]
    options = rng.sample(at_place, size)
    letters = [f"({'ABCDEFG'[i]})" for i in range(size)]
    text = (
        worded(rng.choice(_BEFORE), rng).format(n=_NUMBERS[size])
        + f"{upper(scene.begin.format(n=_NUMBERS[size]))}: {', '.join(things[:-1])}, and {things[-1]}. "
    )
    text += " ".join(upper(place_told(clue)) + "." for clue in clues)
    core = text
    with_options = rng.random() < 0.8
    if with_options:
        text += "\nOptions:\n" + "\n".join(f"{a} {upper(o)}" for a, o in zip(letters, options, strict=True))
    else:
        text += f" Which {be} {place(asked)}?"
    clue_style, whole_style, last_style = (worded(rng.choice(options), rng) for options in (_CLUE, _WHOLE, _LAST))
    slots, growing, in_two = rng.random() < 0.5, size <= 5 and rng.random() < 0.3, rng.random() < 0.4
    last_two = [worded(style, rng) for style in rng.choice(_LAST_TWO)]
    part_style, combine = worded(rng.choice(_PART), rng), not growing and rng.random() < 0.4
    partial = [
        _chained(clues[: i + 1], size) if combine and 0 < i < len(clues) - 1 else None for i in range(len(clues))
    ]
    lead = [f"We write down what each clue says about the {_NUMBERS[size]}."] if rng.random() < 0.3 else []

    def turned(clue: Clue) -> Clue:
        kind, a, b = clue
        if kind == "at":
            i = b if b >= 0 else b + size
            return (kind, a, rng.choice([j for j in range(size) if j != i]))
        return ("high" if kind == "low" else "low", a, b)

    def so_far(i: int, row_order: list[int]) -> str:
        """What clue i says, or all that is known with it, where that is an order."""
        known = _settled(clues[: i + 1], size) if growing else None
        if known is None or len(known) < 2:
            return clue_row(clues[i])
        ends = [any(kind == "at" and b % size == end for kind, _, b in clues[: i + 1]) for end in (0, size - 1)]
        items = [plain[a] for a in sorted(known, key=row_order.index)]
        if row_style != "{x}":
            items = [*[""][: not ends[0]], *items, *[""][: not ends[1]]]
        return row(items).replace("  ", " ")

    number = len(clues)
    part_at = rng.choice([i for i, known in enumerate(partial) if known] or [None])

    def run(bad: int | None) -> list[str]:
        steps, row_order = list(lead), list(order)
        for i, clue in enumerate(clues):
            if bad == i:
                noted = turned(clue)
                shown_row = clue_row(noted)
                j, k = row_order.index(clue[1]), noted[2] if clue[0] == "at" else row_order.index(clue[2])
                row_order[j], row_order[k] = row_order[k], row_order[j]
            if bad != i or growing:
                shown_row = so_far(i, row_order)
            steps.append(upper(clue_style.format(c=place_told(clue), o=shown_row, i=i + 1)))
            known = partial[i]
            if known:
                shown = sorted(known, key=row_order.index)
                if bad == number + 3 and i == part_at:
                    j = rng.randrange(len(shown) - 1)
                    shown[j : j + 2] = shown[j + 1], shown[j]
                items = [plain[a] for a in shown]
                steps.append(
                    part_style.format(
                        i=i + 2, o=row(["", *items, ""] if row_style != "{x}" else items).replace("  ", " ")
                    )
                )
        if bad == number:
            j, k = rng.sample(range(size), 2)
            row_order[j], row_order[k] = row_order[k], row_order[j]
        steps.append(whole_style.format(i=len(steps) + 1 - len(lead), o=row([plain[a] for a in row_order], True)))
        at = row_order[asked]
        if bad == number + 1:
            at = rng.choice([a for a in row_order if a != at])
        said = f"{things[at]} {be} {place(asked)}"
        mark = letters[options.index(said)] if with_options else things[at]
        if bad == number + 2 and with_options:
            mark = rng.choice([x for x in letters if x != mark])
        ends = last_two if in_two else (last_style,)
        return [*steps, *(upper(style.format(s=said, a=mark, x=things[at])) for style in ends)]

    right = run(None)
    redo = ["ok"] * len(lead)
    for (kind, a, b), known in zip(clues, partial, strict=True):
        if kind == "at":
            redo.append(f"{plain[a]} {(b if b >= 0 else b + size) + 1}")
        else:
            redo.append(f"{plain[a if kind == 'low' else b]} < {plain[b if kind == 'low' else a]}")
        if known:
            redo.append(" < ".join(plain[a] for a in known))
    redo.append(" ".join(plain[a] for a in order))
    answer = letters[options.index(statements[asked])] if with_options else things[order[asked]]
    where = f"{asked + 1} {plain[order[asked]]}"
    redo += [where, answer] if in_two else [f"{where} {answer}"]
    steps, wrong = right, None
    if broken:
        parts = [number + 3] * 2 if part_at is not None else []
        steps = run(rng.choice((*range(number), number, number, number, number + 1, number + 2, *parts)))
        wrong = first_difference(right, steps)
    return Trace("deduction", text, tuple(steps), tuple(redo), answer, wrong, core)


def _chained(clues: list[Clue], size: int) -> list[int] | None:
    """The things of some clues in order, where clues about pairs say all of it; else None."""
    pairs = {(a, b) if kind == "low" else (b, a) for kind, a, b in clues if kind != "at"}
    things = sorted({thing for pair in pairs for thing in pair})
    for order in permutations(things) if len(pairs) > 1 and len(things) < size else ():
        if all(pair in pairs for pair in pairwise(order)):
            return list(order)
    return None


def _settled(clues: list[Clue], size: int) -> list[int] | None:
    """The things that some clues name in their order, where the clues leave one order of them; else None."""
    named = {a for _, a, _ in clues} | {b for kind, _, b in clues if kind != "at"}
    orders = {
        tuple(a for a in order if a in named)
        for order in permutations(range(size))
        if all(_holds(clue, order) for clue in clues)
    }
    return list(orders.pop()) if len(orders) == 1 else None


def _chain_clues(order: list[int], rng: random.Random) -> list[Clue]:
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

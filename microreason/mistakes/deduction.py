"""Things in a row and clues about their places: each clue is written down, the order is put together, an option chosen.

A mistake is a clue turned round, a place miscounted, an order that does not keep a clue, or the wrong option.
Does not cover clues that need cases: every order follows by placing what is fixed and then what comes next.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from microreason.mistakes.rows import Clue, chain_clues, chained, few_clues, settled
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
    "<The following text|This paragraph|Each of the following paragraphs> is about {n} things in a fixed order. The "
    "statements <do not contradict each other|are consistent>. ", "", "",
)  # fmt: skip


@dataclass(frozen=True)
class _Puzzle:
    """Things, their numbers in order from the low end, the clues, and which place (from 0) is asked for; `letters` of
    the options in the order of the things they name, empty where there are no options."""

    scene: Scene
    things: list[str]
    order: list[int]
    clues: list[Clue]
    asked: int
    letters: list[str]

    @property
    def short(self) -> list[str]:
        """The things as rows name them."""
        return [thing.removeprefix("the ").removesuffix(" book") for thing in self.things]

    def place(self, i: int) -> str:
        """How place i is called, counted from the low end."""
        size = len(self.things)
        return self.scene.ends[i > 0] if i in (0, size - 1) else f"the {_TH[i + 1]} {self.scene.up}"

    def told(self, clue: Clue) -> str:
        """A clue in words."""
        kind, a, b = clue
        scene, size = self.scene, len(self.things)
        if kind != "at":
            return f"{self.things[a]} {scene.low if kind == 'low' else scene.high} {self.things[b]}"
        if -size < b < -1:
            return f"{self.things[a]} {scene.be} the {_TH[-b]} {scene.down}"
        return f"{self.things[a]} {scene.be} {self.place(b % size)}"

    def at_place(self, thing: int) -> str:
        """That a thing stands where it is asked for."""
        return f"{self.things[thing]} {self.scene.be} {self.place(self.asked)}"

    def answer(self, thing: int) -> str:
        """The option that says so, or the thing."""
        return self.letters[thing] if self.letters else self.things[thing]

    def story(self) -> str:
        """The things and the clues."""
        begin = self.scene.begin.format(n=_NUMBERS[len(self.things)])
        listed = f"{', '.join(self.things[:-1])}, and {self.things[-1]}"
        return f"{_upper(begin)}: {listed}. " + " ".join(_upper(self.told(clue)) + "." for clue in self.clues)

    def question(self) -> str:
        """What is asked, behind the story."""
        if not self.letters:
            return f" Which {self.scene.be} {self.place(self.asked)}?"
        lines = sorted(f"{letter} {_upper(self.at_place(i))}" for i, letter in enumerate(self.letters))
        return "\nOptions:\n" + "\n".join(lines)


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]


def _puzzle(rng: random.Random, difficulty: float) -> _Puzzle:
    """Three, five or seven things; three or four where it is easy."""
    size = rng.choice((3, 3, 5, 5, 7)) if difficulty > 0.4 else rng.choice((3, 3, 3, 4))
    scene = rng.choice(SCENES)
    order = rng.sample(range(size), size)
    clues = few_clues(order, rng) if size < 7 else chain_clues(order, rng)
    letters = rng.sample([f"({letter})" for letter in "ABCDEFG"[:size]], size) if rng.random() < 0.8 else []
    return _Puzzle(scene, rng.sample(scene.things, size), order, clues, rng.randrange(size), letters)


class _Style:
    """How the steps about a puzzle are written: templates, and the layout of rows."""

    def __init__(self, puzzle: _Puzzle, rng: random.Random) -> None:
        self.puzzle, self.size = puzzle, len(puzzle.things)
        self.row = rng.choice(('"({l}) {x} ({h})"', '"({l}) {x} ({h})"', "{x}", "{l}: {x} :{h}"))
        self.between = rng.choice((" ? ", " < ", " - ")) if self.row == "{x}" else " ? "
        self.slots = rng.random() < 0.5  # places left free are shown one by one
        self.growing = self.size <= 5 and rng.random() < 0.3  # a row shows all that is known
        self.clue, self.part, self.whole = (worded(rng.choice(options), rng) for options in (_CLUE, _PART, _WHOLE))
        self.ends = [worded(end, rng) for end in rng.choice(_LAST_TWO)] if rng.random() < 0.4 else [
            worded(rng.choice(_LAST), rng)]  # fmt: skip
        self.lead = (
            [f"We write down what each clue says about the {_NUMBERS[self.size]}."] if rng.random() < 0.3 else []
        )
        parts = not self.growing and rng.random() < 0.4
        count = len(puzzle.clues)
        self.partial = [
            chained(puzzle.clues[: i + 1], self.size) if parts and 0 < i < count - 1 else None for i in range(count)
        ]

    def written(self, items: list[str], between: str | None = None) -> str:
        """Items as a row; empty ones stand for an open end."""
        inner = (self.between if between is None else between).join(items)
        return self.row.format(l=self.puzzle.scene.sides[0], h=self.puzzle.scene.sides[1], x=inner).replace("  ", " ")

    def complete(self, order: list[int]) -> str:
        """A row with every thing."""
        between = self.between if self.row == "{x}" else " "
        return self.written([self.puzzle.short[a] for a in order], between)

    def loose(self, things: list[int], low: bool = True, high: bool = True) -> str:
        """Things in order, with room at the ends where `low` and `high` say so."""
        items = [self.puzzle.short[a] for a in things]
        if self.row != "{x}":
            items = [*[""][:low], *items, *[""][:high]]
        return self.written(items)

    def clue_row(self, clue: Clue) -> str:
        """What one clue says."""
        kind, a, b = clue
        if kind != "at":
            return self.loose([a, b] if kind == "low" else [b, a])
        b %= self.size
        items = ["_"] * self.size
        items[b] = self.puzzle.short[a]
        if not self.slots:
            items = [*["?"][: b > 0], self.puzzle.short[a], *["?"][: b < self.size - 1]]
        return self.written(items, self.between if self.row == "{x}" else " ")

    def known_row(self, i: int, order: list[int]) -> str:
        """What clue i says; where rows grow, all that is known with it, if that is one order."""
        clues = self.puzzle.clues[: i + 1]
        known = settled(clues, self.size) if self.growing else None
        if known is None or len(known) < 2:
            return self.clue_row(clues[i])
        low, high = (all(kind != "at" or b % self.size != end for kind, _, b in clues) for end in (0, self.size - 1))
        return self.loose(sorted(known, key=order.index), low, high)


def _solve(style: _Style, rng: random.Random, bad: str, at: int = 0) -> list[str]:
    """The steps. `bad` says which is wrong: "clue" or "part" number `at`, "whole", "place", "option", or "" for none;
    what follows goes on from it."""
    puzzle, steps, order = style.puzzle, list(style.lead), list(style.puzzle.order)
    for i, clue in enumerate(puzzle.clues):
        turned = bad == "clue" and i == at
        row = style.known_row(i, order)
        if turned:
            kind, a, b = clue
            if kind == "at":
                clue = kind, a, rng.choice([j for j in range(style.size) if j != b % style.size])
            else:
                clue = "high" if kind == "low" else "low", a, b
            j, k = order.index(a), clue[2] if kind == "at" else order.index(b)
            order[j], order[k] = order[k], order[j]
            row = style.known_row(i, order) if style.growing else style.clue_row(clue)
        steps.append(_upper(style.clue.format(c=puzzle.told(puzzle.clues[i]), o=row, i=i + 1)))
        known = style.partial[i]
        if known:
            shown = sorted(known, key=order.index)
            if bad == "part" and i == at:
                j = rng.randrange(len(shown) - 1)
                shown[j : j + 2] = shown[j + 1], shown[j]
            steps.append(style.part.format(i=len(steps) + 1 - len(style.lead), o=style.loose(shown)))
    if bad == "whole":
        j, k = rng.sample(range(style.size), 2)
        order[j], order[k] = order[k], order[j]
    steps.append(style.whole.format(i=len(steps) + 1 - len(style.lead), o=style.complete(order)))
    thing = order[puzzle.asked]
    if bad == "place":
        thing = rng.choice([a for a in order if a != thing])
    chosen = rng.choice([a for a in order if a != thing]) if bad == "option" else thing
    facts = {"s": puzzle.at_place(thing), "x": puzzle.things[thing], "a": puzzle.answer(chosen)}
    return [*steps, *(_upper(end.format(**facts)) for end in style.ends)]


def _redone(style: _Style) -> list[str]:
    """What the right steps come to."""
    puzzle, short = style.puzzle, style.puzzle.short
    redo = ["ok"] * len(style.lead)
    for (kind, a, b), known in zip(puzzle.clues, style.partial, strict=True):
        low, high = (a, b) if kind == "low" else (b, a)
        redo.append(f"{short[a]} {b % style.size + 1}" if kind == "at" else f"{short[low]} < {short[high]}")
        if known:
            redo.append(" < ".join(short[a] for a in known))
    thing = puzzle.order[puzzle.asked]
    where = f"{puzzle.asked + 1} {short[thing]}"
    redo.append(" ".join(short[a] for a in puzzle.order))
    return [*redo, *([where, puzzle.answer(thing)] if len(style.ends) == 2 else [f"{where} {puzzle.answer(thing)}"])]


def deduction(rng: random.Random, difficulty: float, broken: bool) -> Trace:
    """A row put together from clues."""
    puzzle = _puzzle(rng, difficulty)
    style = _Style(puzzle, rng)
    right = _solve(style, rng, "")
    steps, wrong = right, None
    if broken:
        count, parts = len(puzzle.clues), [i for i, known in enumerate(style.partial) if known]
        ways = ["clue"] * count + ["whole"] * 3 + ["place", "option"] + ["part"] * (2 if parts else 0)
        bad = rng.choice(ways)
        steps = _solve(style, rng, bad, rng.choice(parts) if bad == "part" else rng.randrange(count))
        wrong = first_difference(right, steps)
    before = worded(rng.choice(_BEFORE), rng).format(n=_NUMBERS[style.size])
    core = puzzle.story()
    answer = puzzle.answer(puzzle.order[puzzle.asked])
    return Trace(
        "deduction", before + core + puzzle.question(), tuple(steps), tuple(_redone(style)), answer, wrong, core
    )

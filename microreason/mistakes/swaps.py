"""Things that change hands: everybody holds one, pairs swap, and somebody's thing is asked for.

A mistake is a swap with the wrong partner or one left out, one that changed nothing, a third person's thing moved, a
thing doubled, or the wrong thing read off at the end. Does not cover events other than swaps.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from microreason.mistakes.trace import Trace, first_difference, worded, words

_NAMES = words(
    "Alice Bob Claire Dave Eve Fred Gertrude Anna Ben Carla David Emma Frank Grace Hugo Ivy Jack Kate Liam Mia Noah "
    "Olga Paul Rosa Tom Vera Walter"
)
_COLOURS = words("yellow blue pink orange red white green purple black brown")
_PARTNERS = words("Helena Izzi Jamie Karl Lola Melissa Ophelia Patrick Rodrigo Sam")
_POSITIONS = (
    "goalkeeper", "striker", "left winger", "right winger", "center midfielder", "fullback", "benchwarmer",
    "cheerleader", "left midfielder", "sweeper",
)  # fmt: skip
_BOOKS = (
    "Ulysses", "Frankenstein", "Lolita", "Moby Dick", "The Pearl", "Catch-22", "The Fellowship of the Ring",
    "The Odyssey", "Emma", "Dracula", "Middlemarch",
)  # fmt: skip


@dataclass(frozen=True)
class _Scene:
    """`begin` tells who is there, `hold` one person's thing, `ask` the question; `long` is how a thing is called."""

    begin: str
    hold: str
    long: str
    things: tuple[str, ...]
    swap: str
    ask: str


_SCENES = (
    _Scene(
        "{p} <are playing|play> a game. At the <start|beginning> of the game, <they are each holding|each of them "
        "holds> a ball",
        "{n} has a {t}", "{t} ball", _COLOURS, "<swap balls|swap|trade balls>", "{n} has the",
    ),
    _Scene(
        "{p} <are holding|hold> a <party|gift exchange>. At <first|the start>, they each have a present",
        "{n} has a {t}", "{t} present", _COLOURS, "<swap <presents|gifts|their gifts>|swap|exchange gifts>",
        "{n} has the",
    ),
    _Scene(
        "{p} are <dancers|friends> at a <square |>dance. At the start<, | of a song, >they each have a "
        "partner",
        "{n} is dancing with {t}", "{t}", _PARTNERS, "<switch partners|trade partners|swap|change partners>",
        "{n} is dancing with",
    ),
    _Scene(
        "{p} are on the same team in a <soccer |>match. At the start <of the match, |>they each <play|are assigned to> "
        "a position",
        "{n} is <playing|the> {t}", "{t}", _POSITIONS, "<trade positions|swap positions|change places>",
        "{n} is playing",
    ),
    _Scene(
        "{p} are <friends and readers|readers|friends> who <trade|lend each other> books. At <first|the start>, they "
        "each <buy|own> <one <new |>book|a book>",
        "{n} <gets|has> {t}", "{t}", _BOOKS, "<swap books|swap|exchange books|trade books>", "{n} has",
    ),
    _Scene(
        "{p} each own a key to one locker", "{n} has key {t}", "{t}", tuple("123456789"), "<swap|exchange> keys",
        "{n} holds key",
    ),
)  # fmt: skip
_START = ("<At the start|At first|Beginning|Start>: {s}<.|>", "We begin with {s}.")
_EVENT = (
    "{a} and {b} {v}: {s}.", "{a} and {b} {v}: {s}.", "<After|When> {a} and {b} {v}<:|, we have> {s}", "{a}, {b}: {s}",
    "<Then|Next|Now> {a} and {b} {v}, so {s}.", "{a} and {b} {v}. <Now|That leaves> {s}",
)  # fmt: skip
_LAST = (
    "<At the end<| of the game| of it all>|In the end|So>, {q} {x}. So the answer is {o}.", "<So|Finally> {q} {x}.",
    "{q} {x}. <The answer is {o}.|Answer: {o}>",
)  # fmt: skip
_OVER_TIME = "<As <the game|time|it> <progresses|goes on>, <pairs <of them |>swap|some of them swap>. |>"


def _slip(state: dict[str, str], a: str, b: str, rng: random.Random) -> dict[str, str]:
    """What a careless solver has after a and b swapped; never what is right."""
    right = state | {a: state[b], b: state[a]}
    c = rng.choice([name for name in state if name not in (a, b)])
    options = [
        dict(state), state | {a: state[c], c: state[a]}, state | {b: state[c], c: state[b]}, right | {c: state[a]},
        right | {a: state[a]}, right | {b: state[c], c: state[a]},
    ]  # fmt: skip
    return rng.choice([option for option in options if option != right])


def _held(state: dict[str, str]) -> str:
    return ", ".join(f"{name} {thing}" for name, thing in state.items())


def swaps(rng: random.Random, difficulty: float, broken: bool) -> Trace:
    """Between 3 and 7 people, and about as many swaps."""
    size = rng.choice((3, 3, 4, 5, 7)) if difficulty > 0.4 else 3
    number = rng.randint(2, size + 1) if difficulty > 0.4 else rng.randint(1, 3)
    scene = rng.choice(_SCENES)
    people = rng.sample(_NAMES, size) if rng.random() < 0.6 else _NAMES[:size]
    start = dict(zip(people, rng.sample([t for t in scene.things if t not in people], size), strict=True))
    pairs = [rng.sample(people, 2) for _ in range(number)]
    asked = rng.choice(people)
    options = rng.sample(list(start.values()), size) if rng.random() < 0.7 else []
    short = rng.random() < 0.6
    verb, hold = worded(scene.swap, rng), worded(scene.hold, rng)

    def called(thing: str) -> str:
        return scene.long.format(t=thing)

    held = [hold.format(n=n, t=called(t)) for n, t in start.items()]
    comma = rng.choice((", and ", " and "))
    story = worded(scene.begin, rng).format(p=comma.join((", ".join(people[:-1]), people[-1])))
    story += (
        f": {comma.join((', '.join(held[:-1]), held[-1]))}.{rng.choice((' ', ' ', chr(10)))}{worded(_OVER_TIME, rng)}"
    )
    for i, (a, b) in enumerate(pairs):
        when = "First" if i == 0 else rng.choice(("Finally", "Then")) if i == number - 1 else "Then"
        story += f"{when}, {a} and {b} {verb}. "
    core = story
    story += f"At the end{rng.choice(('', ' of it', ' of the game'))}, {scene.ask.format(n=asked)}"
    if options:
        story += "\nOptions:\n" + "\n".join(f"({'ABCDEFG'[i]}) {called(option)}" for i, option in enumerate(options))
    first, event, last = (worded(rng.choice(templates), rng) for templates in (_START, _EVENT, _LAST))
    join = rng.choice((": ", ": ", "=", " has ", " - "))
    lead = rng.choice((["Keep track of who has what."], ["Follow the swaps one by one:"], [], [], []))

    labels = [f"({i}) " for i in range(number + 2)] if rng.random() < 0.4 else [""] * (number + 2)

    def told(state: dict[str, str]) -> str:
        return ", ".join(f"{name}{join}{thing if short else called(thing)}" for name, thing in state.items())

    def run(bad: int | None) -> tuple[list[str], str]:
        steps, state = list(lead), dict(start)
        if bad == 0:
            state = _slip(state, people[0], people[1], rng)
        steps.append(labels[0] + first.format(s=told(state)))
        told_pairs = list(pairs)
        if bad is not None and 0 < bad <= number and rng.random() < 0.2:
            same = set(pairs[bad - 1])
            if rng.random() < 0.5 and (bad == number or set(pairs[bad]) != same):
                del told_pairs[bad - 1]
            else:
                told_pairs[bad - 1] = rng.choice([[a, b] for a in people for b in people if a != b and {a, b} != same])
            bad = None
        for i, (a, b) in enumerate(told_pairs, 1):
            state = _slip(state, a, b, rng) if bad == i else state | {a: state[b], b: state[a]}
            steps.append(labels[i] + event.format(a=a, b=b, v=verb, s=told(state)))
        read = state[asked]
        if bad == number + 1:
            read = rng.choice([t for t in start.values() if t != read])
        answer = f"({'ABCDEFG'[options.index(read)]})" if options else called(read)
        steps.append(last.format(q=scene.ask.format(n=asked), x=called(read), o=answer))
        return steps, answer

    right, answer = run(None)
    state = dict(start)
    redo = [*(["ok"] * len(lead)), _held(start)]
    for a, b in pairs:
        before = f"{a} {state[a]} {b} {state[b]}"
        state = state | {a: state[b], b: state[a]}
        redo.append(f"{before}: {_held(state)}")
    redo.append(f"{asked} {state[asked]}" + (f" {answer}" if options else ""))
    steps, wrong = right, None
    if broken:
        bad = rng.choice((0, number + 1, *(3 * [*range(1, number + 1)])))
        steps, _ = run(bad)
        if rng.random() < 0.2:  # the rest is stale
            steps = [*steps[: bad + 1 + len(lead)], *right[bad + 1 + len(lead) :]]
        wrong = first_difference(right, steps)
        wrong = None if wrong is not None and wrong >= len(redo) else wrong
    return Trace("swaps", story, tuple(steps), tuple(redo), answer, wrong, core)

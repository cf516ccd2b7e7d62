"""Short stories with numbers, solved a sentence a step.

A mistake is a wrong operation, a wrong sum, a number misread, or a change forgotten. The rest goes on from it.
Does not cover fractions, and stories that are not told in the order of what happens.
"""

from __future__ import annotations

import random

from microreason.mistakes.trace import Trace, first_difference, words

_NAMES = words("Mia Omar Lena Ravi Zoe Ken Ines Paul Aiko Theo Nora Sam Yusuf Clara Ivan Bea")
_THINGS = words("apples marbles stickers coins pencils eggs cards shells stamps books tickets cookies roses")
_BEGIN = ("{n} has {a} {t}.", "{n} starts with {a} {t}.", "There are {a} {t} in {n}'s box.", "{n} owns {a} {t}.")
_CHANGES: dict[str, tuple[str, ...]] = {
    "+": ("{n} buys {b} more.", "{m} gives {n} {b} {t}.", "{n} finds {b} {t}.", "Then {b} {t} are added."),
    "-": ("{n} gives {b} {t} to {m}.", "{n} loses {b} of them.", "{b} {t} are sold.", "Then {n} throws {b} away."),
    "*": ("The number of {t} then grows to {b} times as many.", "{n} then gets {b} times as many.",
          "Each is swapped for {b} {t}."),
    "/": ("{n} shares them equally among {b} people and keeps one share.", "The {t} are split into {b} equal boxes, of "
          "which {n} keeps one."),
}  # fmt: skip
_ASK = (
    "How many {t} does {n} have now?",
    "How many {t} are there in the end?",
    "What is the number of {t} at the end?",
)
_SIGNS = (
    {"+": "+", "-": "-", "*": "*", "/": "/"},
    {"+": "+", "-": "-", "*": "×", "/": "÷"},
    {"+": "+", "-": "-", "*": "x", "/": "/"},
)
_STEP = (
    "{n} now has {c} {t}.", "First, {c}.", "So {c}.", "That makes {c} {t}.", "After that there are {c} {t}.",
    "{c}", "Then {c}.", "Next, {n} has {c} {t}.",
)  # fmt: skip
_WORDS = {
    "+": ("{a} and {b} make {v}.", "Adding {b} to {a} gives {v} {t}."),
    "-": ("{b} less than {a} is {v}.", "Taking {b} from {a} leaves {v} {t}."),
    "*": ("{b} times {a} is {v}.", "{a} multiplied by {b} gives {v} {t}."),
    "/": ("{a} divided by {b} is {v}.", "Each of the {b} parts of {a} has {v} {t}."),
}  # fmt: skip
_LAST = ("So the answer is {v}.", "{n} has {v} {t}. So the answer is {v}.", "The answer is {v}.", "Answer: {v}")


def _apply(a: int, op: str, b: int) -> int:
    return {"+": a + b, "-": a - b, "*": a * b, "/": a // b}[op]


def _changes(rng: random.Random, difficulty: float) -> tuple[int, list[tuple[str, int]]]:
    """The first number and what happens to it."""
    top = round(10 * 12**difficulty)
    first = value = rng.randint(2, top)
    changes = []
    for _ in range(rng.randint(1, 2 + round(3 * difficulty))):
        divisors = [d for d in range(2, 10) if value % d == 0]
        op = rng.choice(["+", "-", "*" if value < 10 * top else "-", "/" if divisors else "+"])
        b = rng.randint(2, 9) if op == "*" else rng.choice(divisors or [1]) if op == "/" else rng.randint(1, top)
        if op == "-":
            op, b = ("-", rng.randint(1, value - 1)) if value > 2 else ("+", b)
        changes.append((op, b))
        value = _apply(value, op, b)
    return first, changes


def stories(rng: random.Random, difficulty: float, broken: bool) -> Trace:
    """Between one and five changes of a number of things."""
    n, m = rng.sample(_NAMES, 2)
    t = rng.choice(_THINGS)
    first, changes = _changes(rng, difficulty)
    text = [rng.choice(_BEGIN).format(n=n, a=first, t=t)]
    text += [rng.choice(_CHANGES[op]).format(n=n, m=m, b=b, t=t) for op, b in changes]
    text.append(rng.choice(_ASK).format(n=n, t=t))
    signs, spaced, in_words = rng.choice(_SIGNS), rng.random() < 0.7, rng.random() < 0.25
    wording = [rng.choice(_STEP) for _ in changes] if rng.random() < 0.5 else [rng.choice(_STEP)] * len(changes)
    spoken = [rng.choice(_WORDS[op]) for op, _ in changes]
    last = rng.choice(_LAST)

    def run(bad: int | None) -> tuple[list[str], list[str], int]:
        steps, redo, value = [], [], first
        for i, (op, b) in enumerate(changes):
            used_op, used, shift = op, b, 0
            if bad == i:
                way = rng.random()
                if way < 0.3:
                    used_op = rng.choice([o for o in "+-*" if o != op])
                elif way < 0.5:
                    used = rng.choice([x for x in {b + 1, max(1, b - 1), 10 * b, first} if x != b])
                else:
                    shift = rng.choice((-10, -1, 1, 2, 10))
            if used_op == "/" and value % used:
                used = 1
            result = _apply(value, used_op, used)
            redo.append(f"{value}{op}{b}={_apply(value, op, b)}")
            result += shift
            sign = f" {signs[used_op]} " if spaced else signs[used_op]
            claim = f"{value}{sign}{used}{' = ' if spaced else '='}{result}"
            if in_words:
                steps.append(spoken[i].format(a=value, b=used, v=result, t=t) if used_op == op else
                             wording[i].format(n=n, c=claim, t=t))  # fmt: skip
            else:
                steps.append(wording[i].format(n=n, c=claim, t=t))
            value = result
        said = value
        if bad == len(changes):
            said = rng.choice([value + 1, value - 1, first + value, value + 10])
        steps.append(last.format(n=n, t=t, v=said))
        return steps, [*redo, str(value)], said

    right, redo, answer = run(None)
    steps, wrong = right, None
    for _ in range(20 if broken else 0):
        steps, _, _ = run(rng.choice((*range(len(changes)), *range(len(changes)), len(changes))))
        wrong = first_difference(right, steps)
        if wrong is not None:
            break
    if rng.random() < 0.2 and wrong is not None:
        steps = [*steps[: wrong + 1], *right[wrong + 1 :]]
    question = " ".join(text)
    return Trace("stories", question, tuple(steps), tuple(redo), str(answer), wrong, question)

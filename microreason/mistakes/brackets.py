"""A sequence of brackets to be closed: a stack is kept symbol by symbol, and emptied at the end.

A mistake is a symbol misread, left out or doubled, a bracket not taken off or not put on, a stack copied wrong, or a
wrong closing. Does not cover sequences that cannot be closed.
"""

from __future__ import annotations

import random

from microreason.mistakes.trace import Trace, first_difference, worded

CLOSE = {"(": ")", "[": "]", "{": "}", "<": ">"}
_ASK = (
    "<Complete|Finish|Continue> the <rest of the |>sequence, <making sure that|so that> <the parentheses|all brackets|"
    "the brackets> are closed <properly|correctly|in the right order>. <Input: |>{s}",
    "<Close|What closes> <all|the> brackets that are still open<:|?> {s}",
    "Which brackets are missing <at the end |>of {s} ?", "Input: {s}",
)  # fmt: skip
_LEAD = (
    "<We|I> <should process|go through|read> <each input|the input|the symbols> one by one and keep <track of the|a> "
    "stack< configuration|>.", "Keep track of the <stack|open brackets> symbol by symbol.",
)  # fmt: skip
_FIRST = ("<empty stack|stack: empty>", "<The stack is|We start with a stack that is> empty.")
_STEP = (
    "{c} ; stack: {s}", "{c} ; stack: {s}", "{c}; stack<: | = >{s}", "<Read|Take> {c}, the stack is {s}",
    "After {c}: {s}", "{c} -> {s}", '<The next|Next> symbol <is|:> "{c}". <The stack is|Stack:> {s}<.|>',
)  # fmt: skip
_END = (
    '<Now, we|We|Here we> have reached the end. The <final|last> stack is "{s}".',
    "<The end is reached with the stack|At the end the stack is|What stays on the stack is> {s}.",
)  # fmt: skip
_POP = (
    "<We|So we|Now we> <will need to|have to|must> pop <out |>{p} <one by one |>in <that|this> order.",
    "To close: {p}.",
)  # fmt: skip
_LAST = (
    "<So, we|We|Therefore we> need {q}. So the answer is {x}<.|>", "The answer is {x}<.|>",
    "So the <rest|answer> is {x}<.|>",
)  # fmt: skip


def _sequence(rng: random.Random, length: int) -> list[str]:
    kinds = "([{<" if rng.random() < 0.7 else rng.choice(("([", "([{", "<[{", "[{("))
    while True:
        out: list[str] = []
        stack: list[str] = []
        for _ in range(length):
            if stack and (len(stack) > 6 or rng.random() < 0.48):
                out.append(CLOSE[stack.pop()])
            else:
                stack.append(rng.choice(kinds))
                out.append(stack[-1])
        if stack:
            return out


def _next(stack: list[str], symbol: str) -> list[str]:
    return [*stack, symbol] if symbol in CLOSE else stack[:-1]


def _slip(stack: list[str], symbol: str, right: list[str], rng: random.Random) -> list[str]:
    """A wrong stack after the symbol."""
    options = [stack, [*stack, symbol if symbol in CLOSE else rng.choice("([{<")], right[:-1], stack[:-1], stack[:-2]]
    if right:
        i = rng.randrange(len(right))
        options += [[*right[:i], *right[i + 1 :]], [*right[:i], rng.choice("([{<"), *right[i + 1 :]]]
    return rng.choice([o for o in options if o != right] or [[*right, "("]])


def brackets(rng: random.Random, difficulty: float, broken: bool) -> Trace:
    """Sequences of 2 to 32 brackets."""
    symbols = _sequence(rng, rng.randint(2, 6 + round(26 * difficulty * rng.random())))
    step, end, pop, last = (worded(rng.choice(options), rng) for options in (_STEP, _END, _POP, _LAST))
    lead = [worded(rng.choice(_LEAD), rng)] if rng.random() < 0.7 else []
    first, popping = ([worded(rng.choice(_FIRST), rng)] if rng.random() < 0.8 else []), rng.random() < 0.7
    none, joint = rng.choice(("empty", "empty", "(empty)")), rng.choice((" ", " ", ""))
    counted = rng.random() < 0.5  # steps say which symbol they are about
    if counted and rng.random() < 0.7:
        first = [f"0: {text}" for text in first]

    def told(stack: list[str]) -> str:
        return joint.join(stack) or none

    def run(bad: int | None) -> tuple[list[str], list[list[str]], str]:
        steps, states = [*lead, *first], []
        stack: list[str] = []
        read = list(symbols)
        if bad is not None and bad < len(symbols) and rng.random() < 0.25:
            other = rng.choice([c for c in "()[]{}<>" if c != read[bad]])
            read[bad : bad + 1] = rng.choice(([], [read[bad], read[bad]], [other]))  # left out, doubled, misread
            if rng.random() < 0.1:
                read = symbols[:bad]  # the end comes too early
            bad = None
        for i, symbol in enumerate(read):
            right = _next(stack, symbol)
            stack = _slip(stack, symbol, right, rng) if bad == i else right
            states.append(stack)
            steps.append((f"{i + 1}: " if counted else "") + step.format(c=symbol, s=told(stack)))
        if bad == len(symbols):
            stack = _slip(stack, "", stack, rng)
        closing = [CLOSE[c] for c in reversed(stack)]
        steps.append(end.format(s=told(stack)))
        if popping:
            out = list(reversed(stack))
            if bad == len(symbols) + 1 and len(out) > 1:
                out = out[:-1] if rng.random() < 0.5 else rng.sample(out, len(out))
                closing = [CLOSE[c] for c in out]
            steps.append(pop.format(p=", ".join(f'"{c}"' for c in out) or "nothing"))
        if bad == len(symbols) + 2:
            i = rng.randrange(len(closing)) if closing else 0
            other = rng.choice(list(CLOSE.values()))
            closing = rng.choice(
                ([*closing[:i], *closing[i + 1 :]], [*closing[:i], other, *closing[i + 1 :]], closing[::-1])
            )
        answer = " ".join(closing)
        steps.append(last.format(x=answer, q=", ".join(f'"{c}"' for c in closing)))
        return steps, states, answer

    right, states, answer = run(None)
    redo = (
        ["ok"] * len(lead)
        + ["empty"] * len(first)
        + [f"{c} {''.join(s) or none}" for c, s in zip(symbols, states, strict=True)]
    )
    redo += ["".join(states[-1]), *(["".join(reversed(states[-1]))] if popping else []), answer.replace(" ", "")]
    steps, wrong = right, None
    for _ in range(20 if broken else 0):
        bad = rng.randrange(len(symbols) + 3)
        steps, _, _ = run(bad)
        wrong = first_difference(right, steps)
        if wrong is not None:
            break
    text = " ".join(symbols)
    return Trace(
        "brackets", worded(rng.choice(_ASK), rng).format(s=text), tuple(steps), tuple(redo), answer, wrong, text
    )

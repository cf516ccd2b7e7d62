"""Nested arithmetic, solved part by part: parts are named, worked out one a step, and put together at the end.

A mistake is one reduction gone wrong (a sign dropped, sums before products, a number misread or misreckoned) or a part
that does not say what the problem says; the steps after it go on from it. Does not cover powers or fractions.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from microreason.mistakes.trace import Trace, first_difference, worded

_OPS: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b,
}  # fmt: skip
_NAMES = (
    '<This|The> <equation|expression|problem> can be <written|seen|rewritten> as "{s}", where {w}.',
    "<Write it as|It has the form|Call it> {s} with {w}.", "Let {w}. <We need|What is asked is> {s}.",
)  # fmt: skip
_PART = (
    "<Let's|Let us|We> <calculate|compute|work out> {n} = {c}.", "{n} = {c}<.|>",
    "<Next|Now|Then|First>, {n} = {c}<.|>",
    "<Computing {n} gives|For {n} we get|{n} is> {c}.", "<Next|Now|Then>: {c}",
)  # fmt: skip
_LAST = (
    "<Then|Now|Finally>, the <final|whole|last> <equation|expression> is {s} = {c}. So the answer is {v}<.|>",
    "<Putting it together|Together|Finally|So>, {s} = {c}<.|>",
    "{s} = {c}. <The answer is|Answer:|The result is> {v}<.|>",
)  # fmt: skip
_ASK = (
    "{e} =", "{e} =", "{e} =", "<Calculate|Compute|Evaluate|Work out|Simplify> {e}<.|>", "What is <the value of |>{e}?",
)  # fmt: skip
_SLIP = 0.75  # share of slips that misreckon; the others misread a number or lose a term


@dataclass
class Node:
    """Numbers or nodes with an operator between each two, in brackets when written inside another."""

    items: list[int | Node]
    ops: list[str] = field(default_factory=list)


def _text(item: int | Node, outer: bool = False) -> str:
    if isinstance(item, int):
        return str(item)
    inside = _text(item.items[0]) + "".join(f" {o} {_text(i)}" for o, i in zip(item.ops, item.items[1:], strict=True))
    return inside if outer else f"({inside})"


def _group(rng: random.Random, terms: int) -> Node:
    items: list[int | Node] = [rng.choice([*range(-9, 10)]) for _ in range(terms)]
    return Node(items, [rng.choice("+-*-+") for _ in range(terms - 1)])


def _claim(a: int, op: str, b: int, value: int) -> str:
    if b < 0 and op in "+-":
        op, b = "-" if op == "+" else "+", -b
    return f"{a}{op}{b}={value}"


def reduce(item: int | Node) -> tuple[list[str], int]:
    """The claims that work out a node one at a time, products first, and its value.

    >>> reduce(Node([2, 3, -4], ["+", "*"]))
    (['3*-4=-12', '2-12=-10'], -10)
    """
    if isinstance(item, int):
        return [], item
    claims: list[str] = []
    values = []
    for inner in item.items:
        more, value = reduce(inner)
        claims += more
        values.append(value)
    ops = list(item.ops)
    while ops:
        i = ops.index("*") if "*" in ops else 0
        value = _OPS[ops[i]](values[i], values[i + 1])
        claims.append(_claim(values[i], ops[i], values[i + 1], value))
        values[i : i + 2], ops[i : i + 1] = [value], []
    return claims, values[0]


def _misreckoned(rng: random.Random, a: int, op: str, b: int) -> int:
    """What a careless solver gets for a op b."""
    right = _OPS[op](a, b)
    others = [right + rng.choice((-2, -1, 1, 2, 10, -10)), -right, _OPS[rng.choice("+-*")](a, b), _OPS[op](a, -b)]
    return next((x for x in rng.sample(others, 4) if x != right), right + 1)


def _shown(items: list[int | Node], ops: list[str], rng: random.Random) -> str:
    """The items as a solver may write them: as they are, with double signs resolved, or with more brackets."""
    way = rng.random()
    out = [_text(items[0])]
    product = ops.index("*") if "*" in ops and len(ops) > 1 and way > 0.75 else None
    for i, (op, item) in enumerate(zip(ops, items[1:], strict=True)):
        text = _text(item)
        if isinstance(item, int) and item < 0:
            if way < 0.3 and op in "+-" and (i + 1 == len(ops) or ops[i + 1] != "*"):
                op, text = "-" if op == "+" else "+", str(-item)
            elif 0.3 < way < 0.5:
                text = f"({item})"
        if product == i:
            out[-1], text = f"({out[-1]}", f"{text})"
        out += [op, text]
    return f"({' '.join(out)})"


def _stages(node: Node, rng: random.Random, slip: bool) -> tuple[list[str], int]:
    """The node as it is reduced, stage by stage, down to its value; with `slip`, something goes wrong once."""
    items, ops = list(node.items), list(node.ops)
    shown = [_shown(items, ops, rng)] if rng.random() < 0.4 else []
    bad = rng.randrange(len(ops) + sum(isinstance(item, Node) for item in items)) if slip else -1
    done = 0
    while ops:
        here = done == bad
        nested = next((i for i, item in enumerate(items) if isinstance(item, Node)), None)
        numbers = [i for i, item in enumerate(items) if isinstance(item, int)]
        if here and rng.random() > _SLIP and numbers:
            i = rng.choice(numbers)
            item = items[i]
            assert isinstance(item, int)
            if len(ops) > 1 and i and rng.random() < 0.4:
                del items[i], ops[i - 1]
            else:
                items[i] = -item if item and rng.random() < 0.5 else rng.randint(-9, 9)
        elif nested is not None:
            inner = items[nested]
            assert isinstance(inner, Node)
            value = reduce(inner)[1]
            items[nested] = _slipped(rng, value) if here else value
        else:
            i = ops.index("*") if "*" in ops else 0
            if here and len(ops) > 1 and rng.random() < 0.3:
                i = rng.randrange(len(ops))  # the sum before the product, or the second minus before the first
            a, b = items[i], items[i + 1]
            assert isinstance(a, int) and isinstance(b, int)
            value = _misreckoned(rng, a, ops[i], b) if here and rng.random() < 0.8 else _OPS[ops[i]](a, b)
            items[i : i + 2], ops[i : i + 1] = [value], []
        done += 1
        if ops and rng.random() < 0.7:
            shown.append(_shown(items, ops, rng))
    while isinstance(items[0], Node):
        items[0] = reduce(items[0])[1]
    return shown, items[0]


def _slipped(rng: random.Random, value: int) -> int:
    return rng.choice([x for x in (value + 1, value - 1, -value, value + 10, value - 2) if x != value])


def _chain(node: Node, rng: random.Random, slip: bool, whole: bool) -> tuple[str, int]:
    """The node, its stages and its value with equals signs between; another value than the right one with `slip`."""
    right = reduce(node)[1]
    for _ in range(20 if slip else 1):
        shown, value = _stages(node, rng, slip)
        if not slip or value != right:
            break
    else:
        value = right + 1
    last = f"({value})" if rng.random() < 0.15 else str(value)
    return " = ".join([*([_text(node)] if whole else []), *shown, last]), value


def _split(node: Node, rng: random.Random) -> tuple[Node | str, dict[str, Node]]:
    """The skeleton with names for parts, and the parts."""
    parts: dict[str, Node] = {}

    def walk(item: int | Node, depth: int) -> Node | str | int:
        if isinstance(item, int):
            return item
        inner = any(isinstance(i, Node) for i in item.items)
        if depth and (not inner or rng.random() < 0.35):
            name = "ABCDEFGH"[len(parts)]
            parts[name] = item
            return name
        return Node([walk(i, depth + 1) for i in item.items], item.ops)  # type: ignore[misc]

    skeleton = walk(node, 0)
    assert isinstance(skeleton, Node | str)
    return skeleton, parts


def _filled(skeleton: object, values: dict[str, int]) -> int | Node:
    if isinstance(skeleton, str):
        return values[skeleton]
    if isinstance(skeleton, Node):
        return Node([_filled(item, values) for item in skeleton.items], skeleton.ops)
    assert isinstance(skeleton, int)
    return skeleton


def _named(skeleton: object, outer: bool = True) -> str:
    if isinstance(skeleton, Node):
        inside = _named(skeleton.items[0], False)
        inside += "".join(f" {o} {_named(i, False)}" for o, i in zip(skeleton.ops, skeleton.items[1:], strict=True))
        return inside if outer else f"({inside})"
    return str(skeleton)


def _tree(rng: random.Random, difficulty: float) -> Node:
    terms = rng.randint(2, 2 + round(2 * difficulty))
    leaves = rng.choice((2, 2, 4, 4, 4)) if rng.random() < difficulty + 0.1 else 2
    if difficulty > 0.4 and rng.random() < 0.08:
        terms, leaves = 2, 8
    nodes: list[int | Node] = [_group(rng, terms) for _ in range(leaves)]
    while len(nodes) > 1:
        nodes = [Node(nodes[i : i + 2], [rng.choice("+-*")]) for i in range(0, len(nodes), 2)]
    assert isinstance(nodes[0], Node)
    return nodes[0]


def _misnamed(skeleton: object, parts: dict[str, Node], rng: random.Random) -> tuple[object, dict[str, Node]]:
    """The naming with one operator or number changed."""
    name = rng.choice(list(parts))
    node = parts[name]
    i = rng.randrange(len(node.ops))
    op = rng.choice([o for o in "+-*" if o != node.ops[i]])
    if isinstance(skeleton, Node) and rng.random() < 0.5:
        return Node(skeleton.items, [rng.choice([o for o in "+-*" if o != skeleton.ops[0]])]), parts
    return skeleton, parts | {name: Node(node.items, [*node.ops[:i], op, *node.ops[i + 1 :]])}


def _solve(
    skeleton: object, parts: dict[str, Node], style: tuple[str, str, str], rng: random.Random, wrong: int | None
) -> tuple[list[str], list[str], int]:
    """Steps and their redos, with the mistake in step `wrong` and consistent from there."""
    naming, part, last = style
    used_skeleton, used = _misnamed(skeleton, parts, rng) if wrong == 0 else (skeleton, parts)
    where = ", ".join(f"{n} = {_text(p)}" for n, p in used.items())
    steps = [naming.format(s=_named(used_skeleton), w=where)]
    differing = [f" {n}={_text(p).replace(' ', '')}" for n, p in parts.items() if used[n] is not p]
    redo = [_named(skeleton).replace(" ", "") + "".join(differing)]
    values = {}
    for i, (name, node) in enumerate(used.items()):
        chain, values[name] = _chain(node, rng, wrong == i + 1, True)
        steps.append(part.format(n=name, c=chain))
        redo.append(" ".join([name, *reduce(parts[name])[0]]))
    node = _filled(used_skeleton, values)  # type: ignore[assignment]
    claims, _ = reduce(node)
    chain, value = _chain(node, rng, wrong == len(parts) + 1, True)
    steps.append(last.format(s=_named(used_skeleton), c=chain, v=value))
    return steps, [*redo, " ".join(claims)], value


def arithmetic(rng: random.Random, difficulty: float, broken: bool) -> Trace:
    """A nested expression solved part by part."""
    tree = _tree(rng, difficulty)
    skeleton, parts = _split(tree, rng)
    at = [0, 0, 0] if rng.random() < 0.35 else [rng.randrange(len(x)) for x in (_NAMES, _PART, _LAST)]
    style = (worded(_NAMES[at[0]], rng), worded(_PART[at[1]], rng), worded(_LAST[at[2]], rng))
    seed = rng.random()
    right, redo, value = _solve(skeleton, parts, style, random.Random(seed), None)
    steps, wrong = right, None
    if broken:
        last = len(parts) + 1
        wrong = 0 if rng.random() < 0.05 else rng.randint(1, last)
        steps, broken_redo, _ = _solve(skeleton, parts, style, random.Random(seed), wrong)
        steps = right[:wrong] + steps[wrong:]
        redo[wrong] = broken_redo[wrong]
        wrong = first_difference(right, steps)
    expression = _text(tree)
    return Trace(
        "arithmetic",
        worded(rng.choice(_ASK), rng).format(e=expression),
        tuple(steps),
        tuple(redo),
        str(value),
        wrong,
        expression,
    )

"""Expressions as groups: what stands in parentheses, operands and signs in turn, where an operand may be a group.

Used where an expression is worked out from the innermost parentheses on (expressions.py, surds.py). A minus before an
operand belongs to it. What an operand says is read by the caller. Does not cover functions or powers but a square.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

MAX_LENGTH = 300


@dataclass
class Group:
    """Operands and signs in turn; `negative` with a minus before the parenthesis, `squared` with `**2` behind it."""

    items: list[Any]
    negative: bool = False
    squared: bool = False


def parse(expression: str, leaf: str, read: Callable[[str], Any]) -> Group:
    """The groups of an expression whose operands match the pattern `leaf`. Raises ValueError where it cannot be read.

    >>> parse("(3-4)**2*-5", r"\\d+", int)
    Group(items=[Group(items=[3, '-', 4], negative=False, squared=True), '*', -5], negative=False, squared=False)
    """
    if len(expression) > MAX_LENGTH:
        raise ValueError("expression too long")
    pattern = re.compile(rf"\s*({leaf}|\*\*2(?!\d)|[-+*/()])")
    tokens, at, text = [], 0, expression.rstrip()
    while at < len(text):
        if not (token := pattern.match(text, at)):
            raise ValueError(f"cannot read {expression!r} at {at}")
        tokens.append(token[1])
        at = token.end()
    group = _group(tokens, read)
    if tokens:
        raise ValueError(f"cannot read {expression!r} to its end")
    return group


def _group(tokens: list[str], read: Callable[[str], Any]) -> Group:
    """The group at the start of the tokens, which it takes from the list."""
    items = [_operand(tokens, read)]
    while tokens and tokens[0] in "+-*/":
        items += [tokens.pop(0), _operand(tokens, read)]
    return Group(items)


def _operand(tokens: list[str], read: Callable[[str], Any]) -> Any:
    if not tokens:
        raise ValueError("the expression ends too early")
    token = tokens.pop(0)
    if token == "-":
        inner = _operand(tokens, read)
        return Group(inner.items, not inner.negative, inner.squared) if isinstance(inner, Group) else -inner
    if token == "(":
        group = _group(tokens, read)
        if not tokens or tokens.pop(0) != ")":
            raise ValueError("unbalanced parentheses")
        if tokens and tokens[0] == "**2":
            tokens.pop(0)
            return Group(group.items, squared=True)
        return group.items[0] if len(group.items) == 1 else group
    if token in "+*/)" or token == "**2":
        raise ValueError(f"{token!r} is no operand")
    return read(token)


def next_operation(items: list[Any]) -> int:
    """Where the sign of the operation that comes first stands: the first one, but a product or quotient directly
    behind it goes before a sum. None of the operands is a group.

    >>> next_operation([2, "+", 3, "+", 4, "*", 5]), next_operation([2, "+", 4, "*", 5])
    (1, 3)
    """
    return 3 if items[1] in ("+", "-") and items[3:4] in (["*"], ["/"]) else 1


def fold(items: list[Any], apply: Callable[[Any, str, Any], Any]) -> Any:
    """The value of operands and signs in turn, none of them a group, operation by operation."""
    rest = list(items)
    while len(rest) > 1:
        at = next_operation(rest)
        rest[at - 1 : at + 2] = [apply(*rest[at - 1 : at + 2])]
    return rest[0]


def innermost(group: Group) -> tuple[Group, int, Group] | None:
    """The leftmost group without groups in it, after the one that holds it and its place there."""
    for at, item in enumerate(group.items):
        if isinstance(item, Group):
            return innermost(item) or (group, at, item)
    return None


def leaves(group: Group) -> Iterator[Any]:
    """Operands that are no groups, and signs, from left to right."""
    for item in group.items:
        if isinstance(item, Group):
            yield from leaves(item)
        else:
            yield item


def write(group: Group, show: Callable[[Any, str, str], str]) -> str:
    """The text of a group; `show` writes an operand, given the signs before and behind it (or nothing)."""
    out, items = "", ["", *group.items, ""]
    for before, item, behind in zip(items, items[1:], items[2:], strict=False):
        if isinstance(item, Group):
            out += f"{'-' * item.negative}({write(item, show)}){'**2' * item.squared}"
        else:
            out += item if isinstance(item, str) else show(item, before, behind)
    return out

"""Edits of whole statements: one too many, one forgotten (a lost update, a base case), two in the wrong order, one
inside or outside of the block it belongs to; and `edits`, which puts them together with those of expressions.

A forgotten statement can only be guessed: counters, appends, copies of the function's own statements with one name
changed, and guards with plain results. Does not cover compound statements other than guards, or two edits at once.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator

from microreason.debugging.edits import Place, _short, expression_edits
from microreason.debugging.source import Edit, FunctionNode, Source

_SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr, ast.Return, ast.Break, ast.Continue, ast.Delete)
_COPIED = (ast.Assign, ast.AugAssign, ast.Expr)
MAX_INSERTIONS = 1500


def edits(source: Source, function: FunctionNode) -> list[Edit]:
    """Every single edit of the function. Not all parse or change its syntax tree: `source.Unseen` tells."""
    place = Place(source, function)
    return [*expression_edits(place), *statement_edits(place)]


def _blocks(function: FunctionNode) -> Iterator[tuple[ast.AST, list[ast.stmt]]]:
    for node in ast.walk(function):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                yield node, block


def statement_edits(place: Place) -> Iterator[Edit]:
    """Edits of statements; some may not parse or change nothing."""
    for owner, block in _blocks(place.function):
        for statement in block:
            yield from _delete(place, block, statement)
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Yield) and statement.value.value:
                text = f"yield from {place.source.of(statement.value.value)}"
                yield place.change(statement.value, text, "wrap", "yield from")
        yield from _order(place, block)
        yield from _levels(place, owner, block)
    yield from list(_insertions(place))[:MAX_INSERTIONS]
    yield from _guards(place)


def _whole_lines(place: Place, statement: ast.stmt) -> tuple[int, int] | None:
    """The lines of a statement, None where it shares them with another."""
    source = place.source
    start, end = source.lines[statement.lineno - 1], source.lines[statement.end_lineno or statement.lineno]
    before = source.data[start : source.span(statement)[0]]
    after = source.data[source.span(statement)[1] : end].strip()
    return (start, end) if not before.strip() and (not after or after.startswith(b"#")) else None


def _is_guard(statement: ast.stmt) -> bool:
    last = statement.body[-1] if isinstance(statement, ast.If) and not statement.orelse else None
    return isinstance(last, (ast.Return, ast.Continue, ast.Break, ast.Raise))


def _delete(place: Place, block: list[ast.stmt], statement: ast.stmt) -> Iterator[Edit]:
    documentation = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    if documentation or not (isinstance(statement, _SIMPLE) or _is_guard(statement)):
        return
    lines = _whole_lines(place, statement)
    if lines is None:
        return
    kind = "base_case" if _is_guard(statement) else "update" if isinstance(statement, _COPIED) else "delete"
    ending = f" {type(statement.body[-1]).__name__}" if isinstance(statement, ast.If) else ""
    detail = f"delete {type(statement).__name__}{ending}"
    said = f"`{_short(place.source.of(statement))}` should not be there"
    if len(block) > 1:
        yield Edit(((*lines, ""),), kind, detail, "statement", statement.lineno, said)
    elif isinstance(statement, _COPIED):
        span = (*place.source.span(statement), "pass")
        yield Edit((span,), kind, detail, "statement", statement.lineno, said)


def _order(place: Place, block: list[ast.stmt]) -> Iterator[Edit]:
    for one, other in itertools.pairwise(block):
        if isinstance(one, _COPIED) and isinstance(other, _COPIED):
            of, span = place.source.of, place.source.span
            said = f"`{_short(of(one))}` should come after `{_short(of(other))}`"
            spans = ((*span(one), of(other)), (*span(other), of(one)))
            yield Edit(spans, "order", "statements", "statement", one.lineno, said)


def _indent(place: Place, statement: ast.stmt) -> str:
    start = place.source.lines[statement.lineno - 1]
    return place.source.data[start : place.source.span(statement)[0]].decode()


def _levels(place: Place, owner: ast.AST, block: list[ast.stmt]) -> Iterator[Edit]:
    """Move the last statement of an inner block out of it, or the statement after a block into it."""
    for inner, after in zip(block, [*block[1:], None], strict=False):
        if not isinstance(inner, (ast.For, ast.While, ast.If)) or inner.orelse:
            continue
        last = inner.body[-1]
        lines = _whole_lines(place, last)
        if len(inner.body) > 1 and isinstance(last, _SIMPLE) and lines:
            text = _indent(place, inner) + place.source.of(last) + "\n"
            said = f"`{_short(place.source.of(last))}` should stand after the block, not in it"
            yield Edit(((*lines, text),), "level", "out", "statement", last.lineno, said)
        if after is not None and isinstance(after, _SIMPLE) and (own := _whole_lines(place, after)):
            text = _indent(place, last) + place.source.of(after) + "\n"
            said = f"`{_short(place.source.of(after))}` should stand in the block, not after it"
            if _whole_lines(place, last):
                yield Edit(((*own, text),), "level", "in", "statement", after.lineno, said)


def _forgotten(place: Place) -> Iterator[tuple[str, str]]:
    """Statements that may be missing, with the name of their kind."""
    of = place.source.of
    numbers = {n.target.id for n in place.nodes if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name)}
    numbers |= {
        n.targets[0].id
        for n in place.nodes
        if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name) and isinstance(n.value, ast.Constant)
        and isinstance(n.value.value, int)
    }  # fmt: skip
    for name in sorted(numbers):
        yield f"{name} += 1", "v += 1"
        yield f"{name} -= 1", "v -= 1"
    copies = [n for n in place.nodes if isinstance(n, _COPIED)]
    for statement in copies:
        text = of(statement)
        if "\n" in text or (isinstance(statement, ast.Expr) and not isinstance(statement.value, (ast.Call, ast.Yield))):
            continue
        yield text, "copy"
        for old in sorted({n.id for n in ast.walk(statement) if isinstance(n, ast.Name)} & set(place.names)):
            for new in place.near(statement)[:6]:
                if new != old:
                    yield re.sub(rf"\b{old}\b", new, text), "copy renamed"
    containers = {"append": [], "add": []}  # type: dict[str, list[str]]
    for node in place.nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, value = node.targets[0].id, of(node.value)
            if isinstance(node.value, ast.List):
                containers["append"].append(name)
            elif value == "set()" or isinstance(node.value, ast.Set):
                containers["add"].append(name)
    tests = [n for n in place.nodes if isinstance(n, ast.Compare) and isinstance(n.ops[0], (ast.In, ast.NotIn))]
    sets = [n.comparators[0] for n in tests]
    containers["add"] += [n.id for n in sets if isinstance(n, ast.Name)]
    for method, names in containers.items():
        for name in dict.fromkeys(names):
            for value in place.names:
                if value != name:
                    yield f"{name}.{method}({value})", f"v.{method}(w)"
    changing = [n.id for n in place.nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    for name in dict.fromkeys(changing):
        for value in place.names:
            if value != name:
                yield f"{name} = {value}", "v = w"


def _insertions(place: Place) -> Iterator[Edit]:
    forgotten = list(dict.fromkeys(_forgotten(place)))
    for owner, block in _blocks(place.function):
        looped = "loop" if isinstance(owner, (ast.For, ast.While)) else "block"
        for i, statement in enumerate(block):
            lines = _whole_lines(place, statement)
            if lines is None:
                continue
            indent = _indent(place, statement)
            ends = isinstance(statement, (ast.Return, ast.Break, ast.Continue, ast.Raise))
            spots = ([lines[0]] if i == 0 else []) + ([] if ends else [lines[1]])
            for spot in spots:
                where = "first" if spot == lines[0] else "last" if i == len(block) - 1 else "middle"
                if not place.source.data[:spot].endswith(b"\n") and spot:
                    continue
                at = statement.lineno if where == "first" else statement.end_lineno or statement.lineno
                for text, detail in forgotten:
                    said = f"`{_short(text)}` is missing {'before' if where == 'first' else 'after'} this line"
                    span = (spot, spot, f"{indent}{text}\n")
                    yield Edit((span,), "insert", f"{detail} {where}", looped, at, said)


def _guards(place: Place) -> Iterator[Edit]:
    body = place.function.body
    documented = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and len(body) > 1
    first = body[1] if documented else body[0]
    lines = _whole_lines(place, first)
    if lines is None:
        return
    indent = _indent(place, first)
    returned = [n.value for n in place.nodes if isinstance(n, ast.Return) and n.value is not None]
    plain = [place.source.of(v) for v in returned if isinstance(v, (ast.Constant, ast.List, ast.Tuple, ast.Name))]
    empty = ["0", "1", "[]", "''", "None", "True", "False"]
    for name in place.parameters:
        results = dict.fromkeys([*plain, *empty, name])
        for test in (f"not {name}", f"{name} is None", f"{name} == 0", f"{name} <= 0", f"{name} == 1", f"{name} <= 1",
                     f"len({name}) <= 1"):  # fmt: skip
            for result in results:
                text = f"{indent}if {test}:\n{indent}    return {result}\n"
                said = f"the case `{test}` is missing: it should return `{result}`"
                detail = f"insert {test.replace(name, 'v')}"
                yield Edit(((lines[0], lines[0], text),), "base_case", detail, "statement", first.lineno, said)

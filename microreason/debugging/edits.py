"""Every small edit of a function's expressions that a person's slip could have made, or that could undo one.

One set serves both directions: an injected bug is such an edit of good code, a repair such an edit of bad code, and
the inverse of an edit is an edit. Kinds: compare, operator, boolean, negate, guard (a condition more or less),
constant, off_by_one, variable, call (a confused name of a function or method), swap, bound (slices), wrap and unwrap.
Sources for the kinds: mutation operators of mutmut and PyTER's and TBar's repair templates.
Statements (lost updates, base cases) are in statements.py. Does not cover two changes at once.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from microreason.debugging.source import Edit, FunctionNode, Source

_ORDER = ("<", "<=", ">", ">=", "==", "!=")
_COMPARE = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
    ast.In: "in", ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not",
}  # fmt: skip
_BINARY = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>",
}  # fmt: skip
_ARITHMETIC, _BITS = ("+", "-", "*", "/", "//", "%", "**"), ("&", "|", "^", "<<", ">>")
_CONFUSED = [
    {"min", "max"}, {"any", "all"}, {"sorted", "reversed", "list"}, {"set", "list", "tuple", "dict"}, {"len", "sum"},
    {"int", "float", "round", "abs", "str"}, {"append", "extend", "add", "insert"}, {"add", "update"},
    {"pop", "popleft"}, {"append", "appendleft"}, {"lstrip", "rstrip", "strip"}, {"find", "rfind", "index"},
    {"split", "rsplit"}, {"upper", "lower"}, {"startswith", "endswith"}, {"keys", "values", "items"},
    {"remove", "discard", "pop"}, {"floor", "ceil"}, {"isdigit", "isalpha", "isalnum"}, {"union", "intersection"},
    {"get", "pop", "setdefault"}, {"isinstance", "issubclass"}, {"left", "right"}, {"partition", "rpartition"},
]  # fmt: skip
_ATOMS = (
    ast.Name, ast.Constant, ast.Call, ast.Attribute, ast.Subscript, ast.List, ast.Set, ast.Dict, ast.ListComp,
)  # fmt: skip
_TIGHT = (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Attribute, ast.Subscript, ast.Await, ast.IfExp)
_MANY_NAMES = 12


class Place:
    """A function in its source, with what every kind of edit asks for."""

    def __init__(self, source: Source, function: FunctionNode):
        self.source, self.function = source, function
        arguments = function.args
        parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        self.parameters = [a.arg for a in parameters if a.arg not in ("self", "cls")]
        nodes = [node for statement in function.body for node in ast.walk(statement)]
        stored = [n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        self.names = list(dict.fromkeys([*self.parameters, *stored]))
        self.nodes = nodes
        self.attributes = {n.attr for n in nodes if isinstance(n, ast.Attribute)}
        self.mentioned = {n.id for n in nodes if isinstance(n, ast.Name)}

    def near(self, node: ast.AST) -> list[str]:
        """The names in scope, those of the same lines first, the nearest twelve."""
        line: int = node.lineno  # type: ignore[attr-defined]
        lines: dict[str, int] = {name: 1000 for name in self.names}
        for other in self.nodes:
            if isinstance(other, ast.Name) and other.id in lines:
                lines[other.id] = min(lines[other.id], abs(other.lineno - line))
        return sorted(self.names, key=lambda name: lines[name])[:_MANY_NAMES]

    def role(self, node: ast.AST) -> str:
        """Where an expression stands: index, slice, range, arg, test, compare, return, value, operand, iter …"""
        parent = self.source.parents.get(node)
        if isinstance(parent, ast.Slice):
            return "slice"
        if isinstance(parent, ast.Subscript):
            return "index" if node is parent.slice else "base"
        if isinstance(parent, ast.Call):
            name = parent.func.id if isinstance(parent.func, ast.Name) else ""
            return "callee" if node is parent.func else "range" if name in ("range", "enumerate") else "arg"
        if isinstance(parent, (ast.If, ast.While, ast.IfExp)) and node is parent.test:
            return "test"
        if isinstance(parent, (ast.For, ast.comprehension)):
            return "iter"
        names: dict[type, str] = {
            ast.Compare: "compare", ast.Return: "return", ast.Assign: "value", ast.AugAssign: "value",
            ast.BinOp: "operand", ast.UnaryOp: "operand", ast.BoolOp: "test", ast.Attribute: "base",
            ast.Tuple: "item", ast.List: "item",
        }  # fmt: skip
        return names.get(type(parent), "other")

    def change(self, node: ast.AST, text: str, kind: str, detail: str, said: str = "") -> Edit:
        """Replace a whole expression; parentheses where its surroundings would tear the new one apart."""
        start, end = self.source.span(node)
        parent = self.source.parents.get(node)
        loose = re.fullmatch(r"[\w.]+|[\w.]*[\[(][^\[\]()]*[\])]|'[^']*'", text) is None
        tight = isinstance(parent, _TIGHT) and not (isinstance(parent, ast.Subscript) and node is parent.slice)
        if loose and tight:
            text = f"({text})"
        said = said or f"`{_short(self.source.of(node))}` should be `{_short(text)}`"
        return Edit(((start, end, text),), kind, detail, self.role(node), node.lineno, said)  # type: ignore[attr-defined]

    def token(self, before: ast.AST, after: ast.AST, old: str, new: str, kind: str, whole: ast.AST) -> Edit | None:
        """Replace the operator that stands between two expressions."""
        start, end = self.source.span(before)[1], self.source.span(after)[0]
        between = self.source.data[start:end].decode()
        pattern = r"\s+".join(re.escape(part) for part in old.split())
        found = re.search(rf"(?<!\w){pattern}(?!\w)" if old[0].isalpha() else pattern, between)
        if found is None or "#" in between[: found.start()]:
            return None
        first = start + len(between[: found.start()].encode())
        said = f"`{old}` should be `{new}` in `{_short(self.source.of(whole))}`"
        span = (first, first + len(found[0].encode()), new)
        return Edit((span,), kind, f"{old} {new}", self.role(whole), before.end_lineno, said)  # type: ignore[attr-defined]


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "..."


def expression_edits(place: Place) -> Iterator[Edit]:
    """All edits of the function's expressions, in the order of the syntax tree; some may not parse or be the same."""
    for node in place.nodes:
        for find in _FINDERS.get(type(node), ()):
            yield from find(place, node)
        if isinstance(node, ast.expr):
            yield from _off_by_one(place, node)
            yield from _bounds(place, node)
        if isinstance(node, (ast.If, ast.While, ast.IfExp)):
            yield from _conditions(place, node.test)
        if isinstance(node, ast.comprehension):
            for test in node.ifs:
                yield from _conditions(place, test)


def _compare(place: Place, node: ast.Compare) -> Iterator[Edit]:
    terms = [node.left, *node.comparators]
    for i, operator in enumerate(node.ops):
        old = _COMPARE[type(operator)]
        group = next(g for g in (_ORDER, ("in", "not in"), ("is", "is not")) if old in g)
        for new in group:
            if new != old and (edit := place.token(terms[i], terms[i + 1], old, new, "compare", node)):
                yield edit


def _operator(place: Place, node: ast.BinOp) -> Iterator[Edit]:
    old = _BINARY.get(type(node.op))
    for group in (_ARITHMETIC, _BITS):
        for new in group if old in group else ():
            if old and new != old and (edit := place.token(node.left, node.right, old, new, "operator", node)):
                yield edit
    if not isinstance(node.op, (ast.Mult, ast.BitAnd, ast.BitOr, ast.BitXor)):
        left, right = place.source.of(node.left), place.source.of(node.right)
        if all(isinstance(side, _ATOMS) for side in (node.left, node.right)):
            yield place.change(node, f"{right} {old} {left}", "swap", f"operands {old}")
    for side, other in ((node.left, node.right), (node.right, node.left)):
        kind = "off_by_one" if _is_one(other) and isinstance(node.op, (ast.Add, ast.Sub)) else "unwrap"
        yield place.change(node, place.source.of(side), kind, f"drop {old}")


def _update(place: Place, node: ast.AugAssign) -> Iterator[Edit]:
    old = _BINARY.get(type(node.op))
    for group in (_ARITHMETIC, _BITS):
        for new in group if old in group else ():
            if old and new != old:
                edit = place.token(node.target, node.value, f"{old}=", f"{new}=", "operator", node)
                if edit:
                    yield edit
    if edit := place.token(node.target, node.value, f"{old}=", "=", "update", node):
        yield edit


def _assignment(place: Place, node: ast.Assign) -> Iterator[Edit]:
    target, value = node.targets[0], node.value
    if len(node.targets) > 1 or not isinstance(target, (ast.Name, ast.Attribute, ast.Subscript)):
        return
    for new in ("+=", "-=", "*="):
        if edit := place.token(target, value, "=", new, "update", node):
            yield edit
    name, text = place.source.of(target), place.source.of(value)
    for call in ("max", "min"):
        if not isinstance(value, (ast.Constant, ast.List, ast.Dict, ast.Tuple)):
            yield place.change(value, f"{call}({name}, {text})", "update", call)
    if not isinstance(value, ast.Constant):
        yield place.change(value, f"{name} + {text}", "update", "x + e")


def _boolean(place: Place, node: ast.BoolOp) -> Iterator[Edit]:
    old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
    edits = [place.token(a, b, old, new, "boolean", node) for a, b in zip(node.values, node.values[1:], strict=False)]
    known = [edit for edit in edits if edit]
    if len(known) == len(edits):
        spans = tuple(span for edit in known for span in edit.spans)
        yield Edit(spans, "boolean", f"{old} {new}", known[0].role, known[0].line, known[0].said)
    if len(node.values) == 2:
        for value in node.values:
            yield place.change(node, place.source.of(value), "guard", f"drop {old}")


def _conditions(place: Place, test: ast.expr) -> Iterator[Edit]:
    text = place.source.of(test)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield place.change(test, place.source.of(test.operand), "negate", "drop not")
    else:
        atom = isinstance(test, _ATOMS)
        yield place.change(test, f"not {text}" if atom else f"not ({text})", "negate", "add not")
    parts = [n for n in ast.walk(test) if isinstance(n, (ast.Name, ast.Attribute))]
    called = {id(n.func) for n in ast.walk(test) if isinstance(n, ast.Call)}
    own = dict.fromkeys(place.source.of(n) for n in parts if id(n) not in called)
    inner = text if not isinstance(test, ast.BoolOp) else f"({text})"
    for name in own:
        for guard, detail in ((f"not {name} or", "not v or"), (f"{name} and", "v and"),
                              (f"{name} is None or", "v is None or"), (f"{name} is not None and", "v is not None and"),
                              ):  # fmt: skip
            yield place.change(test, f"{guard} {inner}", "guard", detail)
    for name in place.names:
        if name not in own:
            yield place.change(test, f"{inner} or not {name}", "guard", "or not w")
            yield place.change(test, f"{inner} and {name}", "guard", "and w")


def _constant(place: Place, node: ast.Constant) -> Iterator[Edit]:
    value = node.value
    if isinstance(place.source.parents.get(node), (ast.Expr, ast.JoinedStr, ast.FormattedValue)):
        return
    if value is True or value is False:
        yield place.change(node, str(not value), "constant", f"{value} {not value}")
    elif isinstance(value, int):
        update = place.source.parents.get(node)
        turned = isinstance(update, ast.AugAssign) and isinstance(update.op, (ast.Add, ast.Sub))  # another operator's
        for new in dict.fromkeys([value + 1, value - 1, 0, 1, -1, 2]):
            if new != value and not (turned and new == -value):
                near = abs(new - value) == 1
                detail = f"{value} {new}" if abs(value) <= 2 else f"n n{new - value:+d}" if near else "n far"
                yield place.change(node, str(new), "off_by_one" if near else "constant", detail)
    elif value is None or isinstance(value, str):
        for text in ("None", "0", "[]", "''", "' '", "False"):
            if text != repr(value):
                yield place.change(node, text, "constant", f"{'None' if value is None else 'str'} {text}")
    role = place.role(node)
    if role in ("return", "test", "arg", "range", "compare", "index", "operand", "value"):
        for name in place.near(node):
            yield place.change(node, name, "constant", "constant name")
            if role == "return":
                for text in (f"[{name}]", f"not {name}", f"{name} == 0"):
                    yield place.change(node, text, "constant", text.replace(name, "v"))


def _container(place: Place, node: ast.List) -> Iterator[Edit]:
    if not isinstance(node.ctx, ast.Load):
        return
    text = place.source.of(node)
    yield place.change(node, f"[{text}]", "wrap", "[[]]" if not node.elts else "[e]")
    if len(node.elts) == 1 and not isinstance(node.elts[0], ast.Starred):
        yield place.change(node, place.source.of(node.elts[0]), "unwrap", "[e]")
        yield place.change(node, "[]", "constant", "[e] []")
    if not node.elts:
        for name in place.near(node):
            yield place.change(node, f"[{name}]", "constant", "[] [v]")
            if place.role(node) == "return":
                yield place.change(node, name, "constant", "constant name")


def _variable(place: Place, node: ast.Name) -> Iterator[Edit]:
    if not isinstance(node.ctx, ast.Load):
        return
    role = place.role(node)
    for words in _CONFUSED if role == "callee" else ():
        for new in sorted(words - {node.id}) if node.id in words else ():
            yield place.change(node, new, "call", f"{node.id} {new}")
    if role == "callee" or node.id not in place.names:
        return
    near = place.near(node)
    for rank, name in enumerate(name for name in near if name != node.id):
        same = "parameter" if (name in place.parameters) == (node.id in place.parameters) else "other"
        yield place.change(
            node, name, "variable", f"{'nearest' if rank == 0 else 'near' if rank < 3 else 'far'} {same}"
        )


def _attribute(place: Place, node: ast.Attribute) -> Iterator[Edit]:
    if not isinstance(node.ctx, ast.Load):
        return
    base = place.source.of(node.value)
    called = place.role(node) == "callee"
    confused = set().union(*(words for words in _CONFUSED if node.attr in words)) if called else set()
    for new in sorted(confused - {node.attr}):
        yield place.change(node, f"{base}.{new}", "call", f"{node.attr} {new}")
    for new in sorted(place.attributes - confused - {node.attr})[:_MANY_NAMES]:
        yield place.change(node, f"{base}.{new}", "call", "attribute")
    if not called:
        yield place.change(node, base, "unwrap", "attribute")


def _call(place: Place, node: ast.Call) -> Iterator[Edit]:
    of = place.source.of
    arguments = [argument for argument in node.args if not isinstance(argument, ast.Starred)]
    for i, one in enumerate(arguments):
        for other in arguments[i + 1 :]:
            spans = ((*place.source.span(one), of(other)), (*place.source.span(other), of(one)))
            said = f"the arguments `{_short(of(one))}` and `{_short(of(other))}` should be swapped"
            own = isinstance(node.func, ast.Name) and node.func.id == place.function.name
            yield Edit(spans, "swap", "own arguments" if own else "arguments", place.role(node), one.lineno, said)
    if len(node.args) == 1 and not node.keywords and isinstance(node.func, ast.Name):
        yield place.change(node, of(node.args[0]), "unwrap", "call")
    if isinstance(node.func, ast.Name) and node.func.id == "range":
        if len(arguments) == 1:
            yield place.change(node, f"range(1, {of(arguments[0])})", "bound", "range start")
        elif len(arguments) == 2:
            yield place.change(node, f"range({of(arguments[1])})", "bound", "range drop")
            yield place.change(node, f"range({of(arguments[0])})", "bound", "range first")


def _tuple(place: Place, node: ast.Tuple) -> Iterator[Edit]:
    if len(node.elts) == 2:
        one, other = node.elts
        of = place.source.of
        spans = ((*place.source.span(one), of(other)), (*place.source.span(other), of(one)))
        said = f"`{_short(of(one))}` and `{_short(of(other))}` should be swapped"
        yield Edit(spans, "swap", "items", place.role(node), one.lineno, said)


def _choice(place: Place, node: ast.IfExp) -> Iterator[Edit]:
    of = place.source.of
    spans = ((*place.source.span(node.body), of(node.orelse)), (*place.source.span(node.orelse), of(node.body)))
    yield Edit(spans, "swap", "choices", place.role(node), node.lineno, "the two choices should be swapped")


def _negative(place: Place, node: ast.UnaryOp) -> Iterator[Edit]:
    if isinstance(node.op, (ast.USub, ast.Not)):
        sign = "-" if isinstance(node.op, ast.USub) else "not"
        yield place.change(node, place.source.of(node.operand), "unwrap", sign)


def _is_one(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1 and node.value is not True


_COUNTED = (ast.Name, ast.Attribute, ast.Call, ast.BinOp, ast.Subscript)
_COUNTING = ("index", "slice", "range", "compare", "return", "value", "arg", "operand")


def _off_by_one(place: Place, node: ast.expr) -> Iterator[Edit]:
    role = place.role(node)
    if not isinstance(node, _COUNTED) or not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        return
    text = place.source.of(node)
    if role in _COUNTING:
        for new in ("+ 1", "- 1"):
            yield place.change(node, f"{text} {new}", "off_by_one", new)
    if role in ("compare", "arg", "return", "range", "index", "value") and isinstance(node, ast.Name):
        for name in place.near(node)[:6]:
            for sign in ("-", "+") if name != node.id else ():
                yield place.change(node, f"{text} {sign} {name}", "wrap", f"e {sign} v")
        yield place.change(node, f"{text} ** 2", "wrap", "e ** 2")
    if role in ("operand", "compare") and isinstance(node, ast.Name):
        yield place.change(node, f"len({text})", "wrap", "len(e)")


def _bounds(place: Place, node: ast.expr) -> Iterator[Edit]:
    """Slices: e, e[1:], e[:-1], e[v:], e[:v], and the bounds of those that are there."""
    role = place.role(node)
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        base = place.source.of(node.value)
        yield place.change(node, base, "bound" if isinstance(node.slice, ast.Slice) else "unwrap", "drop subscript")
        if isinstance(node.slice, ast.Slice) and node.slice.step is None:
            low, high = (place.source.of(b) if b else "" for b in (node.slice.lower, node.slice.upper))
            for text in dict.fromkeys([f"[{low}:]", f"[:{high}]", f"[{low}:{high or -1}]", f"[{low or 1}:{high}]"]):
                if text != f"[{low}:{high}]":
                    yield place.change(node, base + text, "bound", "slice")
    names = (ast.Name, ast.Attribute)
    if isinstance(node, names) and isinstance(node.ctx, ast.Load) and role in ("arg", "iter", "return", "operand"):
        text = place.source.of(node)
        yield place.change(node, f"{text}[1:]", "bound", "e[1:]")
        yield place.change(node, f"{text}[:-1]", "bound", "e[:-1]")
        for name in place.near(node)[:5]:
            if name != text:
                yield place.change(node, f"{text}[{name}:]", "bound", "e[v:]")
                yield place.change(node, f"{text}[:{name}]", "bound", "e[:v]")


_FINDERS: dict[type, tuple] = {
    ast.Compare: (_compare,), ast.BinOp: (_operator,), ast.AugAssign: (_update,), ast.Assign: (_assignment,),
    ast.BoolOp: (_boolean,), ast.Constant: (_constant,), ast.List: (_container,), ast.Name: (_variable,),
    ast.Attribute: (_attribute,), ast.Call: (_call,), ast.Tuple: (_tuple,), ast.IfExp: (_choice,),
    ast.UnaryOp: (_negative,),
}  # fmt: skip

"""A small interpreter of plain Python that runs nothing: it follows a function's syntax tree and writes what changes.

It knows numbers, strings, lists, tuples, dicts, sets, ranges, functions, and parts of `math`, with limits on steps
and sizes. Code that does anything else (classes, other modules, unknown methods) is not followed: `follow` gives None.
Lines are ` name=value` for each assignment and loop variable, ` name[key]=value`, the whole list or dict after
a method changed it, and ` return value`. Does not cover what a condition was; the lines after it show that.
"""

import ast
import math
import operator
from collections import ChainMap
from functools import lru_cache

_STEPS, _SIZE, _LINES, _VALUE = 8_000, 2_000, 2_400, 120
_PLAIN = (int, float, str, bool, type(None), list, tuple, dict, range)
_BUILTINS = {f.__name__: f for f in (len, int, float, str, list, set, abs, sum, max, min, round, enumerate, sorted, zip,
             tuple, all, any, ord, chr, dict, bool, divmod, reversed, isinstance)}  # fmt: skip
_ORDERLESS = ("len", "set", "sum", "max", "min", "sorted", "all", "any", "bool", "isinstance")
_METHODS = {
    str: "split join strip lstrip rstrip lower upper title replace startswith endswith find count index isdigit "
    "isalpha isalnum islower isupper isspace",
    list: "append extend pop insert remove index count sort reverse copy",
    dict: "get items keys values pop update setdefault copy",
    set: "add remove discard union intersection difference copy issubset",
    tuple: "index count",
}
_MATH = (
    "sqrt floor ceil sin cos tan asin acos atan atan2 exp log log10 log2 gcd radians degrees fabs hypot isclose trunc "
    "pi e inf"
)
_BINARY = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_, ast.BitXor: operator.xor, ast.LShift: operator.lshift, ast.RShift: operator.rshift,
}  # fmt: skip
_COMPARE = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.Is: operator.is_, ast.IsNot: operator.is_not,
    ast.In: lambda a, b: a in b, ast.NotIn: lambda a, b: a not in b,
}  # fmt: skip
_UNARY = {ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Not: operator.not_, ast.Invert: operator.invert}


class _Unknown(Exception):
    pass


class _Return(Exception):
    pass


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


def _sized(value):
    if isinstance(value, int) and value.bit_length() > 300:
        raise _Unknown("large number")
    if isinstance(value, (str, list, tuple, dict, set, range)) and len(value) > _SIZE:
        raise _Unknown("large value")
    return value


def _ordered(value):
    """A set of strings has another order in every process."""
    if isinstance(value, set) and any(not isinstance(v, (int, float)) for v in value):
        raise _Unknown("order of a set")
    return value


def _weight(value):
    """How many plain values stand in a value, or more than may be written."""
    if not isinstance(value, _PLAIN):
        return _VALUE + 1
    total = 1
    inner = value.items() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    for item in inner:
        total += _weight(item)
        if total > _VALUE:
            break
    return total


class _Function:
    def __init__(self, run, node, scope):
        self.run, self.node, self.scope = run, node, scope
        names = node.args
        if names.vararg or names.kwarg or names.kwonlyargs or names.posonlyargs or getattr(node, "decorator_list", ()):
            raise _Unknown("arguments")
        self.names = [a.arg for a in names.args]
        self.defaults = [run.value(d, scope) for d in names.defaults]

    def __call__(self, *values, **named):
        start = len(self.names) - len(self.defaults)
        given = dict(zip(self.names[start:], self.defaults, strict=True)) | dict(zip(self.names, values, strict=False))
        given |= named
        if set(given) != set(self.names) or len(values) > len(self.names) or self.run.depth > 40:
            raise _Unknown("call")
        scope = self.scope.new_child(given)
        if isinstance(self.node, ast.Lambda):
            return self.run.value(self.node.body, scope)
        depth, result = self.run.depth, None
        self.run.depth += 1
        try:
            self.run.block(self.node.body, scope)
        except _Return as end:
            result = end.args[0]
        self.run.depth = depth + 1
        self.run.write("return ", result)
        self.run.depth = depth
        return result


class _Run:
    def __init__(self):
        self.lines, self.depth, self.steps = [], 0, 0

    def write(self, name, value):
        if _weight(value) <= _VALUE and len(text := repr(value)) <= _VALUE:
            self.lines.append((self.depth, f" {name}{text}"))

    def tick(self):
        self.steps += 1
        if self.steps > _STEPS:
            raise _Unknown("too long")

    def block(self, body, scope):
        for node in body:
            self.tick()
            kind = type(node).__name__.lower()
            if not hasattr(self, f"do_{kind}"):
                raise _Unknown(kind)
            getattr(self, f"do_{kind}")(node, scope)

    def assign(self, target, value, scope):
        if isinstance(target, ast.Name):
            scope.maps[0][target.id] = value
            self.write(f"{target.id}=", value)
        elif isinstance(target, ast.Subscript):
            holder, key = self.value(target.value, scope), self.value(target.slice, scope)
            holder[key] = value
            self.write(f"{ast.unparse(target.value)}[{key!r}]=", value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            for part, item in zip(target.elts, _ordered(value), strict=True):
                self.assign(part, item, scope)
        else:
            raise _Unknown("target")

    def do_assign(self, node, scope):
        value = self.value(node.value, scope)
        for target in node.targets:
            self.assign(target, value, scope)

    def do_annassign(self, node, scope):
        self.assign(node.target, self.value(node.value, scope), scope)

    def do_augassign(self, node, scope):
        before = self.value(node.target, scope)
        self.assign(node.target, self.binary(node.op, before, self.value(node.value, scope)), scope)

    def do_if(self, node, scope):
        self.block(node.body if self.value(node.test, scope) else node.orelse, scope)

    def loop(self, body, scope):
        """One pass; True where the loop ends."""
        try:
            self.block(body, scope)
        except _Break:
            return True
        except _Continue:
            pass
        return False

    def do_while(self, node, scope):
        self.depth += 1
        while self.value(node.test, scope):
            self.tick()
            if self.loop(node.body, scope):
                break
        else:
            self.block(node.orelse, scope)
        self.depth -= 1

    def do_for(self, node, scope):
        self.depth += 1
        for item in _ordered(self.value(node.iter, scope)):
            self.tick()
            self.assign(node.target, item, scope)
            if self.loop(node.body, scope):
                break
        else:
            self.block(node.orelse, scope)
        self.depth -= 1

    def do_return(self, node, scope):
        raise _Return(self.value(node.value, scope) if node.value else None)

    def do_break(self, node, scope):
        raise _Break

    def do_continue(self, node, scope):
        raise _Continue

    def do_assert(self, node, scope):
        if not self.value(node.test, scope):
            raise _Unknown("assert")

    def do_pass(self, node, scope):
        pass

    def do_functiondef(self, node, scope):
        scope.maps[0][node.name] = _Function(self, node, scope)

    def do_import(self, node, scope):
        pass

    def do_importfrom(self, node, scope):
        for alias in node.names if node.module == "math" else ():
            if alias.name in _MATH.split():
                scope.maps[0][alias.asname or alias.name] = getattr(math, alias.name)

    def do_expr(self, node, scope):
        self.value(node.value, scope)
        call = node.value
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and isinstance(call.func.value, ast.Name)
        ):
            self.write(f"{call.func.value.id}=", scope.get(call.func.value.id))

    def binary(self, op, left, right):
        numbers = isinstance(left, (int, float)) and isinstance(right, (int, float))
        if not numbers and isinstance(op, (ast.Mod, ast.Pow, ast.LShift)):
            raise _Unknown("operator")
        if isinstance(op, (ast.Pow, ast.LShift)) and abs(right) > 200:
            raise _Unknown("large power")
        if isinstance(op, ast.Mult) and not numbers:
            size, times = (len(left), right) if isinstance(right, int) else (len(right), left)
            if size * times > _SIZE:
                raise _Unknown("large value")
        return _sized(_BINARY[type(op)](_sized(left), _sized(right)))

    def value(self, node, scope):
        self.tick()
        kind = type(node).__name__.lower()
        if not hasattr(self, f"get_{kind}"):
            raise _Unknown(kind)
        return _sized(getattr(self, f"get_{kind}")(node, scope))

    def get_constant(self, node, scope):
        return node.value

    def get_name(self, node, scope):
        if node.id in scope:
            return scope[node.id]
        if node.id in _BUILTINS:
            return _BUILTINS[node.id]
        raise _Unknown(node.id)

    def get_binop(self, node, scope):
        return self.binary(node.op, self.value(node.left, scope), self.value(node.right, scope))

    def get_unaryop(self, node, scope):
        return _UNARY[type(node.op)](self.value(node.operand, scope))

    def get_boolop(self, node, scope):
        for part in node.values:
            value = self.value(part, scope)
            if bool(value) == isinstance(node.op, ast.Or):
                break
        return value

    def get_compare(self, node, scope):
        left = self.value(node.left, scope)
        for op, part in zip(node.ops, node.comparators, strict=True):
            right = self.value(part, scope)
            if not _COMPARE[type(op)](left, right):
                return False
            left = right
        return True

    def get_ifexp(self, node, scope):
        return self.value(node.body if self.value(node.test, scope) else node.orelse, scope)

    def get_list(self, node, scope):
        return [self.value(e, scope) for e in node.elts]

    def get_tuple(self, node, scope):
        return tuple(self.value(e, scope) for e in node.elts)

    def get_set(self, node, scope):
        return {self.value(e, scope) for e in node.elts}

    def get_dict(self, node, scope):
        return {self.value(k, scope): self.value(v, scope) for k, v in zip(node.keys, node.values, strict=True)}

    def get_subscript(self, node, scope):
        return self.value(node.value, scope)[self.value(node.slice, scope)]

    def get_slice(self, node, scope):
        return slice(*(part and self.value(part, scope) for part in (node.lower, node.upper, node.step)))

    def get_lambda(self, node, scope):
        return _Function(self, node, scope)

    def get_joinedstr(self, node, scope):
        parts = []
        for part in node.values:
            if isinstance(part, ast.Constant):
                parts.append(str(part.value))
            else:
                value, spec = self.value(part.value, scope), part.format_spec and self.value(part.format_spec, scope)
                if part.conversion != -1 or not isinstance(value, (int, float, str)) or len(spec or "") > 3:
                    raise _Unknown("format")
                parts.append(format(value, spec or ""))
        return "".join(parts)

    def passes(self, generators, scope):
        """The scopes in which a comprehension's element is evaluated."""
        if not generators:
            yield scope
            return
        first, *rest = generators
        for item in _ordered(self.value(first.iter, scope)):
            self.tick()
            inner = scope.new_child()
            kept = len(self.lines)
            self.assign(first.target, item, inner)
            del self.lines[kept:]
            if all(self.value(test, inner) for test in first.ifs):
                yield from self.passes(rest, inner)

    def get_listcomp(self, node, scope):
        return [self.value(node.elt, inner) for inner in self.passes(node.generators, scope)]

    get_generatorexp = get_listcomp

    def get_setcomp(self, node, scope):
        return set(self.get_listcomp(node, scope))

    def get_dictcomp(self, node, scope):
        inner = self.passes(node.generators, scope)
        return {self.value(node.key, s): self.value(node.value, s) for s in inner}

    def get_attribute(self, node, scope):
        if isinstance(node.value, ast.Name) and node.value.id == "math" and "math" not in scope:
            if node.attr in _MATH.split():
                return getattr(math, node.attr)
            raise _Unknown("math")
        holder = self.value(node.value, scope)
        if node.attr not in _METHODS.get(holder.__class__, "").split():
            raise _Unknown(node.attr)
        return getattr(holder, node.attr)

    def get_call(self, node, scope):
        if isinstance(node.func, ast.Name) and node.func.id == "range" and "range" not in scope:
            return range(*(self.value(a, scope) for a in node.args))
        call = self.value(node.func, scope)
        values = [self.value(a, scope) for a in node.args]
        named = {k.arg: self.value(k.value, scope) for k in node.keywords}
        if not isinstance(call, _Function) and getattr(call, "__name__", "") not in _ORDERLESS:
            values = [_ordered(v) for v in values]
        return _sized(call(*values, **named))


@lru_cache(maxsize=8)
def follow(code, inputs):
    """The result and the lines of `main_solution` for inputs given as the text of a dict; None where not followed.

    The lines are all, or those outside loops and inner functions where all are too long; none where those are.
    """
    run, scope = _Run(), ChainMap({})
    try:
        run.block(ast.parse(code).body, scope)
        run.lines, run.depth = [], -1
        result = scope["main_solution"](**ast.literal_eval(inputs))
    except Exception:  # what the code would raise, or what is not known here
        return None
    for most in (99, 0):
        lines = [text for depth, text in run.lines if depth <= most]
        if sum(map(len, lines)) <= _LINES:
            return result, lines
    return result, []

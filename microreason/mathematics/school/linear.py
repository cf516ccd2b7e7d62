"""Linear equations with one unknown, and pairs of them with two: algebra__linear_1d and algebra__linear_2d.

Unknowns go to the left and constants to the right; where there are several terms of a kind, each kind has a chain
(`w:424+428-853=852-853=-(853-852)=-1`, `f:1`, `1:17`), and the tidy equation follows: `-w+f=17`. Of a pair, the
coefficients of one unknown (`f:1,-24`) tell which multiple of the second is added to which of the first, or taken from
it, so that this unknown goes: `24(1)+(2)`. A quotient is found digit by
digit. Does not cover values that are no whole numbers, equations that do not determine their unknowns, three unknowns.
"""

from __future__ import annotations

import re
from fractions import Fraction
from math import gcd

from microreason.mathematics.school.expressions import add_up
from microreason.mathematics.school.numbers import Solver
from microreason.mathematics.school.terms import flat, parse
from microreason.tasks.arithmetic.written import division, euclid, product, signed_sum, subtractions

Equation = dict[str, int]
"""Coefficient of each unknown (left of the sign of equality); that of "" is the constant on the right."""

_QUESTION = re.compile(r"Solve (.+) for ([a-z])\.")


def _terms(side: str) -> list[tuple[str, int]]:
    """Unknown ("" for a constant) and coefficient of each term."""
    out = []
    for monomial, value in flat(parse(side)):
        if value.denominator > 1 or sum(power for _, power in monomial) > 1:
            raise ValueError(f"no linear terms with whole coefficients in {side!r}")
        out.append((monomial[0][0] if monomial else "", int(value)))
    return out


def tidy(equation: str, names: list[str]) -> tuple[list[str], Equation]:
    """Lines that bring unknowns to the left and constants to the right, the last the tidy equation.

    >>> tidy("424*w + 428*w = 853*w - f + 17", ["w", "f"])[0]
    ['w:424+428-853=852-853=-(853-852)=-001=-1', 'f:1', '1:17', '-w+f=17']
    """
    left, equals, right = equation.replace(" ", "").partition("=")
    if not equals:
        raise ValueError(f"{equation!r} is no equation")
    kinds: dict[str, list[int]] = {name: [] for name in [*names, ""]}
    for side, sign in ((left, 1), (right, -1)):
        for name, value in _terms(side):
            kinds.setdefault(name, []).append(sign * value if name else -sign * value)
    kinds = {name: [value for value in values if value] for name, values in kinds.items()}
    lines, out = [], {}
    for name, values in kinds.items():
        line, out[name] = add_up(values or [0])
        lines += [f"{name or 1}:{line}"] * bool(values)
    if all(len(values) < 2 for values in kinds.values()):
        lines = []
    return [*lines, show(out, names)], {name: value for name, value in out.items() if value or not name}


def show(equation: Equation, names: list[str]) -> str:
    """A tidy equation such as `-w+24*f=17`."""
    text = ""
    for name in names:
        if value := equation.get(name, 0):
            text += f"{value:+}*{name}" if abs(value) > 1 else f"{value:+}"[0] + name
    return f"{text.removeprefix('+') or '0'}={equation['']}"


def quotient(top: int, bottom: int) -> tuple[list[str], int]:
    """Lines for an exact quotient of numbers with signs, the last such as `138/(-69)=-2`. Raises ValueError."""
    if not bottom or top % bottom:
        raise ValueError("no whole number")
    a, b = abs(top), abs(bottom)
    lines = subtractions(a, b) if b > 99 else [division(a, b)] if a and b > 2 and (b > 9 or a > 99) else []
    return [*lines, f"{top}/{bottom if bottom > 0 else f'({bottom})'}={top // bottom}"], top // bottom


def _unknown(name: str, equation: Equation) -> tuple[list[str], int]:
    """Lines for the only unknown of an equation, the last such as `w=2`, and its value."""
    coefficient, constant = equation[name], equation[""]
    if coefficient == 1:
        return [], constant
    if coefficient == -1:
        return [f"{name}={-constant}"], -constant
    lines, value = quotient(constant, coefficient)
    return [*lines, f"{name}={value}"], value


def times(lines: list[str], left: int, right: int) -> int:
    """A product; its lines have no signs, and a factor 1 or 0 needs none."""
    a, b = max(abs(left), abs(right)), min(abs(left), abs(right))
    lines += product(a, b) if b > 1 else []
    return left * right


def _combine(lines: list[str], left: int, right: int, sign: str) -> int:
    """`left` plus or minus `right`."""
    sign = "-" if (right < 0) != (sign == "-") else "+"
    line, value = signed_sum(left, sign, abs(right))
    lines.append(line if left and right else f"{left}{sign}{abs(right)}={value}")
    return value


def _eliminate(first: Equation, second: Equation, gone: str, name: str) -> tuple[list[str], Equation]:
    """Lines that free a pair of equations of the unknown `gone`, and the equation of `name`."""
    a, b = abs(first[gone]), abs(second[gone])
    lines, common = euclid(a, b) if min(a, b) > 1 and max(a, b) > 9 else ([], gcd(a, b))
    lines.insert(0, f"{gone}:{first[gone]},{second[gone]}")
    if common > 1 and len(lines) > 1:
        lines += [f"{n}/{common}={n // common}" for n in (b, a) if n > common]
    p, q = b // common, a // common
    sign = "-" if (first[gone] > 0) == (second[gone] > 0) else "+"
    lines.append(f"{p if p > 1 else ''}(1){sign}{q if q > 1 else ''}(2)")
    out = {}
    for kind in (name, ""):
        start, label = len(lines), f"{kind or 1}:"
        out[kind] = _combine(lines, times(lines, first[kind], p), times(lines, second[kind], q), sign)
        if len(lines) > start + 1:
            left, right = (f"{e[kind]}" + f"*{n}" * (n > 1) for e, n in ((first, p), (second, q)))
            lines.insert(start, f"{label}{left}{sign}{right}")
        else:
            lines[start] = label + lines[start]
    return [*lines, show(out, [name])], out


def _insert(equation: Equation, known: str, value: int, name: str) -> tuple[list[str], Equation]:
    """Lines that put a value into an equation, and what is left of it for `name`."""
    if known not in equation:
        return [], equation
    lines = [show(equation, [known, name]).replace(known, f"({value})" if value < 0 else f"{value}", 1)]
    factor = equation[known]
    part = times(lines, factor if value > 0 else -factor, abs(value))
    out = {name: equation[name], "": _combine(lines, equation[""], part, "-")}
    return [*lines, show(out, [name])], out


def _pair(first: Equation, second: Equation, names: list[str], wanted: str | None) -> tuple[list[str], dict[str, int]]:
    x, y = names if wanted != names[1] else names[::-1]
    alone = [e for e in (first, second) if len(e) == 2]
    values: dict[str, int] = {}
    if alone:
        known = next(name for name in alone[0] if name)
        lines, values[known] = _unknown(known, alone[0])
        rest = second if alone[0] is first else first
    else:
        lines, equation = _eliminate(first, second, y, x)
        if not equation[x]:
            raise ValueError("the equations do not determine their unknowns")
        more, values[x] = _unknown(x, equation)
        lines, known = lines + more, x
        rest = min(first, second, key=lambda e: abs(e[y]))
    if wanted != known:
        other = y if known == x else x
        if other not in rest:
            raise ValueError("the equations do not determine their unknowns")
        more, equation = _insert(rest, known, values[known], other)
        last, values[other] = _unknown(other, equation)
        lines += more + last
    return lines, values


def solve_linear(equations: list[str], wanted: str | None = None) -> tuple[list[str], dict[str, Fraction]]:
    """Lines that solve one equation or a pair, and the values of all unknowns.

    With `wanted`, the lines end as soon as the value of that unknown is known, and others may be left out.
    Raises ValueError.

    >>> solve_linear(["3*u = 2*i - 15", "-4*u - i = -3*u"], "u")[0]
    ['3*u-2*i=-15', 'u:-4+3=-(4-3)=-1', 'i:-1', '-u-i=0', 'i:-2,-1', '(1)-2(2)', 'u:3+2=5', '1:-15-0=-15', '5*u=-15', \
'-15/5=-3', 'u=-3']
    """
    names = list(dict.fromkeys(re.findall("[a-z]", " ".join(equations))))
    lines: list[str] = []
    tidied: list[Equation] = []
    for equation in equations:
        more, read = tidy(equation, names)
        lines += more
        tidied.append(read)
    names = [name for name in names if any(name in equation for equation in tidied)]
    if len(names) != len(equations) or (wanted and wanted not in names) or any(len(read) == 1 for read in tidied):
        raise ValueError("the equations do not determine their unknowns")
    if len(names) == 1:
        more, value = _unknown(names[0], tidied[0])
        values = {names[0]: value}
    elif len(names) == 2:
        more, values = _pair(tidied[0], tidied[1], names, wanted)
    else:
        raise ValueError("more than two unknowns")
    return lines + more, {name: Fraction(value) for name, value in values.items()}


def _linear(text: str) -> tuple[list[str], str]:
    found = _QUESTION.fullmatch(text)
    if not found:
        raise ValueError("no question about linear equations")
    lines, values = solve_linear(found[1].split(", "), found[2])
    return lines, str(values[found[2]])


SOLVERS: dict[str, Solver] = {
    "algebra__linear_1d": _linear,
    "algebra__linear_2d": _linear,
}

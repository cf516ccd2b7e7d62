"""Polynomials in one letter: collecting terms, expanding products, naming a coefficient, powers of powers, derivatives.

polynomials__collect, __expand, __coefficient_named, __simplify_power and calculus__differentiate (this one in several
letters). The exponents of `(x**2/x)**3` are an expression of numbers: `(2-1)*3`. A derivative is found term by term.
Does not cover functions and letters that other sentences define (definitions.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from microreason.mathematics.school.expressions import Number, operate
from microreason.mathematics.school.numbers import Solver
from microreason.mathematics.school.terms import (
    Polynomial,
    expand,
    flat,
    name_of,
    ordered,
    parse,
    put_together,
    say,
    show,
    total,
)

ORDINALS = {"first": 1, "second": 2, "third": 3}
_POWERS = re.compile(r"\*\*(?:\d+|\(-?\d+(?:/\d+)?\))|[a-z]|[*/()]")
_DERIVATIVE = re.compile(
    r"(?:Find the|What is the|Differentiate) ?(?:(first|second|third) derivative of|derivative of)? ?"
    r"(.+?)(?: (?:wrt|with respect to) ([a-z]))?[.?]"
)


def read(pattern: str | re.Pattern[str], text: str) -> re.Match[str]:
    """The match of a whole text. Raises ValueError."""
    if not (found := re.fullmatch(pattern, text)):
        raise ValueError(f"cannot read {text!r}")
    return found


def _expand(text: str) -> tuple[list[str], str]:
    lines: list[str] = []
    out = expand(lines, parse(read(r"(?:Expand|Collect the terms in) (.+)\.", text)[1]))
    return lines, show(out, " ")


def _coefficient_named(text: str) -> tuple[list[str], str]:
    """Only the terms of the power asked for are added, where there are no parentheses."""
    found = read(r"(?:Express|Rearrange) (.+?) (?:as|in the form|to the form|to) (.+) and give ([a-z])\.", text)
    name = found[3]
    wanted = next((term for term in parse(found[2]) if (name, 1) in term.monomial), None)
    if wanted is None:
        raise ValueError(f"no coefficient {name}")
    monomial = tuple(part for part in wanted.monomial if part[0] != name)
    lines: list[str] = []
    terms = parse(found[1])
    if any(term.factors for term in terms):
        terms_left = ordered(expand(lines, terms))
    else:
        terms_left = flat(terms)
    lines.append("*".join([name, *[name_of(monomial)] * bool(monomial)]))
    values = [value for other, value in terms_left if other == monomial and value] or [Fraction(0)]
    value = total(lines, values, f"{name_of(monomial)}:")
    lines.append(f"{name}={value}")
    return lines, str(value)


@dataclass
class Scaled:
    """A sum of exponents in parentheses, with a sign before it and a factor behind it."""

    sign: int
    inner: Exponents
    factor: Fraction | None


Exponents = list[Fraction | Scaled]


def _exponents(tokens: list[str]) -> Exponents:
    """The exponents of a messy power, products as sums and quotients as differences, up to a closing parenthesis."""
    out: Exponents = []
    sign = 1
    while tokens and (token := tokens.pop(0)) != ")":
        if token in "*/":
            sign = 1 if token == "*" else -1
        elif token == "(":
            inner = _exponents(tokens)
            out.append(Scaled(sign, inner, _exponent(tokens)))
        elif token.isalpha():
            power = _exponent(tokens)
            out.append(sign * (Fraction(1) if power is None else power))
        else:
            raise ValueError(f"cannot read {token!r} in a power")
    return out


def _exponent(tokens: list[str]) -> Fraction | None:
    """What follows `**` at the start of the tokens, if anything."""
    return Fraction(tokens.pop(0)[2:].strip("()")) if tokens and tokens[0].startswith("**") else None


def _write(exponents: Exponents) -> str:
    text = ""
    for item in exponents:
        if isinstance(item, Scaled):
            factor = "" if item.factor is None else f"*{_operand(item.factor)}"
            sign, body = item.sign, f"({_write(item.inner)}){factor}"
        else:
            sign, body = -1 if item < 0 else 1, _operand(abs(item))
        text += ("-" if sign < 0 else "+" * bool(text)) + body
    return text


def _operand(value: Fraction) -> str:
    return str(value) if value >= 0 and value.denominator == 1 else f"({value})"


def _sum(lines: list[str], values: list[Fraction]) -> Fraction:
    """The sum of some exponents: whole numbers first, then fractions, one after the other."""
    whole = [value for value in values if value.denominator == 1]
    parts = [value for value in values if value.denominator > 1]
    if whole and (number := whole[0] if len(whole) == 1 else total(lines, whole)):
        parts.append(number)
    out = parts[0] if parts else Fraction(0)
    for part in parts[1:]:
        out = operate(Number(out), "-" if part < 0 else "+", Number(abs(part)), lines).value
    return out


def _without_innermost(lines: list[str], exponents: Exponents) -> Exponents:
    """The exponents with each parenthesis that has no other in it worked out."""
    out: Exponents = []
    for item in exponents:
        if not isinstance(item, Scaled):
            out.append(item)
        elif any(isinstance(inner, Scaled) for inner in item.inner):
            out.append(Scaled(item.sign, _without_innermost(lines, item.inner), item.factor))
        else:
            value = _sum(lines, [inner for inner in item.inner if isinstance(inner, Fraction)])
            if item.factor is not None:
                value = operate(Number(value), "*", Number(item.factor), lines).value if value != 1 else item.factor
            out.append(item.sign * value)
    return out


def _power(letter: str, exponent: Fraction) -> str:
    """A letter to a rational power as the answers write it."""
    if exponent in (0, 1):
        return letter if exponent else "1"
    if abs(exponent) == Fraction(1, 2):
        return f"sqrt({letter})" if exponent > 0 else f"1/sqrt({letter})"
    if exponent == -1:
        return f"1/{letter}"
    return f"{letter}**{exponent}" if exponent.denominator == 1 and exponent > 0 else f"{letter}**({exponent})"


def _simplify_power(text: str) -> tuple[list[str], str]:
    found = read(r"Simplify (.+) assuming ([a-z]) is positive\.", text)
    exponents = _exponents(_POWERS.findall(found[1]))
    lines = [_write(exponents)]
    while any(isinstance(item, Scaled) for item in exponents):
        exponents = _without_innermost(lines, exponents)
        if len(exponents) > 1 or isinstance(exponents[0], Scaled):
            say(lines, _write(exponents))
    value = _sum(lines, [item for item in exponents if isinstance(item, Fraction)])
    say(lines, str(value))
    return lines, _power(found[2], value)


def _factorial_times(lines: list[str], value: Fraction, factors: list[int]) -> Fraction:
    """A coefficient times the exponents that come down, one after the other; a fraction times their product."""
    if value.denominator > 1 and len(factors) > 1:
        factors = [int(_factorial_times(lines, Fraction(factors[0]), factors[1:]))]
    for factor in factors:
        if factor > 1 and abs(value) != 1:
            operate(Number(value), "*", Number(Fraction(factor)), lines)
        value *= factor
    return value


def derivative(lines: list[str], polynomial: Polynomial, letter: str, order: int) -> Polynomial:
    """The derivative of a polynomial; for each power that has one, lines with its name and its coefficient.

    >>> lines, x = [], (("x", 3),)
    >>> _ = derivative(lines, {x: Fraction(-5), (): Fraction(7)}, "x", 2)
    >>> lines
    ['x**3:-5', '(-5)*3=-15', '(-15)*2=-30']
    """
    out: Polynomial = {}
    for monomial, value in ordered(polynomial):
        power = dict(monomial).get(letter, 0)
        if power >= order:
            left = dict(monomial) | {letter: power - order}
            key = tuple((other, n) for other, n in sorted(left.items()) if n)
            lines.append(f"{name_of(monomial)}:{value}")
            out[key] = _factorial_times(lines, value, list(range(power, power - order, -1)))
    return out


def _differentiate(text: str) -> tuple[list[str], str]:
    found = read(_DERIVATIVE, text)
    lines: list[str] = []
    polynomial = put_together(lines, flat(parse(found[2])))
    letters = {letter for monomial in polynomial for letter, _ in monomial}
    if found[3] is None and len(letters) != 1:
        raise ValueError("more than one letter, or none")
    out = derivative(lines, polynomial, found[3] or letters.pop(), ORDINALS[found[1] or "first"])
    return [*lines, show(out)], show(out, " ")


SOLVERS: dict[str, Solver] = {
    "polynomials__collect": _expand,
    "polynomials__expand": _expand,
    "polynomials__coefficient_named": _coefficient_named,
    "polynomials__simplify_power": _simplify_power,
    "calculus__differentiate": _differentiate,
}

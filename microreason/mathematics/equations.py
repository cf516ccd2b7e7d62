"""Expressions of problem sets as trees of exact numbers, and trees as steps that a checker of arithmetic can judge.

Reads + - * / parentheses, decimals, `40%`, `3(1/2)` (a mixed number) and `(3/8)` (a fraction, not a division). A step
is one operation; factors of several digits and quotients of what has three digits or more are worked out digit by digit
first (`tasks/arithmetic/written.py`). Does not cover powers, unknowns on both sides, or rounding.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm

from microreason.tasks.arithmetic.written import division, filled, product

_FULL_WIDTH = str.maketrans("（）＋－×÷＊／％．：[]{}", "()+-*/*/%./()()")
_TOKEN = re.compile(r"\s*(\d+\.?\d*|\.\d+|[-+*/()%])")
_FRACTION = re.compile(r"\((\d+)/(\d+)\)|\(\((\d+)\)/\((\d+)\)\)")
_GIVEN = re.compile(r"(\d+(?:\.\d+)?)(?:/(\d+))?(%?)")
MAX_LENGTH, MAX_PLACES = 300, 6


@dataclass(frozen=True)
class Number:
    """A literal: its value and how it is written (`form` is decimal, fraction or percent)."""

    value: Fraction
    form: str = "decimal"


@dataclass(frozen=True)
class Operation:
    """Two trees and one of + - * /."""

    sign: str
    left: Tree
    right: Tree


Tree = Number | Operation


def parse(expression: str) -> Tree:
    """The tree of an expression. Raises ValueError where it cannot be read, ZeroDivisionError for n/0 as a literal.

    >>> parse("3(1/2)").value, parse("40%").form
    (Fraction(7, 2), 'percent')
    """
    text = expression.translate(_FULL_WIDTH).replace(",", "")
    if len(text) > MAX_LENGTH:
        raise ValueError("expression too long")
    tokens, at = [], 0
    text = text.rstrip()
    while at < len(text):
        at += text[at] == " "
        fraction = _FRACTION.match(text, at)
        token = fraction or _TOKEN.match(text, at)
        if token is None:
            raise ValueError(f"cannot read {expression!r} at {at}")
        tokens.append(token[0].strip())
        at = token.end()
    tree, rest = _sum(tokens)
    if rest:
        raise ValueError(f"cannot read {expression!r} to its end")
    return tree


def _sum(tokens: list[str]) -> tuple[Tree, list[str]]:
    tree, tokens = _product(tokens)
    while tokens and tokens[0] in "+-":
        right, rest = _product(tokens[1:])
        tree, tokens = Operation(tokens[0], tree, right), rest
    return tree, tokens


def _product(tokens: list[str]) -> tuple[Tree, list[str]]:
    tree, tokens = _factor(tokens)
    while tokens and tokens[0] in "*/":
        right, rest = _factor(tokens[1:])
        tree, tokens = Operation(tokens[0], tree, right), rest
    return tree, tokens


def _parts(found: re.Match[str]) -> tuple[int, int]:
    return int(found[1] or found[3]), int(found[2] or found[4])


def _factor(tokens: list[str]) -> tuple[Tree, list[str]]:
    if not tokens:
        raise ValueError("the expression ends too early")
    token, rest = tokens[0], tokens[1:]
    tree: Tree
    if token == "-":
        tree, rest = _factor(rest)
        if isinstance(tree, Number):
            return Number(-tree.value, tree.form), rest
        return Operation("-", Number(Fraction(0)), tree), rest
    if fraction := _FRACTION.fullmatch(token):
        top, bottom = _parts(fraction)
        tree = Number(Fraction(top, bottom), "fraction")
        if gcd(top, bottom) > 1 or bottom in (1, 10, 100, 1000):  # 80/100 is a division, no quantity of a text
            tree = Operation("/", Number(Fraction(top)), Number(Fraction(bottom)))
    elif token == "(":
        tree, rest = _sum(rest)
        if not rest or rest[0] != ")":
            raise ValueError("unbalanced parentheses")
        rest = rest[1:]
    elif token[0].isdigit() or token[0] == ".":
        tree = Number(Fraction(token.rstrip(".")))
        if rest and (part := _FRACTION.fullmatch(rest[0])) and tree.value.denominator == 1:
            tree, rest = Number(tree.value + Fraction(*_parts(part)), "fraction"), rest[1:]
    else:
        raise ValueError(f"{token!r} is no number")
    if rest and rest[0] == "%" and isinstance(tree, Number):
        tree, rest = Number(tree.value / 100, "percent"), rest[1:]
    return tree, rest


def value(tree: Tree) -> Fraction:
    """Exact value. Raises ZeroDivisionError."""
    if isinstance(tree, Number):
        return tree.value
    return _apply(tree.sign, value(tree.left), value(tree.right))


def _apply(sign: str, a: Fraction, b: Fraction) -> Fraction:
    return a + b if sign == "+" else a - b if sign == "-" else a * b if sign == "*" else a / b


def results(tree: Tree) -> list[Fraction]:
    """Values of all operations, the last that of the tree."""
    if isinstance(tree, Number):
        return []
    return [*results(tree.left), *results(tree.right), value(tree)]


def literals(tree: Tree) -> list[Number]:
    """The numbers of a tree from left to right."""
    return [tree] if isinstance(tree, Number) else literals(tree.left) + literals(tree.right)


def _terms(tree: Tree, sign: str) -> list[Tree]:
    """The terms of a sum, or the factors of a product."""
    if isinstance(tree, Operation) and tree.sign == sign:
        return _terms(tree.left, sign) + _terms(tree.right, sign)
    return [tree]


def arranged(tree: Tree, text: str) -> Tree:
    """The same with terms and factors in the order in which the text gives their first numbers (constants last), and
    `a-b-c` for `a-(b+c)`: one form for problems of one kind (equation normalization, Wang et al. 2018, section 3.1).

    >>> infix(arranged(parse("4+3*(10-(1+2))"), "10, 1, 2, 3, 4"))
    '( ( ( ( 10-1)-2)*3)+4)'
    """
    first: dict[Fraction, int] = {}
    for found in _GIVEN.finditer(text.replace(",", "")):
        if below := int(found[2] or 1):
            first.setdefault(Fraction(found[1]) / below / (100 if found[3] else 1), found.start())

    def place(part: Tree) -> int:
        return min(first.get(number.value, len(text)) for number in literals(part))

    def inner(tree: Tree) -> Tree:
        if isinstance(tree, Number):
            return tree
        if tree.sign in "+*":
            whole, *others = sorted(map(inner, _terms(tree, tree.sign)), key=place)
            for other in others:
                whole = Operation(tree.sign, whole, other)
            return whole
        left, right = inner(tree.left), inner(tree.right)
        if tree.sign == "-":
            whole, *others = [left, *_terms(right, "+")]
            for other in others:
                whole = Operation("-", whole, other)
            return whole
        return Operation("/", left, right)

    return inner(tree)


def places(number: Fraction) -> int | None:
    """Decimal places that write a number exactly, None where more than `MAX_PLACES` would be needed."""
    for n in range(MAX_PLACES + 1):
        if 10**n % number.denominator == 0:
            return n
    return None


def write(number: Fraction, form: str = "decimal") -> str:
    """A number as an answer.

    >>> write(Fraction(5, 2)), write(Fraction(5, 2), "fraction"), write(Fraction(2, 5), "percent")
    ('2.5', '5/2', '40%')
    """
    if form == "percent" and places(number * 100) is not None:
        return write(number * 100) + "%"
    n = places(number)
    if number.denominator == 1:
        return str(number.numerator)
    if form == "fraction" or n is None:
        return f"{number.numerator}/{number.denominator}"
    scaled = str(abs(number.numerator) * 10**n // number.denominator).rjust(n + 1, "0")
    return f"{'-' * (number < 0)}{scaled[:-n]}.{scaled[-n:]}"


def _operand(number: Fraction, form: str) -> str:
    text = write(number, form)
    return f"({text})" if "/" in text or text[0] == "-" else text


def steps(tree: Tree) -> tuple[list[str], Fraction, str]:
    """Lines that work the tree out, its value and the form of the value. Raises ZeroDivisionError.

    >>> steps(parse("68*3+(68-18)*5"))[0]
    ['68*3=204', '68-18=50', '50*5=250', '204+250=454']
    >>> steps(parse("520*(1-40%)"))[0]
    ['40/100=0.4', '1-0.4=0.6', '520*0.6=312']
    """
    if isinstance(tree, Number):
        if tree.form != "percent":
            return [], tree.value, tree.form
        return [f"{_operand(tree.value * 100, 'decimal')}/100={_operand(tree.value, 'decimal')}"], tree.value, "decimal"
    left_lines, left, left_form = steps(tree.left)
    right_lines, right, right_form = steps(tree.right)
    total = _apply(tree.sign, left, right)
    form = "fraction" if "fraction" in (left_form, right_form) or places(total) is None else "decimal"
    a, b = _operand(left, left_form), _operand(right, right_form)
    between = _between(tree.sign, left, right) if form == "fraction" else []
    links = [f"{a}{tree.sign}{b}", *between, *_difference(tree.sign, left, right, form), _operand(total, form)]
    line = "=".join(link for link, before in zip(links, ["", *links], strict=False) if link != before)
    written = _written(tree.sign, left, right) if form == "decimal" else []
    return [*left_lines, *right_lines, *written, line], total, form


def _between(sign: str, left: Fraction, right: Fraction) -> list[str]:
    """What stands between a claim about fractions and its result: the common denominator and the result unreduced, or
    the factors after each numerator was reduced with the other's denominator."""
    n, d = left.denominator, right.denominator
    if min(left, right) < 0 or n == d == 1:
        return []
    if sign in "*/":
        turned = 1 / right if sign == "/" else right
        factors = Fraction(left.numerator, turned.denominator), Fraction(turned.numerator, n)
        pairs = [(left, turned), factors] if 1 not in factors else [(left, turned)]
        return ["*".join(_operand(factor, "fraction") for factor in pair) for pair in pairs]
    common = lcm(n, d)
    a, b = left.numerator * common // n, right.numerator * common // d
    parts = [f"({a}/{common}){sign}({b}/{common})"] if n != d else []
    return [*parts, f"({a + b if sign == '+' else a - b}/{common})"]


def _difference(sign: str, left: Fraction, right: Fraction, form: str) -> list[str]:
    """A difference that is shorter than the larger number, with as many digits, where all have as many places."""
    parts = [write(number) for number in (left - right, left, right)]
    if sign != "-" or form != "decimal" or not 0 <= right <= left or len({len(p.partition(".")[2]) for p in parts}) > 1:
        return []
    return [filled(parts[0], parts[1]).partition("=")[0]]


def _whole(number: Fraction) -> int | None:
    """The digits of a decimal as a whole number without zeros at its end, None for a fraction."""
    n = places(number)
    return None if n is None else int(str(abs(number) * 10**n).rstrip("0") or 0)


def _written(sign: str, left: Fraction, right: Fraction) -> list[str]:
    """Lines before a product of several digits by several, or a long division; empty where one line is enough."""
    a, b = _whole(left), _whole(right)
    if a is None or b is None:
        return []
    if sign == "*" and min(a, b) > 9:
        lines = product(max(a, b), min(a, b))
        return lines if len(lines) > 1 else []
    quotient = _whole(left / right) if sign == "/" else None
    if quotient is None or b < 3:
        return []
    return [division(quotient * b, b)] if quotient * b > 99 else []


def infix(tree: Tree) -> str:
    """An expression that `parse` reads as the same tree.

    >>> infix(parse("520*(1-40%)"))
    '( 520*( 1-40%))'
    """
    if isinstance(tree, Operation):
        return f"( {infix(tree.left)}{tree.sign}{infix(tree.right)})"  # the space tells a division from a fraction
    text = write(tree.value, tree.form)
    return f"({text})" if "/" in text or text[0] == "-" else text

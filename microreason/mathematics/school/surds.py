"""Square roots and whole numbers in one expression: arithmetic__simplify_surd.

Each root has a line, is taken out as far as it goes (`√1584=2*2*3√11=12√11`), and a line holds the expression with what
came out.
All innermost parentheses are worked out, one operation a line (`(2+12√11)-(3+√11)=-1+11√11`), then a line holds the
whole expression with their values in place, until one value is left. Values are a+b√n with rational a and b, the
coefficients worked out by expressions.py. Does not cover values with two different roots or quotients by a sum.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, isqrt

from microreason.mathematics.school.expressions import announce, divided, work_out
from microreason.mathematics.school.groups import Group, fold, innermost, leaves, parse, write

_QUESTION = re.compile(r"Simplify (.+)\.")


@dataclass(frozen=True)
class Surd:
    """rational + factor*√radicand; without a factor the radicand is 1."""

    rational: Fraction
    factor: Fraction = Fraction(0)
    radicand: int = 1

    def __neg__(self) -> Surd:
        return Surd(-self.rational, -self.factor, self.radicand)

    def __str__(self) -> str:
        if not self.factor:
            return str(self.rational)
        size = abs(self.factor)
        written = "" if size == 1 else f"({size})" if size.denominator > 1 else f"{size}"
        text = f"{'-' * (self.factor < 0)}{written}√{self.radicand}"
        return f"{self.rational}{'+' * (self.factor > 0)}{text}" if self.rational else text


def simplify_surd(text: str) -> tuple[list[str], str]:
    """Lines and answer of a question.

    >>> simplify_surd("Simplify 1 + sqrt(153) + 0 + sqrt(153).")
    (['√153', '153=9*10+63=9*17', '√153=3√17', '1+3√17+0+3√17', '1+3√17+0=1+3√17', '1+3√17+3√17=1+6√17', \
'6*4>1', '1+6√17'], '1 + 6*sqrt(17)')
    """
    if not (found := _QUESTION.fullmatch(text)):
        raise ValueError(f"cannot read {text!r}")
    lines: list[str] = []
    roots: dict[str, Surd] = {}
    for number in dict.fromkeys(re.findall(r"sqrt\((\d+)\)", found[1])):
        steps, roots[number] = _take_out(int(number))
        lines += steps
    root = parse(found[1], r"\d+|sqrt\(\d+\)", lambda word: roots[word[5:-1]] if "(" in word else Surd(Fraction(word)))
    lines.append(write(root, _show))
    while any(isinstance(item, Group) for item in root.items):
        _work_out_groups(root, lines)
        if sum(isinstance(leaf, Surd) for leaf in leaves(root)) > 2:
            lines.append(write(root, _show))
    value = _flat(root, lines)
    if lines[-1].rpartition("=")[2] != str(value):
        lines.append(str(value))
    order, answer = _answer(value)
    return [*lines, *order], answer


def _work_out_groups(group: Group, lines: list[str]) -> None:
    """Put the values of all groups without groups in them in their places."""
    for at, item in enumerate(group.items):
        if isinstance(item, Group):
            if innermost(item):
                _work_out_groups(item, lines)
            else:
                group.items[at] = _flat(item, lines)


def _take_out(number: int) -> tuple[list[str], Surd]:
    """Lines that take the squares out of a root, and its value."""
    lines, rest, out, prime = [], number, [], 2
    while prime * prime <= rest:
        if rest % (prime * prime):
            prime += 1
            continue
        lines += divided(rest, prime * prime)
        rest //= prime * prime
        out.append(prime)
    if not out:
        return [f"√{number}"], Surd(Fraction(0), Fraction(1), number)
    factor, radical = 1, f"√{rest}" if rest > 1 else ""
    for prime in out:
        factor *= prime
    between = f"={'*'.join(map(str, out))}{radical}" if len(out) > 1 else ""
    lines = [f"√{number}", *lines, f"√{number}{between}={factor}{radical}"]
    value = Surd(Fraction(0), Fraction(factor), rest) if rest > 1 else Surd(Fraction(factor))
    return lines, value


def _show(value: Surd, before: str, behind: str) -> str:
    """A value as an operand of the signs before and behind it."""
    text, factor = str(value), before in ("*", "/") or behind in ("*", "/")
    if value.rational and value.factor:
        return f"({text})" if before or factor else text
    rational_fraction = not value.factor and "/" in text
    multiple = before == "/" and value.factor not in (0, 1)
    return f"({text})" if rational_fraction or multiple or (factor and text[0] == "-") else text


def _flat(group: Group, lines: list[str]) -> Surd:
    """The value of a group without groups in it; its lines join `lines`."""
    total = fold(group.items, lambda left, sign, right: _operate(left, sign, right, lines))
    if group.squared:
        start = len(lines)
        total = _square(total, lines)
        announce(lines, start)
    return -total if group.negative else total


def _operate(left: Surd, sign: str, right: Surd, lines: list[str]) -> Surd:
    start = len(lines)
    if sign == "*":
        value = _multiply(left, right, lines)
    else:
        value = _divide(left, right, lines) if sign == "/" else _add(left, sign, right, lines)
    announce(lines, start)
    return value


def _number(expression: str, lines: list[str]) -> Fraction:
    """The value of an expression of numbers; its lines join `lines`, but for a single one of whole numbers."""
    steps, value = work_out(expression)
    if len(steps) > 1 or value.denominator > 1 or re.search(r"\d/\d", expression):
        lines += steps
    return value


def _add(left: Surd, sign: str, right: Surd, lines: list[str]) -> Surd:
    signed = right if sign == "+" else -right
    if left.factor and signed.factor and left.radicand != signed.radicand:
        raise ValueError("two different roots")
    claim = f"{_show(left, '', '')}{sign}{_show(right, sign, '')}"
    rational = left.rational + signed.rational
    if left.rational and right.rational:
        rational = _number(f"({left.rational}){sign}({right.rational})", lines)
    factor = left.factor + signed.factor
    if left.factor and right.factor:
        factor = _number(f"({left.factor}){sign}({right.factor})", lines)
    value = Surd(rational, factor, max(left.radicand, right.radicand) if factor else 1)
    if str(value) != claim:
        lines.append(f"{claim}={value}")
    return value


def _multiply(left: Surd, right: Surd, lines: list[str]) -> Surd:
    if left.factor and right.factor:
        raise ValueError("a product of two roots")
    times, value = (right, left) if left.factor else (left, right)
    k = times.rational
    rational = _number(f"({value.rational})*({k})", lines) if value.rational else Fraction(0)
    factor = _number(f"({value.factor})*({k})", lines) if value.factor else Fraction(0)
    result = Surd(rational, factor, value.radicand if factor else 1)
    lines.append(f"{_show(left, '', '*')}*{_show(right, '*', '')}={result}")
    return result


def _divide(left: Surd, right: Surd, lines: list[str]) -> Surd:
    """A quotient by a number, or of one multiple of a root by another."""
    claim = f"{_show(left, '', '/')}/{_show(right, '/', '')}"
    if not (right.rational or right.factor):
        raise ValueError("division by 0")
    if not right.factor:
        rational = _number(f"({left.rational})/({right.rational})", lines) if left.rational else Fraction(0)
        factor = _number(f"({left.factor})/({right.rational})", lines) if left.factor else Fraction(0)
        result = Surd(rational, factor, left.radicand if factor else 1)
        lines.append(f"{claim}={result}")
        return result
    if right.rational or (left.rational and left.factor):
        raise ValueError("a quotient of sums")
    if not (top := left.factor or left.rational):
        lines.append(f"{claim}=0")
        return left
    shared = gcd(left.radicand, right.radicand)
    n, m = left.radicand // shared, right.radicand // shared
    quotient = _number(f"({top})/({right.factor})", lines)
    factor = _number(f"({quotient})/{m}", lines) if m > 1 else quotient
    result = Surd(Fraction(0), factor, n * m) if n * m > 1 else Surd(factor)
    claim += f"={'' if quotient == 1 else _times(quotient)}√({left.radicand}/{right.radicand})"
    if m > 1:
        claim += f"={'' if quotient == 1 else f'{_times(quotient)}*'}(1/{m})√{n * m}"
    lines.append(f"{claim}={result}")
    return result


def _times(number: Fraction) -> str:
    return f"({number})" if number.denominator > 1 or number < 0 else f"{number}"


def _square(value: Surd, lines: list[str]) -> Surd:
    """(a+b√n)**2 is a*a+b*b*n, and 2*a*b√n."""
    a, b, n = value.rational, value.factor, value.radicand
    if not b:
        steps, square = work_out(f"({a})*({a})")
        lines += steps
        return Surd(square)
    first = _number(f"({a})*({a})", lines)
    second = _number(f"({b})*({b})*{n}", lines)
    factor = _number(f"2*({a})*({b})", lines)
    rational = _number(f"({first})+({second})", lines)
    result = Surd(rational, factor, n if factor else 1)
    between = f"=({first}+{second}){str(Surd(Fraction(1), factor, n))[1:]}" if a else ""
    lines.append(f"({value})**2{between}={result}")
    return result


def _answer(value: Surd) -> tuple[list[str], str]:
    """The generator's way to write a value: the smaller part first, but a positive number before what is taken off
    it; and a line that compares the parts where their signs are the same."""
    a, b, n = value.rational, value.factor, value.radicand
    if not b:
        return [], str(a)
    size = "" if abs(b.numerator) == 1 else f"{abs(b.numerator)}*"
    surd = f"{size}sqrt({n})" + (f"/{b.denominator}" if b.denominator > 1 else "")
    if not a:
        return [], "-" * (b < 0) + surd
    if a * b < 0:
        return [], f"{a} {'-' if b < 0 else '+'} {surd}"
    line, larger = _comparison(abs(b), n, abs(a))
    if larger != (b < 0):
        return [line, str(value)], f"{a} {'-' if b < 0 else '+'} {surd}"
    root = str(Surd(Fraction(0), b, n))
    return [line, f"{root}{'+' * (a > 0)}{a}"], f"{'-' * (b < 0)}{surd} {'-' if a < 0 else '+'} {abs(a)}"


def _comparison(factor: Fraction, radicand: int, number: Fraction) -> tuple[str, bool]:
    """A line that tells whether factor*√radicand is larger than a number, by a whole number next to the root or by
    squares, and whether it is."""
    b, low = _times(factor), isqrt(radicand)
    if factor * (low + 1) <= number:
        return f"{b}*{low + 1}{'<' if factor * (low + 1) < number else '='}{number}", False
    if factor * low >= number:
        return f"{b}*{low}{'>' if factor * low > number else '='}{number}", True
    left, right = factor * factor * radicand, number * number
    claim = f"{b}*{b}*{radicand}={left}{'<' if left < right else '>'}{right}"
    return f"{claim}={_times(number)}*{_times(number)}", left > right

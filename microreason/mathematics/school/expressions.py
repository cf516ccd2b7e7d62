"""Expressions of numbers worked out line by line: + - * / and parentheses, whole numbers, decimals and fractions.

The leftmost innermost parenthesis comes first, within it products and quotients before sums, from left to right, one
operation a line; where it takes several, they begin with what is worked out. After each, where more than one is left, a
line holds the whole expression with the value in place. A fraction is a quotient in lowest terms and stands in
parentheses where it is an operand: `(3/4)+(1/6)=(3*3+1*2)/12=(9+2)/12=11/12`. What is no product of a digit or a
fraction of small numbers is written out (tasks/arithmetic/written.py). Does not cover powers, unknowns, percentages or
mixed numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm

from microreason.mathematics.school.groups import Group, innermost, leaves, next_operation, parse, write
from microreason.tasks.arithmetic.written import (
    by_subtractions,
    division,
    euclid,
    product,
    remainder,
    signed_sum,
    subtractions,
)


@dataclass(frozen=True)
class Number:
    """A value, and whether it is written as a decimal."""

    value: Fraction
    decimal: bool = False

    def __neg__(self) -> Number:
        return Number(-self.value, self.decimal)


def decimal(value: Fraction | int, places: int | None = None) -> str:
    """A decimal with so many places, or as many as it needs. Raises ValueError where it does not end.

    >>> decimal(Fraction(-5, 2)), decimal(Fraction(5, 2), 3)
    ('-2.5', '2.500')
    """
    value = Fraction(value)
    places = decimal_places(value) if places is None else places
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    digits = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return "-" * (value < 0) + digits


def decimal_places(value: Fraction | int) -> int:
    """How many decimal places write a value. Raises ValueError where no number of them does."""
    value, places = Fraction(value), 0
    while (10**places) % value.denominator:
        places += 1
        if places > 40:
            raise ValueError(f"{value} is no decimal")
    return places


def work_out(expression: str) -> tuple[list[str], Fraction]:
    """Lines that work an expression out, the last of which ends in the value, and the value. An expression of one
    number has no lines, nor has a fraction seen to be in lowest terms. Raises ValueError where the expression cannot
    be read or divides by 0.

    >>> work_out("3 - ((17 - (3 + -1 - 9)) + 5)")[0]
    ['3+-1=3-1=2', '3-((17-(2-9))+5)', '2-9=-(9-2)=-7', '3-((17--7)+5)', '17--7=17+7=24', '3-(24+5)', '24+5=29', \
'3-29=-(29-3)=-26']
    >>> work_out("(-8)/(-2)*(-3)")
    (['-8/(-2)=4', '4*(-3)=-12'], Fraction(-12, 1))
    >>> work_out("(81/8)/(3/40)")[0]
    ['(81/8)/(3/40)=(81/8)*(40/3)=(81/3)*(40/8)=27*5=135']
    >>> work_out("(3/4)+(1/6)")[0]
    ['(3/4)+(1/6)', '12=6*2=4*3', '(3/4)+(1/6)=(3*3+1*2)/12=(9+2)/12=11/12']
    """
    root = parse(expression, r"\d+(?:\.\d+)?", _read)
    if "**" in expression:
        raise ValueError("powers are not covered")
    lines: list[str] = []
    while len(root.items) > 1 or isinstance(root.items[0], Group):
        parent, at, group = innermost(root) or (root, 0, root)
        start, first = len(lines), next_operation(group.items) - 1
        left, sign, right = group.items[first : first + 3]
        group.items[first : first + 3] = [operate(left, sign, right, lines)]
        if len(group.items) == 1 and group is not root:
            parent.items[at] = -group.items[0] if group.negative else group.items[0]
        if len(lines) > start and sum(isinstance(leaf, Number) for leaf in leaves(root)) > 2:
            lines.append(write(root, _write))
    value = root.items[0].value
    if lines and not re.search(rf"=(?:{re.escape(str(value))}|-?[\d.]+\.[\d.]+)$", lines[-1]):
        lines.append(str(value))
    return lines, value


def _read(text: str) -> Number:
    return Number(Fraction(text), "." in text)


def _write(number: Number, before: str, behind: str) -> str:
    return _show(number, factor=any(sign in ("*", "/") for sign in (before, behind)))


def _show(number: Number, factor: bool = False) -> str:
    """A number as an operand; a negative factor stands in parentheses, as every fraction does."""
    if number.decimal:
        text = decimal(number.value)
    else:
        text = str(number.value)
    return f"({text})" if "/" in text or (factor and text[0] == "-") else text


def operate(left: Number, sign: str, right: Number, lines: list[str]) -> Number:
    """The value of one operation, whose lines join `lines`."""
    fraction = _is_fraction(left) or _is_fraction(right)
    if sign == "/" or (fraction and sign == "*"):
        if sign == "/" and not right.value:
            raise ValueError("division by 0")
        steps, value = _ratio(left, sign, right)
    elif fraction:
        steps, value = _sum_of_fractions(left, sign, right)
    elif sign == "*":
        steps, value = multiply(left, right)
    else:
        places = max(decimal_places(left.value), decimal_places(right.value))
        line, value = signed_sum(left.value, sign, right.value, lambda number: decimal(number, places))
        steps = [line]
    start = len(lines)
    lines += steps
    announce(lines, start)
    exact = (left.decimal or right.decimal) and not fraction and sign != "/"
    return Number(value, exact and value.denominator > 1)


def announce(lines: list[str], start: int) -> None:
    """Put what the last line works out before the lines from `start` on that lead to it, if there are any."""
    if len(lines) > start + 1:
        claim = lines[-1].partition("=")[0]
        if not lines[start].endswith(claim):
            lines.insert(start, claim)


def add_up(terms: list[int]) -> tuple[str, int]:
    """A chain that adds numbers up from the left, `-4+9-3=9-4-3=5-3=2`, and their sum."""
    total, *rest = terms
    links = [f"{total}" + "".join(f"{term:+}" for term in rest)]
    while rest:
        term, *rest = rest
        line, total = signed_sum(total, "-" if term < 0 else "+", abs(term))
        tail = "".join(f"{t:+}" for t in rest)
        links += [link + tail for link in line.split("=")[1:]]
    return "=".join(links), total


def multiply(left: Number, right: Number) -> tuple[list[str], Fraction]:
    """Lines of the product of two whole numbers or decimals, digit by digit without signs and points, with the number
    of decimal places if there are any, and its value.

    >>> multiply(Number(Fraction(-12)), Number(Fraction("2.5"), True))[0]
    ['25*1=25', '25*2=50', '250+50=300', '0+1=1', '(-12)*2.5=-30.0=-30']
    """
    value = left.value * right.value
    a_places, b_places = decimal_places(left.value), decimal_places(right.value)
    places = a_places + b_places
    a, b = int(abs(left.value) * 10**a_places), int(abs(right.value) * 10**b_places)
    lines = product(max(a, b), min(a, b)) if min(a, b) > (1 if places else 9) else []
    if lines and lines[-1].startswith(f"{max(a, b)}*{min(a, b)}=") and not places:
        lines.pop()
    if places:
        lines.append(f"{a_places}+{b_places}={places}")
    full, short = decimal(value, places), decimal(value)
    claim = f"{_show(left, True)}*{_show(right, True)}={full}"
    return [*lines, claim if full == short else f"{claim}={short}"], value


def _ratio(left: Number, sign: str, right: Number) -> tuple[list[str], Fraction]:
    """A quotient of whole numbers, or a product or quotient with fractions."""
    if sign == "/" and not (_is_fraction(left) or _is_fraction(right)):
        return _quotient(left, right)
    claim, value = f"{_show(left, True)}{sign}{_show(right, True)}", right.value
    if not left.value * value:
        return [f"{claim}=0"], Fraction(0)
    if sign == "/":
        value = 1 / value
        claim += f"={_factor(left.value)}*{_factor(value)}"
    return _product_of_fractions(claim, left.value, value)


def _is_fraction(number: Number) -> bool:
    return number.value.denominator > 1 and not number.decimal


def _quotient(left: Number, right: Number) -> tuple[list[str], Fraction]:
    """A quotient of whole numbers, or of decimals, which become whole numbers first."""
    scale = 10 ** max(decimal_places(left.value), decimal_places(right.value))
    minus = "-" * (left.value * right.value < 0)
    top, bottom = int(abs(left.value) * scale), int(abs(right.value) * scale)
    claim = f"{_show(left)}/{_show(right, True)}" + (f"={minus}{top}/{bottom}" if scale > 1 else "")
    return _reduced(claim, minus, top, bottom)


def _factor(value: Fraction) -> str:
    return _show(Number(value), True)


def _product_of_fractions(claim: str, left: Fraction, right: Fraction) -> tuple[list[str], Fraction]:
    """A claim that goes on with the product, each numerator first reduced with the other's denominator."""
    (a, b), (c, d) = abs(left).as_integer_ratio(), abs(right).as_integer_ratio()
    p, q, minus = Fraction(a, d), Fraction(c, b), "-" * (left * right < 0)
    lines = [*lowest_terms(a, d), *lowest_terms(c, b)]
    (a1, d1), (c1, b1) = p.as_integer_ratio(), q.as_integer_ratio()
    lines += [*_written(a1, c1), *_written(b1, d1)]
    if (a1, c1) != (a, c):
        first, second = (f"({n}/{m})" if m > 1 else f"{n}" for n, m in ((a, d), (c, b)))
        claim += f"={minus}{first}*{second}={minus}{_factor(p)}*{_factor(q)}"
    elif b1 > 1 and d1 > 1:
        claim += f"={minus}({a}*{c})/({b}*{d})"
    elif b1 > 1 or d1 > 1:
        claim += f"={minus}({a}*{c})/{b * d}"
    elif claim.count("=") == 0:
        claim += f"={minus}{a}*{c}"
    return [*lines, f"{claim}={left * right}"], left * right


def _written(a: int, b: int) -> list[str]:
    """Lines of a product of several digits by several."""
    return product(max(a, b), min(a, b)) if min(a, b) > 9 else []


def _reduced(claim: str, minus: str, top: int, bottom: int, common: int = 0) -> tuple[list[str], Fraction]:
    """A claim that goes on with `top`/`bottom` in lowest terms, with the lines that find them, and the value. A number
    `common` that is known to hold every common factor makes them short."""
    value = Fraction(top, bottom)
    x, y = value.as_integer_ratio()
    factor, lines = bottom // y, lowest_terms(top, bottom, common)
    ratio, result = f"{minus}{top}/{bottom}", f"{minus}{value}"
    if lines and claim.endswith(f"={ratio}"):
        lines, claim = [claim, *lines], ratio
    if y > 1 and factor > 1:
        claim += f"={minus}({x}*{factor})/({y}*{factor})"
    if claim.rpartition("=")[2] != result:
        claim += f"={result}"
    return [*lines, claim] if "=" in claim else lines, -value if minus else value


def lowest_terms(top: int, bottom: int, known: int = 0) -> list[str]:
    """Lines that find the greatest common divisor of two numbers and write both as products with it; none where a
    one-digit number and one of two digits are seen at once. `known` is a number that it divides, if there is one.

    >>> lowest_terms(918, 204)
    ['918-204*4=918-816=102', '204-102*2=204-204=000=0', '918-102*9=918-918=000=0', \
'918=102*9', '204=102*2']
    """
    smallest = min(top, known or bottom)
    if smallest < 2 or top == bottom or (smallest < 10 and max(top, bottom) < 100):
        return []
    if top % bottom == 0:
        return divided(top, bottom)
    lines, common = euclid(top, known or bottom, _remainder) if not known or top % known else ([], known)
    for number in (top, bottom):
        if 1 < common < number and number > 99:
            lines += divided(number, common)
    return list(dict.fromkeys(lines))


def divided(number: int, divisor: int) -> list[str]:
    """Lines of a division, the last of which ends in divisor times quotient (plus what is left)."""
    if divisor < 13 or number < 100:
        return [division(number, divisor)]
    return by_subtractions(number, divisor)


def _remainder(number: int, divisor: int) -> list[str]:
    """Lines that end in a remainder, by single links where the divisor is small."""
    return [remainder(number, divisor)] if divisor < 13 or number < 100 else subtractions(number, divisor)


def _sum_of_fractions(left: Number, sign: str, right: Number) -> tuple[list[str], Fraction]:
    """A sum over the common denominator, then lowest terms."""
    (a, b), (c, d) = left.value.as_integer_ratio(), right.value.as_integer_ratio()
    claim = f"{_show(left)}{sign}{_show(right)}"
    if not a * c:
        value = left.value or (right.value if sign == "+" else -right.value)
        return [f"{claim}={value}"], value
    common = lcm(b, d)
    p, q = common // b, common // d
    lines = _common_denominator(b, d) if min(b, d) > 1 and b != d else []
    lines += [*_written(abs(a), p), *_written(abs(c), q)]
    if common > 1 and (p > 1 or q > 1):
        claim += f"=({a}{f'*{p}' if p > 1 else ''}{sign}{c}{f'*{q}' if q > 1 else ''})/{common}"
    line, total = signed_sum(a * p, sign, c * q)
    *way, _ = line.split("=")
    minus = "-" * (total < 0)
    for part in way:
        claim += f"={part[0]}{part[1:]}/{common}" if part.startswith("-(") else f"=({part})/{common}"
    steps, value = _reduced(f"{claim}={minus}{abs(total)}/{common}", minus, abs(total), common, gcd(b, d))
    return [*lines, *steps], value


def _common_denominator(b: int, d: int) -> list[str]:
    """Lines that find the least common multiple of two denominators, and what times each it is."""
    big, small, common = max(b, d), min(b, d), lcm(b, d)
    if common == big:
        return lowest_terms(big, small) or [f"{big}={small}*{big // small}"]
    lines = euclid(big, small, _remainder)[0] if big > 12 else []
    return [*lines, *_written(big, common // big), f"{common}={big}*{common // big}={small}*{common // small}"]

"""Steps for the arithmetic modules: sums, products, quotients, longer expressions, other bases, roots and surds.

Sums go as in tasks/arithmetic/written.py, those in other bases digit by digit, expressions by expressions.py, roots by
integer_roots.py, surds by surds.py. Does not cover the forms in which the generator uses these modules inside others
(`Let x be ...`).
"""

from __future__ import annotations

import re
from fractions import Fraction

from microreason.mathematics.school.expressions import Number, decimal, decimal_places, multiply, work_out
from microreason.mathematics.school.integer_roots import nearest_integer_root
from microreason.mathematics.school.numbers import Solver
from microreason.mathematics.school.surds import simplify_surd
from microreason.tasks.arithmetic.written import long_sum, unsigned

_N = r"(-?\d+(?:\.\d+)?)"
_ASK = "Work out |What is |Calculate "
_SUM = re.compile(rf"(?:{_ASK}|(?:Add together|Add|Put together|Sum|Total of) )?{_N}(?: ?\+ ?| and | plus ){_N}[.?]?")
_DIFFERENCE = re.compile(rf"(?:{_ASK})?{_N} (?:-|minus|take away) {_N}[.?]?")
_TURNED = re.compile(rf"(?:What is|Subtract) {_N} (?:less than|from) {_N}[.?]")
_DISTANCE = re.compile(rf"What is the (?:distance|difference) between {_N} and {_N}\?")
_PRODUCT = re.compile(
    rf"(?:{_ASK}|Multiply |Product of |What is the product of )?{_N}(?: ?\* ?| and | times ){_N}[.?]?"
)
_QUOTIENT = re.compile(r"(?:Divide |What is |Calculate )?(-?\d+) (?:divided by|by) (-?\d+)[.?]?")
_EXPRESSION = re.compile(r"(?:What is the value of |What is |Evaluate |Calculate )?([-+*/() \d]+)[.?]?")
_IN_BASE = re.compile(r"In base (\d+), what is (-?\w+) ([-+]) (-?\w+)\?")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _read(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    if not (found := pattern.fullmatch(text)):
        raise ValueError(f"cannot read {text!r}")
    return found.groups()


def add_or_sub(text: str) -> tuple[list[str], str]:
    """Sum or difference of two numbers.

    >>> add_or_sub("What is 1705 + -12.9?")
    (['1705.0+-12.9=1705.0-0012.9=1692.1'], '1692.1')
    >>> add_or_sub("Calculate -13.1 - 7301.04724209.")[0]
    ['-13.10000000-7301.04724209=-(13.10000000+7301.04724209)', '0000+4209=4209', '1000+0472=1472', '13+7301=7314', \
'-(13.10000000+7301.04724209)=-7314.14724209']
    """
    sign, before = "-", []
    if found := _SUM.fullmatch(text):
        sign, (p, q) = "+", map(Fraction, found.groups())
    elif found := _DISTANCE.fullmatch(text):
        q, p = sorted(map(Fraction, found.groups()))
        before = [f"{decimal(p)}>{decimal(q)}"] if p > q else []
    elif found := _TURNED.fullmatch(text):
        q, p = map(Fraction, found.groups())
    else:
        p, q = map(Fraction, _read(_DIFFERENCE, text))
    lines, value = add(p, sign, q)
    return [*before, *lines], decimal(value)


def add(left: Fraction, sign: str, right: Fraction) -> tuple[list[str], Fraction]:
    """Lines of a sum or difference of whole numbers or decimals, written with equally many places, and its value."""
    places = max(decimal_places(left), decimal_places(right))
    lines, value = long_sum(left, sign, right, lambda number: decimal(number, places))
    if lines[-1].rpartition("=")[2] != decimal(value):
        lines[-1] += f"={decimal(value)}"
    return lines, value


def mul(text: str) -> tuple[list[str], str]:
    """Product of two numbers.

    >>> mul("Work out -116.9 * 13.")
    (['1169*1=1169', '1169*3=3507', '11690+03507=15197', '1+0=1', '(-116.9)*13=-1519.7'], '-1519.7')
    """
    p, q = (Number(Fraction(number), "." in number) for number in _read(_PRODUCT, text))
    lines, value = multiply(p, q)
    return lines, decimal(value)


def div(text: str) -> tuple[list[str], str]:
    """Quotient of two whole numbers, in lowest terms.

    >>> div("Divide -932812 by 6.")[0]
    ['-932812/6', '932812%6=332812%6=32812%6=2812%6=412%6=52%6=4', '6%4=2', '4%2=0', '932812=2*466406', \
'-932812/6=-(466406*2)/(3*2)=-466406/3']
    """
    p, q = _read(_QUOTIENT, text)
    return _worked_out(f"({p})/({q})")


def expression(text: str) -> tuple[list[str], str]:
    """Value of an expression with + - * / and parentheses.

    >>> expression("Calculate -17 + (20 - 5 - -5).")
    (['20-5=15', '-17+(15--5)', '15--5=15+5=20', '-17+20=20-17=3'], '3')
    """
    return _worked_out(_read(_EXPRESSION, text)[0])


def _worked_out(written: str) -> tuple[list[str], str]:
    lines, value = work_out(written)
    return lines or [str(value)], str(value)


def add_or_sub_in_base(text: str) -> tuple[list[str], str]:
    """Sum or difference in another base, digit by digit from the right: after each, what is left of both numbers and
    the digits found.

    >>> add_or_sub_in_base("In base 16, what is -12ba - -e?")
    (['-12ba--e=-(12ba-e)', '16+10-14=12', '12b||c', '11-0-1=10', '12||ac', '-12ac'], '-12ac')
    """
    digits, p, sign, q = _read(_IN_BASE, text)
    base = int(digits)
    line, value, _ = unsigned(int(p, base), sign, int(q, base), lambda number: _in_base(number, base))
    up, operation, down = re.findall(r"\w+|(?<=\w)[-+]", line.rpartition("=")[2])
    result = _in_base(value, base)
    return [line, *_digit_by_digit(up, operation, down, base), result], result


def _in_base(number: int, base: int) -> str:
    digits, rest = "", abs(number)
    while rest or not digits:
        digits, rest = _DIGITS[rest % base] + digits, rest // base
    return "-" * (number < 0) + digits


def _digit_by_digit(up: str, sign: str, down: str, base: int) -> list[str]:
    """Lines for each place from the right, until one number is used up and nothing is carried."""
    lines, carry, done = [], 0, ""
    while (up and down) or carry:
        a, b = (_DIGITS.index(number[-1:] or "0") for number in (up, down))
        claim = f"{a}{sign}{b}" + (f"{sign}{carry}" if carry else "")
        if sign == "+":
            total = a + b + carry
            carry = int(total >= base)
            lines.append(f"{claim}={total}" + (f"={base}+{total - base}" if carry else ""))
        else:
            total = a - b - carry
            carry = int(total < 0)
            lines.append(f"{f'{base}+' * carry}{claim}={total % base}")
        up, down, done = up[:-1], down[:-1], _DIGITS[total % base] + done
        lines.append(f"{up}|{down}|{done}")
    return lines


SOLVERS: dict[str, Solver] = {
    f"arithmetic__{name}": solver
    for solver, names in (
        (add_or_sub, "add_or_sub add_or_sub_big"),
        (add_or_sub_in_base, "add_or_sub_in_base"),
        (expression, "add_sub_multiple add_sub_multiple_longer mixed mixed_longer"),
        (expression, "mul_div_multiple mul_div_multiple_longer"),
        (mul, "mul mul_big"),
        (div, "div div_big"),
        (nearest_integer_root, "nearest_integer_root"),
        (simplify_surd, "simplify_surd"),
    )
    for name in names.split()
}

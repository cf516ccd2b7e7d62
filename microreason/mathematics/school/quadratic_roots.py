"""Two whole numbers whose sum and product are known, line by line, which solves a*x**2 + b*x + c = 0.

a*x is one of two numbers with sum -b and product a*c. Where one of them is much smaller than the other, the product
divided by the sum is nearly the smaller one, and taking that from the sum gives a better divisor, until the quotient
comes out: `6500/513>12`, `513-13=500`, `6500/500=13`. Otherwise half their difference is the root of the square
of half the sum less the product. Does not cover pairs that are no whole numbers; `pair` raises ValueError.
"""

from __future__ import annotations

from math import isqrt

from microreason.mathematics.school.linear import times
from microreason.tasks.algorithmic.replay import write
from microreason.tasks.arithmetic.roots import square_root
from microreason.tasks.arithmetic.written import subtractions

FAR = 10
"""How many times the product must go into the square of the sum for the way by division."""
TRIES = 12


def halves(number: int) -> str:
    """A line that halves a number."""
    return f"{number}/2={number // 2}"


def pair(a: int, b: int, c: int) -> tuple[list[str], list[int]]:
    """Lines that find two numbers with sum -b and product a*c, and the numbers.

    >>> pair(1, -31, 58)
    (['58-31=27', '58/31>1', '31-2=29', '58-29*2=58-58=0', '58/29=2'], [2, 29])
    """
    lines: list[str] = []
    signed = times(lines, c, a)
    size, total, same = abs(signed), abs(b), signed > 0
    if FAR * size < total * total:
        small = _by_division(lines, size, total, same)
        large = total - small if same else total + small
    else:
        small, large = _by_root(lines, size, total, same)
    sign = -1 if b > 0 else 1
    return lines, [small * (sign if same else -sign), large * sign]


def _quotient(lines: list[str], size: int, divisor: int) -> tuple[int, int]:
    lines += subtractions(size, divisor)
    quotient, rest = divmod(size, divisor)
    lines.append(f"{size}/{divisor}{'>' if rest else '='}{quotient}")
    return quotient, rest


def _by_division(lines: list[str], size: int, total: int, same: bool) -> int:
    """The smaller number, by dividing by the larger: the sum, or difference, less or plus what was found before."""
    quotient, rest = _quotient(lines, size, total)
    small = quotient + (same and rest > 0)
    for _ in range(TRIES):
        divisor = total - small if same else total + small
        lines.append(f"{total}{'-' if same else '+'}{small}={divisor}")
        quotient, rest = _quotient(lines, size, divisor)
        if not rest and quotient == small:
            return small
        small = quotient + (same and rest > 0)
    raise ValueError("no whole numbers with this sum and product")


def _root(lines: list[str], number: int) -> int:
    """A square root, digit by digit where it has two or more."""
    root = isqrt(number)
    if root * root != number:
        raise ValueError("no whole numbers with this sum and product")
    if number > 100:
        lines += write(square_root(number, 0))[0]
    if number:
        lines.append(f"{root}*{root}={number}")
    return root


def _by_root(lines: list[str], size: int, total: int, same: bool) -> tuple[int, int]:
    """The smaller and the larger number by way of half their sum or, where that is odd, their sum."""
    even = total % 2 == 0
    middle, product_ = total, size
    if even:
        middle = total // 2
        if total:
            lines.append(halves(total))
    else:
        product_ = times(lines, size, 4)
    square = times(lines, middle, middle)
    inner = square - product_ if same else square + product_
    if square:
        lines.append(f"{square}{'-' if same else '+'}{product_}={inner}")
    distance = _root(lines, inner)
    numbers = []
    for high in (False, True):
        left, right = (middle, distance) if high or same else (distance, middle)
        number = left + right if high else left - right
        if middle and distance:
            lines.append(f"{left}{'+' if high else '-'}{right}={number}")
        if not even:
            lines.append(halves(number))
            number //= 2
        numbers.append(number)
    return numbers[0], numbers[1]

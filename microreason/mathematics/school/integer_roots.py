"""Roots to the nearest whole number: arithmetic__nearest_integer_root.

A square or cube root is found digit by digit (`3|84|92`, a digit for each part). The fourth root is the square root of
the square root without its places, likewise the sixth, eighth, ninth and tenth. The fifth and seventh are tried:
`32768<38492` after `8*8*8*8*8`. The remainder tells how to round, or the power of twice the root and 1 where there is
none, or too little is known of it after a root of a root. Does not cover roots above the tenth.
"""

from __future__ import annotations

import re

from microreason.tasks.algorithmic.replay import write
from microreason.tasks.arithmetic.roots import square_root
from microreason.tasks.arithmetic.written import cut, product, signed_sum

_QUESTION = re.compile(
    r"What is (?:(?P<a>\d+) to the power of 1/(?P<power>\d+), |"
    r"the (?P<ordinal>[a-z]+) root of (?P<b>\d+) )to the nearest integer\?"
)
_ORDINALS = ("second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_EXPONENTS = {name: exponent for exponent, name in enumerate(_ORDINALS, 2)} | {"square": 2, "cube": 3}
_STAGES = {4: (2, 2), 6: (2, 3), 8: (2, 2, 2), 9: (3, 3), 10: (2, 5)}


def nearest_integer_root(text: str) -> tuple[list[str], str]:
    """Lines and answer of a question for a root.

    >>> nearest_integer_root("What is the square root of 1051 to the nearest integer?")
    (['10|51', '10-3*3=10-9=1', '151-62*2=151-124=027=27', '27<32', '32'], '32')
    >>> nearest_integer_root("What is 895 to the power of 1/4, to the nearest integer?")[0]
    ['8|95', '8-2*2=8-4=4', '495-49*9=495-441=054=54', '29', '29-5*5=29-25=4', '4<5', '5']
    """
    if not (found := _QUESTION.fullmatch(text)):
        raise ValueError(f"cannot read {text!r}")
    number = int(found["a"] or found["b"])
    exponent = int(found["power"] or _EXPONENTS[found["ordinal"]])
    stages = _STAGES.get(exponent, (exponent,))
    if max(stages) not in (2, 3, 5, 7):
        raise ValueError("a root above the tenth")
    lines, rest = [], number
    for stage in stages[:-1]:
        steps, rest = _root(rest, stage)
        lines += [*steps, f"{rest}"]
    steps, root = _root(rest, stages[-1])
    up = _rounding(rest, root, stages[-1], exact=len(stages) == 1)
    if up is None:
        up = _half_power(number, root, exponent)
    lines += [*steps, *up]
    nearest = root + (">" in up[-1])
    return [*lines, f"{root}+1={nearest}" if nearest > root else f"{root}"], str(nearest)


def _root(number: int, exponent: int) -> tuple[list[str], int]:
    """Lines that find a root without its places, and the root."""
    if number < 2:
        return [], number
    if exponent == 2:
        lines, (root, _) = write(square_root(number, 0))
        return [*_cut(number, 2), *lines], root
    return _cube_root(number) if exponent == 3 else _tried_root(number, exponent)


def _cut(number: int, size: int) -> list[str]:
    """A line that shows the parts of a number, if there is more than one."""
    found = cut(str(number), size)
    return ["|".join(found)] if len(found) > 1 else []


def _cube_root(number: int) -> tuple[list[str], int]:
    lines = _cut(number, 3)
    root = rest = 0
    for group in cut(str(number), 3):
        rest = rest * 1000 + int(group)
        steps, digit, rest = _next_of_cube(root, rest)
        lines, root = [*lines, *steps], root * 10 + digit
    return lines, root


def _next_of_cube(root: int, rest: int) -> tuple[list[str], int, int]:
    """Lines of the next digit d, which takes (300*r*r+30*r*d+d*d)*d off the rest; the digit and the new rest."""
    square, double = 300 * root * root, 30 * root
    digit = max(d for d in range(10) if (square + double * d + d * d) * d <= rest)
    factor = square + double * digit + digit * digit
    taken = factor * digit
    end, _ = signed_sum(rest, "-", taken)
    if not root:
        return [f"{digit}*{digit}*{digit}={taken}", end], digit, rest - taken
    lines = [*_square(root), f"300*{root * root}={square}", f"30*{root}={double}"]
    if not digit:
        return [*lines, f"{square}+{double}+1={square + double + 1}>{rest}"], 0, rest
    sums = f"{square}+{double}*{digit}+{digit}*{digit}={square}+{double * digit}+{digit * digit}={factor}"
    return [*lines, sums, f"{factor}*{digit}={taken}", end], digit, rest - taken


def _square(number: int) -> list[str]:
    return product(number, number) if number > 9 else [f"{number}*{number}={number * number}"]


def _tried_root(number: int, exponent: int) -> tuple[list[str], int]:
    """A fifth or seventh root: one digit by its power and that of the next; of two digits the first by what stands
    before as many digits as the exponent, the second by the power."""
    root = 1
    while (root + 1) ** exponent <= number:
        root += 1
    lines, power = _power(root, exponent)
    lines.append(f"{power}{'<' if power < number else '='}{number}")
    if root > 99:
        raise ValueError("a root of three digits")
    if root > 9:
        first = number // 10**exponent
        return [*_cut(number, exponent), *_tried_root(first, exponent)[0], *lines], root
    steps, power = _power(root + 1, exponent)
    return [*lines, *steps, f"{power}>{number}"], root


def _power(base: int, exponent: int) -> tuple[list[str], int]:
    """Lines of a power, a digit after another in one line, or written products, and the power."""
    if base < 10:
        links, value = ["*".join([str(base)] * exponent)], base
        for left in range(exponent - 2, -1, -1):
            value *= base
            links.append("*".join([str(value), *[str(base)] * left]))
        return ["=".join(links)], value
    lines: list[str] = []
    value = 1
    for bit in f"{exponent:b}":
        if value > 1:
            lines, value = [*lines, *product(value, value)], value * value
        if bit == "1":
            lines, value = [*lines, *(product(value, base) if value > 1 else [])], value * base
    return lines, value


def _rounding(number: int, root: int, exponent: int, exact: bool) -> list[str] | None:
    """Lines whose last compares a number with the power of the root and a half, `>` where it is larger; None where
    they cannot be told apart, the number having lost its places unless it is `exact`."""
    rest, lines = number - root**exponent, []
    if exponent == 2:
        left, right, step = rest, root, 1
    elif exponent == 3:
        left, right, step = 4 * rest, 6 * root * root + 3 * root, 4
        lines = [*_square(root), f"4*{rest}={left}", f"6*{root * root}+3*{root}={6 * root * root}+{3 * root}={right}"]
    else:
        step = 2**exponent
        left, right = step * number, (2 * root + 1) ** exponent
        lines = _half_power(number, root, exponent)[:-1]
    if not exact and left <= right < left + step:
        return None
    return [*lines, _compare(left, right)]


def _half_power(number: int, root: int, exponent: int) -> list[str]:
    """Lines that compare the number, times a power of 2, with the power of twice the root and 1."""
    lines, power = _power(2 * root + 1, exponent)
    times = 2**exponent
    return [f"2*{root}+1={2 * root + 1}", *lines, *product(number, times), _compare(number * times, power)]


def _compare(left: int, right: int) -> str:
    return f"{left}{'<' if left < right else '>' if left > right else '='}{right}"

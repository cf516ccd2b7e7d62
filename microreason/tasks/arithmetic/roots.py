"""Square root and rounded quotient by hand, as lines for a walk (tasks/algorithmic/replay.py).

A root is found digit by digit: `6100-1863*3=6100-5589=0511=511` takes twice the root 93, with the next digit 3 behind
it, that digit times; two more digits of the number, or two zeros, follow the remainder.
Does not cover other roots.
"""

import re

from microreason.tasks.arithmetic.written import division, long_division, product, signed_sum


def end(line):
    """The whole number a line ends in, with its sign."""
    return int(re.search(r"(?<![^=:])-?\d+$", line)[0])


def times(left, right):
    """Lines of the product of two sizes; returns it."""
    big, small = max(left, right), min(left, right)
    out = big * small
    for line in product(big, small) if small > 1 else []:
        out = end((yield line))
    return out


def square_root(number, decimals):
    """Lines; returns the digits of the root as a number, and how many of them are decimals (fewer if exact)."""
    text = str(number)
    pairs = re.findall("..", text.zfill(len(text) + len(text) % 2))
    root = rest = 0
    for place in range(len(pairs) + decimals):
        if place >= len(pairs) and not rest:
            return root, place - len(pairs)
        rest = rest * 100 + int((pairs + ["0"] * decimals)[place])
        digit = max(k for k in range(10) if not k or (20 * root + k) * k <= rest)
        divisor = 20 * root + digit
        claim = signed_sum(rest, "-", divisor * digit)[0] if digit else str(rest)
        rest = end((yield f"{rest}-{divisor}*{digit}={claim}"))
        root = root * 10 + digit
    return root, decimals


def quotient(number, divisor, decimals):
    """A division line, or a written division where the divisor has several digits; then a line with the rounded value
    such as ` 0.0312`; returns that value as text.

    `number` stands for itself times 10**(decimals + 1); one decimal more than wanted decides, half goes to even.
    """
    for line in long_division(number, divisor) if divisor > 9 else [division(number, divisor)]:  # noqa: UP028 - a list cannot be sent lines
        yield line
    value, rest = divmod(number, divisor)
    value, last = divmod(value, 10)
    value += last > 5 or (last == 5 and (rest > 0 or value % 2 > 0))
    text = str(value).zfill(decimals + 1)
    return (yield f" {text[:-decimals]}.{text[-decimals:]}")[1:]

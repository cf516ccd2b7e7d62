"""Polynomials with rational roots, solved or factored: algebra__polynomial_roots and algebra__polynomial_roots_big.

Denominators are cleared, the roots found (factors.py), and put in order or made into factors. Does not cover
polynomials with other roots, nor sums in which a power comes twice; ValueError for them.
"""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from math import lcm

from microreason.mathematics.school.factors import find
from microreason.mathematics.school.linear import times
from microreason.mathematics.school.numbers import Solver
from microreason.mathematics.school.terms import flat, parse

_POLYNOMIAL = r"([-+*/\d a-z]*\*\*[-+*/\d a-z]*?)"
_FACTOR = re.compile(rf"Factor {_POLYNOMIAL}\.")
_SOLVE = re.compile(
    rf"(?:(?:Let|Suppose) {_POLYNOMIAL} = 0\. (?:What is|Calculate) [a-z][.?]|"
    rf"What is [a-z] in {_POLYNOMIAL} = 0\?|Solve {_POLYNOMIAL} = 0(?: for [a-z])?\.|"
    rf"(?:Find|Determine) [a-z](?:,? given| such|,? so) that {_POLYNOMIAL} = 0\.)"
)


def read(polynomial: str) -> tuple[str, list[Fraction]]:
    """The unknown and the coefficients, the highest power first. Raises ValueError.

    >>> read("-z**2/6 - 161772")
    ('z', [Fraction(-1, 6), Fraction(0, 1), Fraction(-161772, 1)])
    """
    terms = flat(parse(polynomial))
    coefficients = {sum(power for _, power in monomial): value for monomial, value in terms}
    names = {name for monomial, _ in terms for name, _ in monomial}
    if len(names) != 1 or len(coefficients) < len(terms):
        raise ValueError(f"not one unknown, or a power twice, in {polynomial!r}")
    return names.pop(), [coefficients.get(power, Fraction(0)) for power in range(max(coefficients), -1, -1)]


def _cleared(coefficients: list[Fraction]) -> tuple[list[str], list[int], int]:
    """Lines that clear denominators, the whole coefficients with a positive first one, and what they were multiplied
    by."""
    while coefficients and not coefficients[0]:
        coefficients = coefficients[1:]
    if len(coefficients) < 2:
        raise ValueError("a constant")
    common = lcm(*(c.denominator for c in coefficients))
    lines: list[str] = []
    out = [times(lines, c.numerator, common // c.denominator) for c in coefficients]
    sign = -1 if out[0] < 0 else 1
    return lines, [sign * c for c in out], sign * common


def solve(coefficients: list[Fraction], name: str) -> tuple[list[str], str]:
    """Lines that find the roots of a polynomial, the last line all of them in order, and the answer `-5, 1/2, 3`."""
    lines, whole, _ = _cleared(coefficients)
    more, roots = find(whole, name)
    answer = ", ".join(map(str, sorted(set(roots))))
    return [*lines, *more, answer.replace(" ", "")], answer


def factor(coefficients: list[Fraction], name: str) -> tuple[list[str], str]:
    """Lines that factor a polynomial, the last line the product, and the answer `3*(x - 1)**2*(2*x + 7)/5`."""
    lines, whole, multiple = _cleared(coefficients)
    more, roots = find(whole, name)
    lines += more
    constant = whole[0]
    for bottom in (root.denominator for root in roots if root.denominator > 1):
        lines.append(f"{constant}/{bottom}={constant // bottom}")
        constant //= bottom
    powers = Counter(roots)
    order = sorted(powers, key=lambda root: (root != 0, root.denominator, -root.numerator))
    factors = [_factor(root, name) + (f"**{powers[root]}" if powers[root] > 1 else "") for root in order]
    parts = [str(constant)] * (constant > 1) + factors
    answer = "-" * (multiple < 0) + "*".join(parts) + (f"/{abs(multiple)}" if abs(multiple) > 1 else "")
    return [*lines, answer.replace(" ", "")], answer


def _factor(root: Fraction, name: str) -> str:
    """The factor with a root, such as `(2*x + 7)`."""
    if not root:
        return name
    leading = f"{root.denominator}*" if root.denominator > 1 else ""
    return f"({leading}{name} {'+' if root < 0 else '-'} {abs(root.numerator)})"


def _polynomial_roots(text: str) -> tuple[list[str], str]:
    found, way = _FACTOR.fullmatch(text), factor
    if not found:
        found, way = _SOLVE.fullmatch(text), solve
    if not found:
        raise ValueError("no question about the roots of a polynomial")
    name, coefficients = read(next(group for group in found.groups() if group))
    return way(coefficients, name)


SOLVERS: dict[str, Solver] = {
    "algebra__polynomial_roots": _polynomial_roots,
    "algebra__polynomial_roots_big": _polynomial_roots,
}

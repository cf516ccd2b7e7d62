"""Sequences given by polynomials up to degree 3: algebra__sequence_next_term and algebra__sequence_nth_term.

Four terms tell such a polynomial. Their differences, then the differences of these and so on, are taken until all of a
row are equal. For the next term the last four terms are used, and each row is continued by one number, from the lowest
up. For the n-th term the first four are used, and each row is continued to the left: its number at 0, in front of the
one at 1, has simple meanings: the third difference is 6 times the coefficient of n**3; the second less the third is
twice that of n**2; the first is the sum of all but the constant; the term is the constant. Does not cover other
sequences, or coefficients that are no whole numbers; ValueError for the latter.
"""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise

from microreason.mathematics.school.linear import quotient
from microreason.mathematics.school.numbers import Solver
from microreason.mathematics.school.terms import Monomial, show
from microreason.tasks.arithmetic.written import signed_sum

_NEXT = re.compile(r"What (?:is next in|comes next:|is the next term in) ([-\d, ]+)\?")
_NTH = re.compile(r"What is the ([a-z])'th term of ([-\d, ]+)\?")
TERMS = 4


def _sum(lines: list[str], left: int, sign: str, right: int) -> int:
    """`left` plus or minus `right`; nothing is written where the latter is 0."""
    if sign == "+" and right < 0:
        sign, right = "-", -right
    line, value = signed_sum(left, sign, right)
    if right:
        lines.append(line)
    return value


def _rows(terms: list[int]) -> tuple[list[str], list[list[int]]]:
    """Lines of all differences, and the rows, the terms first, the last with equal numbers."""
    lines: list[str] = []
    rows = [terms]
    while len(set(rows[-1])) > 1:
        row = rows[-1]
        rows.append([_sum(lines, after, "-", before) for before, after in pairwise(row)])
    return lines, rows


def _next_term(text: str) -> tuple[list[str], str]:
    found = _NEXT.fullmatch(text)
    if not found:
        raise ValueError("no question about the next term")
    lines, rows = _rows([int(term) for term in found[1].split(",")][-TERMS:])
    value = rows[-1][-1]
    for row in rows[-2::-1]:
        value = _sum(lines, row[-1], "+", value)
    return lines, str(value)


def _coefficients(rows: list[list[int]]) -> tuple[list[str], list[int]]:
    """Lines for the coefficients of the polynomial, and these, the highest power first."""
    lines: list[str] = []
    zeroth = [rows[-1][0]]
    for row in rows[-2::-1]:
        zeroth.append(_sum(lines, row[0], "-", zeroth[-1]))
    constant, first, second, third = [*zeroth[::-1], 0, 0, 0][:4]
    cubic = _over(lines, third, 6)
    square = _over(lines, _sum(lines, second, "-", third), 2)
    linear = _sum(lines, _sum(lines, first, "-", cubic), "-", square)
    return lines, [cubic, square, linear, constant]


def _over(lines: list[str], top: int, bottom: int) -> int:
    more, value = quotient(top, bottom)
    lines += more if top else []
    return value


def _nth_term(text: str) -> tuple[list[str], str]:
    found = _NTH.fullmatch(text)
    if not found:
        raise ValueError("no question about the n-th term")
    lines, rows = _rows([int(term) for term in found[2].split(",")][:TERMS])
    more, coefficients = _coefficients(rows)
    powers: list[Monomial] = [((found[1], power),) if power else () for power in (3, 2, 1, 0)]
    polynomial = {power: Fraction(c) for power, c in zip(powers, coefficients, strict=True) if c}
    return [*lines, *more, show(polynomial)], show(polynomial, " ")


SOLVERS: dict[str, Solver] = {
    "algebra__sequence_next_term": _next_term,
    "algebra__sequence_nth_term": _nth_term,
}

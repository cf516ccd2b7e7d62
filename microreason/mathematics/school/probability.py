"""Probabilities of letters picked without replacement.

A bag in letters is spelled, for several of them may be one token (` q w q`), and its letters are counted from the left
(`q1 w q`, `w1 q`, `q2`); the counts are added up. A sequence is spelled, too, and a fraction for each pick
(`q:3/5`, `w:2/4=1/2`), a set of letters the ways to pick each (`q:C(4,2)=6`) over the ways to pick all. Numerators and
denominators are multiplied, and the fraction is brought to its lowest terms. Does not cover replacement.
"""

from __future__ import annotations

import re
from collections import Counter
from math import comb, gcd

from microreason.mathematics.school.expressions import add_up
from microreason.mathematics.school.numbers import Solver, quotient_lines, reduce_lines
from microreason.tasks.arithmetic.written import product


def _spelled(letters: str) -> str:
    return "".join(f" {letter}" for letter in letters)


def bag_lines(bag: str) -> tuple[list[str], Counter[str]]:
    """Lines that count the letters of a bag such as `qwq` or `{q: 2, w: 1}` and add the counts up.

    >>> bag_lines("qwq")[0]
    [' q w q', 'q1 w q', 'w1 q', 'q2', '2+1=3']
    """
    counts: Counter[str] = Counter()
    lines = []
    if bag[0] == "{":
        counts.update({letter: int(count) for letter, count in re.findall(r"([a-z]): (\d+)", bag)})
    else:
        lines.append(_spelled(bag))
        for at, letter in enumerate(bag):
            counts[letter] += 1
            lines.append(f"{letter}{counts[letter]}" + lines[0][2 * at + 2 :])
    numbers = list(counts.values())
    if len(numbers) > 1:
        lines.append(add_up(numbers)[0])
    return lines, counts


def product_lines(factors: list[int]) -> tuple[list[str], int]:
    """Lines that multiply numbers from left to right, ones left out."""
    factors = [factor for factor in factors if factor != 1] or [1]
    lines, total = [], factors[0]
    for factor in factors[1:]:
        lines += product(max(total, factor), min(total, factor))
        total *= factor
    return lines, total


def ways_lines(n: int, k: int) -> list[str]:
    """Lines for the ways to pick `k` of `n`, the last one such as `C(5,2)=10`.

    >>> ways_lines(20, 3)
    ['20*1=20', '20*9=180', '200+180=380', '380=2*190', '190*1=190', '190*8=1520', '1900+1520=3420', \
'3420=3*1000+420=3*1100+120=3*1140', 'C(20,3)=1140']
    """
    lines, ways = [], n
    for i in range(2, min(k, n - k) + 1):
        lines += [*product_lines([ways, n + 1 - i])[0], *quotient_lines(ways * (n + 1 - i), i)]
        ways = comb(n, i)
    return [*lines, f"C({n},{k})={comb(n, k)}"]


def _share_lines(tops: list[int], bottoms: list[int]) -> tuple[list[str], str]:
    """Lines for the product of numerators over that of denominators, in lowest terms."""
    first, top = product_lines(tops)
    second, bottom = product_lines(bottoms)
    steps, answer = reduce_lines(top, bottom)
    return [*first, *second, *steps], answer


def sequence_lines(bag: str, sequence: str) -> tuple[list[str], str]:
    """Lines for the probability of picking letters in this order."""
    lines, left = bag_lines(bag)
    lines.append(_spelled(sequence))
    tops: list[int] = []
    bottoms: list[int] = []
    for letter in sequence:
        count, total = left[letter], left.total()
        common = gcd(count, total)
        short = f"={count // common}/{total // common}".removesuffix("/1")
        lines.append(f"{letter}:{count}/{total}" + (short if common > 1 else ""))
        if count == 0:
            return lines, "0"
        tops, bottoms = [*tops, count // common], [*bottoms, total // common]
        left[letter] -= 1
    steps, answer = _share_lines(tops, bottoms)
    return [*lines, *steps], answer


def set_lines(bag: str, wanted: dict[str, int]) -> tuple[list[str], str]:
    """Lines for the probability of picking so many of each letter, in any order."""
    lines, counts = bag_lines(bag)
    ways = []
    for letter, count in wanted.items():
        steps = ways_lines(counts[letter], count)
        lines += [*steps[:-1], f"{letter}:{steps[-1]}"]
        ways.append(comb(counts[letter], count))
        if not ways[-1]:
            return lines, "0"
    total, picked = counts.total(), sum(wanted.values())
    lines += ways_lines(total, picked)
    steps, answer = _share_lines(ways, [comb(total, picked)])
    return [*lines, *steps], answer


def _bag(text: str) -> str:
    found = re.search(r"without replacement from (\{[^}]*\}|[a-z]+)", text)
    if not found:
        raise ValueError(f"no bag in {text!r}")
    return found[1]


def _sequence(text: str) -> tuple[list[str], str]:
    found = re.search(r"sequence ([a-z]+)", text)
    if not found:
        raise ValueError(f"no sequence in {text!r}")
    lines, answer = sequence_lines(_bag(text), found[1])
    return lines, answer


def _level_set(text: str) -> tuple[list[str], str]:
    found = re.search(r"picking (\d+ [a-z]\b(?:(?:, | and )\d+ [a-z]\b)*)", text)
    if not found:
        raise ValueError(f"nothing picked in {text!r}")
    wanted = {letter: int(count) for count, letter in re.findall(r"(\d+) ([a-z])", found[1])}
    lines, answer = set_lines(_bag(text), wanted)
    return lines, answer


SOLVERS: dict[str, Solver] = {
    "probability__swr_p_level_set": _level_set,
    "probability__swr_p_level_set_more_samples": _level_set,
    "probability__swr_p_sequence": _sequence,
    "probability__swr_p_sequence_more_samples": _sequence,
}

"""Comparisons of numbers: of two, the k-th biggest, the closest to another, and sorting.

Two fractions are compared by products with the denominators (`17/3<6` from `17<18`), negative numbers without their
signs first. In lists a fraction is written as a decimal, cut off after two places (more where two numbers could not be
told apart, `2/7~0.28`). Lists are sorted by insertion: a line for the next number, comparisons of the sorted ones with
it, from the first to one that comes after it, then the chain of all so far. For the closest, each difference is
compared with the smallest so far, which is written beside its name. Does not cover equal numbers in a list, or numbers
that are the same in the first five places.
"""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise

from microreason.mathematics.school.expressions import decimal
from microreason.mathematics.school.numbers import Solver, long_division
from microreason.tasks.arithmetic.written import product, signed_sum

NUMBER = r"(?<![\w./-])-?\d+(?:\.\d+|/\d+)?(?![\w/])"
MAX_PLACES = 5
ORDINALS = [
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelth",
]  # fmt: skip
_RELATIONS = {
    "not equal|unequal|nonequal|non-equal|different|!=": "<>",
    "less than or equal|at most|<=": "<=",
    "greater than or equal|at least|>=": ">=",
    "less|smaller|<": "<",
    "greater|bigger|>": ">",
    "equal|same|=": "=",
}
"""Words and the results of a comparison for which they hold, the longer wordings first."""


def _times(number: str, factor: str) -> tuple[list[str], str]:
    """Lines for a decimal without sign times a whole number, and the product."""
    if factor == "1":
        return [], number
    whole, value = int(number.replace(".", "")), decimal(Fraction(number) * int(factor))
    lines = product(max(whole, int(factor)), min(whole, int(factor)))
    return [*lines, f"{number}*{factor}={value}"] if "." in number else lines, value


def _unsigned(left: str, right: str, sign: str) -> list[str]:
    """Lines that compare two different numbers from 0 on."""
    claim = f"{left}{sign}{right}"
    if "/" in left + right:
        (top, _, under), (other, _, below) = left.partition("/"), right.partition("/")
        first, a = _times(top, below or "1")
        second, b = _times(other, under or "1")
        return [*first, *second, f"{a}{sign}{b}", claim]
    (whole, _, places), (other, _, digits) = left.partition("."), right.partition(".")
    if whole == other and len(places) != len(digits):
        size = max(len(places), len(digits))
        return [f"{whole}.{places.ljust(size, '0')}{sign}{other}.{digits.ljust(size, '0')}", claim]
    return [claim]


def compare_lines(left: str, right: str) -> tuple[list[str], str]:
    """Lines that compare two numbers, the last one a claim about them as they are written, and its sign.

    >>> compare_lines("-17/3", "-6")
    (['6*3=18', '17<18', '17/3<6', '-17/3>-6'], '>')
    """
    a, b = Fraction(left), Fraction(right)
    sign = "=" if a == b else "<" if a < b else ">"
    claim = f"{left}{sign}{right}"
    if left == right or min(a, b) <= 0 <= max(a, b):
        return [claim], sign
    if a > 0:
        return _unsigned(left, right, sign), sign
    return [*_unsigned(left[1:], right[1:], sign.translate(str.maketrans("<>", "><"))), claim], sign


def decimal_lines(number: str, places: int) -> tuple[list[str], str]:
    """Lines of the long division of a fraction, the last one such as `-2/7~-0.28` or `1/4=0.25`, and the decimal.

    >>> decimal_lines("-2/7", 2)
    (['20=7*2+6', '60=7*8+4', '-2/7~-0.28'], '-0.28')
    """
    if "/" not in number:
        return [number], number
    top, bottom = map(int, number.lstrip("-").split("/"))
    lines, value, exact = long_division(top, bottom, places)
    if number[0] == "-" and Fraction(value):
        value = f"-{value}"
    return [*lines, f"{number}{'=' if exact else '~'}{value}"], value


def _distinct(numbers: list[str]) -> int:
    """Places that put decimals cut off after them into the order of the numbers."""
    neighbours = [(a, b) for a, b in pairwise(sorted(numbers, key=Fraction)) if "/" in a + b]
    for places in range(2, MAX_PLACES + 1):
        if all(int(Fraction(a) * 10**places) < int(Fraction(b) * 10**places) for a, b in neighbours):
            return places
    raise ValueError("numbers too close")


def sort_lines(items: list[tuple[str, str]], descending: bool) -> tuple[list[str], list[tuple[str, str, str]]]:
    """Lines that sort named numbers by insertion, and of each in order its name, the decimal it is written as and the
    line that says so. A name that differs from the number is written before it.

    >>> sort_lines([("3", "3"), ("2/7", "2/7"), ("-15", "-15")], False)[0]
    ['3', '20=7*2+6', '60=7*8+4', '2/7~0.28', '3>0.28', '0.28<3', '-15', '0.28>-15', '-15<0.28<3']
    """
    if len({Fraction(number) for _, number in items}) < len(items):
        raise ValueError("equal numbers")
    places = _distinct([number for _, number in items])
    lines: list[str] = []
    done: list[tuple[str, str, str]] = []
    for name, number in items:
        steps, value = decimal_lines(number, places)
        line = steps[-1] if name == number else f"{name}:{steps[-1]}"
        lines += [*steps[:-1], line]
        at = sum((Fraction(other) > Fraction(value)) == descending for _, other, _ in done)
        for _, other, _ in done[: at + 1]:
            lines.append(f"{other}{'>' if Fraction(other) > Fraction(value) else '<'}{value}")
        done.insert(at, (name, value, line))
        if len(done) > 1:
            lines.append((">" if descending else "<").join(value for _, value, _ in done))
    return lines, done


def closest_lines(target: str, items: list[tuple[str, str]]) -> tuple[list[str], str]:
    """Lines that find the number closest to another, and its name.

    >>> closest_lines("4", [("a", "1"), ("b", "9/2")])[0]
    ['4', 'a:1', '4-1=3', ' best a 3', '9=2*4+1', '10=2*5', 'b:9/2=4.5', '4.5-4=0.5', '3>0.5', ' best b 0.5']
    """
    for places in range(2, MAX_PLACES + 1):
        found = _closest(target, items, places)
        if found:
            return found
    raise ValueError("differences too close")


def _closest(target: str, items: list[tuple[str, str]], places: int) -> tuple[list[str], str] | None:
    """The lines with decimals cut off after so many places, None where a comparison would be wrong."""
    lines, goal = decimal_lines(target, places)
    best: tuple[str, Fraction, Fraction] | None = None
    for name, number in items:
        steps, value = decimal_lines(number, places)
        line, distance = _difference(value, goal)
        lines += [*steps[:-1], steps[-1] if name == number else f"{name}:{steps[-1]}", line]
        exact = abs(Fraction(number) - Fraction(target))
        if best:
            if distance == best[1] or (distance < best[1]) != (exact < best[2]):
                return None
            sign = ">" if best[1] > distance else "<"
            lines.append(f"{decimal(best[1])}{sign}{decimal(distance)}")
        if not best or distance < best[1]:
            best = name, distance, exact
        lines.append(f" best {best[0]} {decimal(best[1])}")
    if not best:
        raise ValueError("nothing to choose from")
    return lines, best[0]


def _difference(left: str, right: str) -> tuple[str, Fraction]:
    """The larger of two decimals less the smaller one."""
    small, large = sorted([Fraction(left), Fraction(right)])
    return signed_sum(large, "-", small, decimal)


def _items(text: str) -> list[tuple[str, str]]:
    """The choices of a question by their letters, or the numbers of its list by themselves."""
    if choices := re.findall(rf"\(([a-z])\) ({NUMBER})", text):
        return choices
    listed = re.search(r"(?: in|Sort|Put) ((?:-?[\d./]+, )+-?[\d./]+)", text)
    if not listed:
        raise ValueError(f"no list of numbers in {text!r}")
    return [(number, number) for number in re.findall(NUMBER, listed[1].rstrip("."))]


def _pair(text: str) -> tuple[list[str], str]:
    numbers = re.findall(NUMBER, text)
    if len(numbers) != 2:
        raise ValueError(f"not two numbers in {text!r}")
    lines, sign = compare_lines(*numbers)
    holds = next((signs for words, signs in _RELATIONS.items() if any(w in text for w in words.split("|"))), None)
    if not holds or (text.startswith("Which") and sign == "="):
        raise ValueError(f"no comparison in {text!r}")
    first = sign in holds
    return lines, numbers[not first] if text.startswith("Which") else str(first)


def _kth_biggest(text: str) -> tuple[list[str], str]:
    found = re.search(rf"the (?:({'|'.join(ORDINALS)}) )?(big|small|great|larg|low|high)", text)
    if not found:
        raise ValueError(f"no rank in {text!r}")
    rank = ORDINALS.index(found[1]) + 1 if found[1] else 1
    lines, ranked = sort_lines(_items(text), found[2] not in ("small", "low"))
    if rank > len(ranked):
        raise ValueError(f"no {found[1]} of {len(ranked)} numbers")
    name, value, line = ranked[rank - 1]
    lines.append("".join(f" {i}:{other}" for i, (_, other, _) in enumerate(ranked[:rank], 1)))
    return lines if name == value else [*lines, line], name


def _closest_to(text: str) -> tuple[list[str], str]:
    target = re.search(rf"(?:closest|nearest) to ({NUMBER})", text)
    if not target:
        raise ValueError(f"no target in {text!r}")
    lines, name = closest_lines(target[1], _items(text))
    return lines, name


def _sort(text: str) -> tuple[list[str], str]:
    descending = re.search(r"descending|decreasing", text) is not None
    lines, ranked = sort_lines(_items(text), descending)
    names = [name for name, _, _ in ranked]
    if any("/" in name for name in names):
        lines.append((">" if descending else "<").join(names))
    return lines, ", ".join(names)


SOLVERS: dict[str, Solver] = {
    "comparison__closest": _closest_to,
    "comparison__closest_more": _closest_to,
    "comparison__kth_biggest": _kth_biggest,
    "comparison__kth_biggest_more": _kth_biggest,
    "comparison__pair": _pair,
    "comparison__sort": _sort,
    "comparison__sort_more": _sort,
}

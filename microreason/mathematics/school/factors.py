"""Rational roots of polynomials with whole coefficients, all of whose roots are rational, line by line.

A polynomial is a line of its coefficients, the highest power first: `1,-14,54,-88,65,-18`. A root is divided out by
Horner's scheme. Down to degree 2, one root at a time:
1. Where the largest or the smallest root is far from the others, quotients of the coefficients come near it, again and
   again until it stays (`_largest`, `_smallest`).
2. Else 1, -1, ... 9, -9 are tried, unless a comparison such as `1000+400+70<9000` shows for 10 that the last
   coefficient outweighs all other terms. `2:1,8,0,2,9,0` evaluates the polynomial at 2 with last digits alone (those of
   the line that begins with `%10`); where it ends in 0, Horner's scheme with the last two digits follows. Numbers of a
   sign that no root can have (Descartes: all roots are real) are left out.
3. Without small roots: with y for the leading coefficient times the unknown, all roots are whole; a double root comes
   out of the common divisor of the last two coefficients, a root of two digits out of the divisors of the last.
Degree 2: two numbers of known sum and product (quadratic_roots.py). Does not cover irrational roots; `find` raises
ValueError for them, and where roots are many and large.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd

from microreason.mathematics.school.linear import times
from microreason.mathematics.school.quadratic_roots import pair
from microreason.tasks.arithmetic.written import division, euclid, product, remainder, signed_sum, subtractions

SEPARATE = 12
"""How far the ratio of neighbouring quotients of coefficients must be from 1 before a root counts as simple and far
from the others; two equal roots make it 4."""
TRIES = 6


def written(coefficients: list[int]) -> str:
    """A polynomial as a line."""
    return ",".join(map(str, coefficients))


def _step(lines: list[str], value: int, root: int, coefficient: int) -> int:
    """`value * root + coefficient`, a step of Horner's scheme: one line where one of the factors has one digit."""
    part, start = value * root, ""
    if abs(root) > 1 and value:
        start = f"{value}*{root if root > 0 else f'({root})'}{f'{coefficient:+}' if coefficient else ''}="
    if min(abs(value), abs(root)) > 9:
        lines += [start[:-1], *product(max(abs(value), abs(root)), min(abs(value), abs(root)))]
        start = ""
    if part and coefficient:
        lines.append(start + signed_sum(part, "-" if coefficient < 0 else "+", abs(coefficient))[0])
    elif start:
        lines.append(f"{start}{part}")
    return part + coefficient


def horner(coefficients: list[int], root: int) -> tuple[list[str], list[int]]:
    """Lines of Horner's scheme and its numbers: the coefficients of the quotient and the remainder."""
    lines: list[str] = []
    values = [coefficients[0]]
    for coefficient in coefficients[1:]:
        values.append(_step(lines, values[-1], root, coefficient))
    return lines, values


def _last_digits(coefficients: list[int], root: int) -> tuple[str, bool]:
    """The value at a number by last digits alone, and whether it may be 0."""
    digits = [coefficients[0] % 10]
    for coefficient in coefficients[1:]:
        digits.append((digits[-1] * root + coefficient) % 10)
    return f"{root}:{written(digits)}", not digits[-1]


def _two_digits(coefficients: list[int], root: int) -> tuple[list[str], bool]:
    """Horner's scheme with the last two digits of all numbers, and whether the value may be 0."""
    lines: list[str] = []
    values = [abs(c) % 100 * (1 if c > 0 else -1) for c in coefficients]
    value = values[0]
    for digits in values[1:]:
        value = _step(lines, value, root, digits)
        value = abs(value) % 100 * (1 if value > 0 else -1)
    return lines, not value


def _by_fraction(coefficients: list[int], root: Fraction) -> tuple[list[str], list[int]]:
    """Lines that divide by `q*x-p` for the root p/q, the coefficients of the quotient and the remainder."""
    lines: list[str] = []
    values: list[int] = []
    rest = coefficients[0]
    for coefficient in coefficients[1:]:
        if rest % root.denominator:
            return lines, [1]
        lines.append(division(abs(rest), root.denominator))
        values.append(rest // root.denominator)
        rest = _added(lines, times(lines, values[-1], root.numerator), coefficient)
    return lines, [*values, rest]


def _possible(coefficients: list[int], root: int) -> bool:
    """Whether a root may have the sign of this one: all roots are real, so signs tell (Descartes)."""
    degree = len(coefficients) - 1
    signs = {(c > 0) != (root < 0 and (degree - i) % 2 > 0) for i, c in enumerate(coefficients) if c}
    return len(signs) == 2


class Search:
    """The lines so far, the roots found and the polynomial that is left."""

    def __init__(self, coefficients: list[int], name: str) -> None:
        self.left, self.name = coefficients, name
        self.lines: list[str] = []
        self.roots: list[Fraction] = []

    def add(self, root: Fraction | int) -> None:
        """A root, with its line."""
        self.roots.append(Fraction(root))
        self.lines.append(f"{self.name}={root}")

    def divide(self, found: tuple[list[str], Fraction]) -> bool:
        """Divide out what was found, with the lines that led to it; False and no lines where it is no root."""
        lines, root = found
        more, values = horner(self.left, int(root)) if root.denominator == 1 else _by_fraction(self.left, root)
        if values[-1]:
            return False
        self.left = values[:-1]
        self.lines += lines + more
        self.add(root)
        self.lines.append(written(self.left))
        return True

    def attempt(self, root: int) -> bool:
        """`divide`, unless sign or last digits rule the number out."""
        if not _possible(self.left, root):
            return False
        line, may_be = _last_digits(self.left, root)
        self.lines.append(line)
        if may_be and 1 < abs(root) < 10 and max(map(abs, self.left)) > 99:
            lines, may_be = _two_digits(self.left, root)
            self.lines += lines
        return may_be and self.divide(([], Fraction(root)))

    @property
    def degree(self) -> int:
        return len(self.left) - 1


def find(coefficients: list[int], name: str) -> tuple[list[str], list[Fraction]]:
    """Lines that find all roots of a polynomial, and the roots. Raises ValueError where they are not found.

    >>> find([1, -3, -4, 12], "x")[0][:6]
    ['1,-3,-4,12', '%10:1,7,6,2', '1:1,8,4,6', '-1:1,6,0,2', '2:1,9,4,0', '1*2-3=2-3=-(3-2)=-1']
    """
    search = Search(coefficients, name)
    search.lines.append(written(coefficients))
    while not search.left[-1]:
        search.left = search.left[:-1]
        search.add(0)
    if search.degree and not _take_out(search) and len(search.left) < len(coefficients):
        search.lines.append(written(search.left))
    small = [sign * size for size in range(1, 10) for sign in (1, -1)]
    while search.degree > 2 and (_far(search) or _equal(search) or _small(search, small)):
        pass
    if search.degree > 2:
        _in_whole_numbers(search)
    _finish(search)
    return search.lines, search.roots


def _take_out(search: Search) -> bool:
    """Divide by common factors that last digits show; whether there were any."""
    before = search.left
    for factor in (2, 5):
        while all(c % factor == 0 for c in search.left):
            search.left = [c // factor for c in search.left]
            search.lines.append(written(search.left))
    return search.left is not before


def _finish(search: Search) -> None:
    """The roots of what is left, of degree 2 or less."""
    if search.degree == 2:
        lines, values = pair(*search.left)
        search.lines += lines
        for value in values:
            search.lines += reduced(value, search.left[0])
            search.add(Fraction(value, search.left[0]))
    elif search.degree == 1:
        search.lines += reduced(-search.left[1], search.left[0])
        search.add(Fraction(-search.left[1], search.left[0]))
    search.left = search.left[:1]


def reduced(top: int, bottom: int) -> list[str]:
    """Lines that bring a fraction to lowest terms, or divide."""
    size, common = abs(top), gcd(top, bottom)
    lines: list[str] = []
    if bottom == 1:
        return []
    if bottom > 9 or size > 99:
        lines += subtractions(size, bottom) if bottom > 99 and size >= bottom else [division(size, bottom)]
        if size % bottom > 1 and bottom > 9:
            lines += euclid(bottom, size % bottom)[0]
        if size % bottom and common > 1:
            return [*lines, f"{size}/{common}={size // common}", f"{bottom}/{common}={bottom // common}"]
    return [*lines, f"{top}/{bottom}={Fraction(top, bottom)}"] if common > 1 else lines


def nearest(lines: list[str], top: int, bottom: int) -> int:
    """A quotient rounded to the nearest whole number; its lines have no signs."""
    a, b = abs(top), abs(bottom)
    quotient, rest = divmod(a, b)
    if b > 1:
        lines += subtractions(a, b)
    if rest:
        doubled = 2 * rest
        lines.append(f"2*{rest}{'<' if doubled < b else '>' if doubled > b else '='}{b}")
        quotient += doubled >= b
    return quotient if (top < 0) == (bottom < 0) else -quotient


def _added(lines: list[str], left: int, right: int) -> int:
    line, value = signed_sum(left, "-" if right < 0 else "+", abs(right))
    if left and right:
        lines.append(line)
    return value


def _far(search: Search) -> bool:
    """Divide out the largest or the smallest root where it is far from the others."""
    c = search.left
    large = c[1] and c[1] ** 2 >= SEPARATE * abs(c[0] * c[2]) and search.divide(_largest(c))
    return large or (c[-2] != 0 and c[-2] ** 2 >= SEPARATE * abs(c[-1] * c[-3]) and search.divide(_smallest(c)))


def _largest(c: list[int]) -> tuple[list[str], Fraction]:
    """The sum of the roots less what the next coefficients say about the others, again until it stays."""
    lines: list[str] = []
    root = nearest(lines, -c[1], c[0])
    for _ in range(TRIES if root else 0):
        inner = c[2]
        if 4 * abs(c[3]) >= c[0] * root * root:
            inner = _added(lines, inner, nearest(lines, c[3], root))
        others = nearest(lines, inner, root)
        before, root = root, nearest(lines, _added(lines, -c[1], -others), c[0])
        if not root or 4 * abs(others * (root - before)) < abs(root):
            break
    return lines, Fraction(root)


def _smallest(c: list[int]) -> tuple[list[str], Fraction]:
    """The last coefficient divided by the last number of Horner's scheme but one, again until it stays; a fraction
    from its first value."""
    lines: list[str] = []
    top = nearest(lines, -times(lines, c[-1], c[0]), c[-2])
    root = Fraction(top, c[0])
    if root.denominator > 1:
        return lines + reduced(top, c[0]), root
    for _ in range(TRIES):
        more, values = horner(c, int(root))
        if not values[-1] or not values[-2] or not root:
            break
        lines += more
        root = Fraction(nearest(lines, -c[-1], values[-2]))
    return lines, root


def _equal(search: Search) -> bool:
    """All roots if they are equal: their sum tells, and their product confirms."""
    c, degree = search.left, search.degree
    if c[1] ** 2 * (degree - 1) != 2 * degree * c[0] * c[2] or c[1] % (degree * c[0]):
        return False
    bottom = times(search.lines, c[0], degree)
    root = power = -c[1] // bottom
    search.lines.append(division(abs(c[1]), bottom))
    for _ in range(degree - 1):
        power = times(search.lines, power, abs(root))
    for _ in range(degree):
        search.add(root)
    search.left = c[:1]
    return True


def _small(search: Search, candidates: list[int]) -> bool:
    """Divide out the first of the candidates that is a root; those that are none are taken off the list."""
    bounds = [abs(c) * 10**power for power, c in enumerate(search.left[::-1]) if c]
    if candidates and sum(bounds[1:]) < bounds[0]:
        search.lines.append("+".join(map(str, bounds[:0:-1])) + f"<{bounds[0]}")
        return False
    if any(_possible(search.left, root) for root in candidates):
        search.lines.append(f"%10:{written([c % 10 for c in search.left])}")
    while candidates:
        if search.attempt(candidates[0]):
            return True
        del candidates[0]
    return False


def _in_whole_numbers(search: Search) -> None:
    """All roots of what is left where none is small and none far from the others."""
    leading, inner = search.left[0], search
    if leading > 1:
        inner = Search(_monic(search.lines, search.left), "y" if search.name != "y" else "z")
        inner.lines = search.lines
        inner.lines += [f"{inner.name}={leading}*{search.name}", written(inner.left)]
    while inner.degree > 2:
        if not (_far(inner) or _equal(inner) or _double(inner) or _divisor(inner)):
            raise ValueError("roots not found")
    _finish(inner)
    if inner is not search:
        for root in inner.roots:
            search.lines += reduced(int(root), leading)
            search.add(root / leading)
    search.left = [leading]


def _monic(lines: list[str], coefficients: list[int]) -> list[int]:
    """The polynomial of the leading coefficient times the unknown, whose own leading coefficient is 1."""
    leading, out, power = coefficients[0], [1, coefficients[1]], 1
    for coefficient in coefficients[2:]:
        power = times(lines, power, leading)
        out.append(times(lines, coefficient, power))
    return out


def _double(search: Search) -> bool:
    """A double root divides the last two coefficients."""
    lines, common = euclid(abs(search.left[-1]), abs(search.left[-2]))
    search.lines += lines
    candidates = [common // k for k in range(1, 10) if common % k == 0 and common // k > 9]
    root = next((r for size in candidates for r in (size, -size) if search.attempt(r)), None)
    return root is not None and (search.divide(([], Fraction(root))) or True)


def _divisor(search: Search) -> bool:
    """A root of two digits divides the last coefficient."""
    last = abs(search.left[-1])
    for size in range(10, 100):
        if any(size % p == 0 and last % p for p in (2, 5)):
            continue
        search.lines.append(remainder(last, size))
        if last % size == 0 and (search.attempt(size) or search.attempt(-size)):
            return True
    return False

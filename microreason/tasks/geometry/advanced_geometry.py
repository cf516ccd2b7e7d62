"""advanced_geometry: orthocentre, incircle radius or an angle of a triangle with whole coordinates.

Two sides as vectors from one corner, `u=4,-3` and `v=...`, their scalar product d and cross product c.
Orthocentre: A + d/c * (v-u turned by a right angle), one division a coordinate. Radius: c divided by the sum of the
three sides, whose squares and roots are worked out by hand to six decimals. Angle: the smaller of |c| and |d| divided
by the larger, n/m; ` 7:34.992020` takes away the largest arctangent of tenths, k/10 (learnt by heart; the rest has the
tangent (10n-km)/(10m+kn)), another line one of hundredths, and the last rest is its tangent times 57.29578. The sum
is the angle if |c|<|d|, else it is taken from 90, and for negative d the angle is taken from 180.
"""

import math
import re
from fractions import Fraction

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import follows, write
from microreason.tasks.arithmetic.roots import end, quotient, square_root, times
from microreason.tasks.arithmetic.written import division
from microreason.tasks.base import GymTask

_POINT = re.compile(r"[ABC]=\((-?\d+), (-?\d+)\)")


def _signed(left, right):
    """Lines of a product with signs; returns it."""
    size = yield from times(abs(left), abs(right))
    return size if left * right >= 0 else -size


def _two_products(a, b, sign, c, d):
    """a*b + c*d or a*b - c*d."""
    first = yield from _signed(a, b)
    second = sign * (yield from _signed(c, d))
    return end((yield f"{first}{second:+}={first + second}"))


def _decimal(value, places):
    """A whole number of units 10**-places as text."""
    digits = str(abs(value)).zfill(places + 1)
    return "-" * (value < 0) + f"{digits[: len(digits) - places]}.{digits[len(digits) - places :]}"


def _orthocentre(a, u, v):
    turned = v[1] - u[1], u[0] - v[0]
    yield f" {u[0]},{u[1]};{v[0]},{v[1]};{turned[0]},{turned[1]}"
    scalar = yield from _two_products(u[0], v[0], 1, u[1], v[1])
    cross = yield from _two_products(u[0], v[1], -1, u[1], v[0])
    out = []
    for start, side in zip(a, turned, strict=True):
        top = yield from _signed(scalar, side)
        size = yield from quotient(abs(top) * 10**4, abs(cross), 3)
        part = round(Fraction(size) * 1000) * (-1 if top * cross < 0 else 1)
        out.append((yield f"{start}{'-' if part < 0 else '+'}{size}={_decimal(start * 1000 + part, 3)}"))
    return "(" + ", ".join(line.rpartition("=")[2] for line in out) + ")"


def _radius(_, u, v):
    sides = u, v, (v[0] - u[0], v[1] - u[1])
    yield " " + ";".join(f"{x},{y}" for x, y in sides)
    total = 0
    for x, y in sides:
        square = yield from _two_products(x, x, 1, y, y)
        root, places = yield from square_root(square, 6)
        root *= 10 ** (6 - places)
        yield f" {_decimal(root, 6)}"
        if total:
            yield f"{_decimal(total, 6)}+{_decimal(root, 6)}={_decimal(total + root, 6)}"
        total += root
    cross = yield from _two_products(u[0], v[1], -1, u[1], v[0])
    return (yield from quotient(abs(cross) * 10**10, total, 3))


def _angle(_, u, v):
    yield f" {u[0]},{u[1]};{v[0]},{v[1]}"
    scalar = yield from _two_products(u[0], v[0], 1, u[1], v[1])
    cross = yield from _two_products(u[0], v[1], -1, u[1], v[0])
    top, bottom = sorted((abs(scalar), abs(cross)))
    parts = []
    for unit in (10, 100):
        digit = top * unit // bottom
        if digit:
            table = round(math.degrees(math.atan(digit / unit)) * 10**6)
            parts.append(table)
            yield f" {digit}:{_decimal(table, 6)}"
            yield f"{digit}*{bottom}={digit * bottom}"
            yield f"{unit * top}-{digit * bottom}={unit * top - digit * bottom}"
            yield f"{digit}*{top}={digit * top}"
            yield f"{unit * bottom}+{digit * top}={unit * bottom + digit * top}"
            top, bottom = unit * top - digit * bottom, unit * bottom + digit * top
        else:
            yield " 0"
    if top:
        yield division(top * 10**7, bottom)
        rest = yield from times(572958, top * 10**7 // bottom)
        parts.append(rest // 10**5)
        yield f" {_decimal(parts[-1], 6)}"
    total = parts[0] if parts else 0
    for part in parts[1:]:
        yield f"{_decimal(total, 6)}+{_decimal(part, 6)}={_decimal(total + part, 6)}"
        total += part
    for whole in [90] * (abs(cross) > abs(scalar)) + [180] * (scalar < 0):
        yield f"{whole}-{_decimal(total, 6)}={_decimal(whole * 10**6 - total, 6)}"
        total = whole * 10**6 - total
    return _decimal(round(Fraction(total, 10**4)), 2) + "°"


def _walk(text):
    a, b, c = [(int(x), int(y)) for x, y in _POINT.findall(text)]
    kind = _angle if "degrees" in text.split("For all")[0] else _radius if "incircle" in text else _orthocentre
    corner, other = (b, a) if kind is _angle else (a, b)
    return kind(corner, *((p[0] - corner[0], p[1] - corner[1]) for p in (other, c)))


class AdvancedGeometry(GymTask):
    name, category = "advanced_geometry", "geometry"
    pattern = re.compile(
        r"^(?:Given triangle ABC with|For triangle with|Consider triangle ABC with|Find the incircle radius of|"
        r"In triangle ABC with|Given a triangle with) .*A=\(-?\d+, -?\d+\), B="
    )
    hard = {"min_coord": -100, "max_coord": 100}

    def params(self, difficulty, rng):
        top = round(3 * (100 / 3) ** difficulty)
        return {"min_coord": -top, "max_coord": top}

    def expert(self, problem: Problem) -> Solution:
        return Solution.of(*write(_walk(problem.text)))

    def check(self, text, previous, step):
        return follows(_walk(text), previous, step)

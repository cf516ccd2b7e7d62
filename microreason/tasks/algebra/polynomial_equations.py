"""polynomial_equations: the real roots of an equation of degree 1 to 3, to four decimals.

The first line holds the polynomial divided by its powers of x and made to begin positive: ` 61x2-46x1-27x0`. One of
degree 1 is a division. One of degree 2: b*b, 4*a*c, the discriminant, its root, then (-b-root)/2a and (-b+root)/2a.
One of degree 3 has one real root, found digit by digit (Horner): a line ` 51,-61,-78,-23` is the polynomial, turned
to have a positive root (`-` in front where that changes the sign), moved by the digits so far and times 10, 100, 1000
for the next decimal; ` 2:102,41,82,4,8,-15` its value at 2 (times 2, plus the next coefficient, ...), negative below
the root; ` 2;143,286,290;245` the further sums that make the coefficients moved by 2. Whole numbers are tried from 1
on, the first decimal by halving, others are seen from the last two coefficients; the value at 5 tells how to round.
Does not cover cubic polynomials with three real roots.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import follows, write
from microreason.tasks.arithmetic.roots import end, quotient, square_root, times
from microreason.tasks.base import GymTask

_TERM = re.compile(r"([+-]?)(\d*)\*?([a-z]?)(?:\*\*(\d+))?")


def _read(expression):
    """Coefficients from the highest power on, without trailing zeros, and how many zeros there were."""
    found = {}
    for sign, size, unknown, power in _TERM.findall(expression.replace(" ", "")):
        if size or unknown:
            found[int(power or 1) if unknown else 0] = int(sign + (size or "1"))
    low, high = min(found), max(found)
    flip = -1 if found[high] < 0 else 1
    return [flip * found.get(d, 0) for d in range(high, low - 1, -1)], low


def _value(coefficients, at):
    """Products and sums of Horner's rule, and the last sum."""
    out, total = [], coefficients[0]
    for c in coefficients[1:]:
        out += [total * at, total * at + c]
        total = out[-1]
    return f" {at}:" + ",".join(map(str, out)), total


def _move(coefficients, at):
    """The line of a move by a number whose value line is written, and the coefficients after it."""
    a, b, c, d = coefficients
    b1, c1 = a * at + b, (a * at + b) * at + c
    b2 = b1 + a * at
    c2 = b2 * at + c1
    return f" {at};{b2},{b2 * at},{c2};{b2 + a * at}", [a, b2 + a * at, c2, c1 * at + d]


def _linear(a, b):
    value = yield from quotient(abs(b) * 10**5, a, 4)
    return ["-" * (b > 0) + value]


def _quadratic(a, b, c):
    square = yield from times(abs(b), abs(b))
    four = 4 * a
    yield f"4*{a}={four}"
    product = yield from times(four, abs(c))
    inner = square - product if c > 0 else square + product
    if b and c:
        inner = end((yield f"{square}{'-' if c > 0 else '+'}{product}={inner}"))
    if inner < 0:
        return []
    root, places = yield from square_root(inner, 6)
    yield f"2*{a}={2 * a}"
    out, unit = [], 10**places
    for sign in "-+" if root else "+":
        top = root if sign == "+" else -root
        if b and root:
            top = end((yield f"{-b * unit}{sign}{root}={-b * unit + top}"))
        elif b:
            top = -b * unit
        value = yield from quotient(abs(top) * 10 ** (5 - min(places, 5)), 2 * a * 10 ** max(0, places - 5), 4)
        out.append("-" * (top < 0) + value)
    return out


def _cubic(*state):
    turned = state[3] > 0
    if turned:
        state = [state[0], -state[1], state[2], -state[3]]
    total, place = 0, 100
    ladder = [k * p for p in (1, 10, 100) for k in range(1, 10)]
    while ladder:
        yield "-" * (turned and place == 100) + " " + ",".join(map(str, state))
        low = 0
        for at in ladder:
            line, value = _value(state, at)
            yield line
            if value > 0:
                break
            low = at
        place = 10 ** (len(str(low)) - 1) if place == 100 else place // 10
        if low:
            line, state = _move(state, low)
            yield line
        total += low
        ladder = [k * place // 10 for k in range(1, 10)] if place > 1 else []
    for decimal in range(5):
        if not state[3]:
            total *= 10 ** (4 - decimal)
            break
        state = [c * 10**i for i, c in enumerate(state)]
        yield " " + ",".join(map(str, state))
        if decimal == 4:
            line, value = _value(state, 5)
            yield line
            total += value < 0 or (value == 0 and total % 2)
        else:
            low, high = 0, 10
            if decimal:
                low = max(k for k in range(10) if not k or _value(state, k)[1] <= 0)
                yield _value(state, low)[0] if low else " 0"
            while not decimal and high - low > 1:
                middle = (low + high) // 2
                line, value = _value(state, middle)
                yield line
                low, high = (low, middle) if value > 0 else (middle, high)
            if low:
                line, state = _move(state, low)
                yield line
            total = total * 10 + low
    text = str(total).zfill(5)
    return [(yield "-" * turned + f" {text[:-4]}.{text[-4:]}").replace(" ", "")]


def _walk(expression):
    coefficients, zeros = _read(expression)
    degree = len(coefficients) - 1
    yield " " + "".join(f"{c:+}x{degree - i}" for i, c in enumerate(coefficients) if c).removeprefix("+")
    roots = ["0.0"] * bool(zeros)
    if degree:
        roots += yield from (_linear, _quadratic, _cubic)[degree - 1](*coefficients)
    return sorted(roots, key=float)


class PolynomialEquations(GymTask):
    name, category = "polynomial_equations", "algebra"
    pattern = re.compile(
        r"^(?:Find the real value\(s\) of [a-z] in the equation|Solve for real [a-z]|"
        r"Determine the real value\(s\) of [a-z] that satisfies|"
        r"Solve the polynomial equation for real [a-z]):\s([-+*\da-z ]+) = 0\n"
    )
    hard = {"min_degree": 2, "max_degree": 3, "min_terms": 3, "max_terms": 4}

    def params(self, difficulty, rng):
        return {
            "min_degree": 1 + round(difficulty), "max_degree": min(3, 1 + round(3 * difficulty)),
            "min_terms": 2 + round(difficulty), "max_terms": 2 + round(2 * difficulty),
            "max_value": round(4 * 25 ** min(1, 1.3 * difficulty)),
        }  # fmt: skip

    def expert(self, problem: Problem) -> Solution:
        lines, roots = write(_walk(self.pattern.search(problem.text)[1]))
        return Solution.of(lines, ", ".join(roots))

    def check(self, text, previous, step):
        return follows(_walk(self.pattern.search(text)[1]), previous, step)

"""power_function: a decimal number to a power between -8 and 8, to three significant figures.

` x=2458034e-4` is the base as a whole number times a power of ten, without its sign. Squares and products with the
base build the power up (x, x2, x3, x6, x7): written multiplication without the zeros at the end, a line for the
power of ten (`-4-4+6=-2`, where 6 digits are cut off) and the new number, rounded to 7 digits: ` x2=6041931e-2`.
A negative power divides 1, with enough zeros for four figures, by the number in written division. The last line
finds the power of ten of the first figure. Does not cover the base 0 and results within the error of half a unit.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.arithmetic.written import division, product
from microreason.tasks.base import GymTask

_DIGITS = 7
_POWER = re.compile(r" x(\d*)=(\d+)e(-?\d+)")


def _round(number, digits):
    """A whole number rounded to so many digits, and how many it lost."""
    cut = max(0, len(str(number)) - digits)
    return (number + 10**cut // 2) // 10**cut, cut


def _plan(exponent):
    """Pairs to multiply on the way to a power: 7 gives (1, 1), (2, 1), (3, 3), (6, 1)."""
    pairs, power = [], 1
    for bit in f"{exponent:b}"[1:]:
        pairs.append((power, power))
        power *= 2
        if bit == "1":
            pairs.append((power, 1))
            power += 1
    return pairs


def _name(power, number, ten):
    return f" x{power if power > 1 else ''}={number}e{ten}"


def _ten(tens, cut):
    """The sum of powers of ten as a line, and its value."""
    value = sum(tens) + cut
    return "".join(f"{t:+d}" if i else f"{t}" for i, t in enumerate([*tens, cut] if cut else tens)) + f"={value}", value


class PowerFunction(GymTask):
    name, category, determined = "power_function", "arithmetic", True
    pattern = re.compile(r"^Your task is to compute an exponentiation of a number\.\n\nCompute (-?[\d.]+)\^(-?\d+)\.")
    hard = {"min_exponent": 4, "max_exponent": 8}

    def params(self, difficulty, rng):
        top = 10 ** (1 + 2 * min(1, 1.5 * difficulty))
        most = round(2 + 6 * min(1, 1.3 * difficulty))
        return {
            "min_base": -top if rng.random() < difficulty else 1.0, "max_base": top,
            "min_exponent": rng.randint(0, min(4, most // 2)), "max_exponent": most,
        }  # fmt: skip

    def _base(self, text):
        whole, _, places = self.pattern.search(text)[1].lstrip("-").partition(".")
        places = places.rstrip("0")
        return int(whole + places), -len(places)

    def expert(self, problem: Problem) -> Solution:
        base, exponent = self.pattern.search(problem.text).groups()
        exponent = int(exponent)
        if exponent == 0:
            return Solution.of([" x0=1e0"], "1.00e+0")
        powers = {1: self._base(problem.text)}
        lines, last = [_name(1, *powers[1])], abs(exponent)
        for a, b in _plan(last):
            (left, ten), (right, other) = powers[a], powers[b]
            lines += product(left, right)
            number, cut = _round(left * right, _DIGITS)
            line, ten = _ten([ten, other], cut)
            powers[a + b] = number, ten
            lines += [line, _name(a + b, number, ten)]
        number, ten = powers[last]
        if exponent < 0:
            zeros = len(str(number)) + 3
            lines += [division(10**zeros, number), f"-{zeros}{-ten:+d}={-zeros - ten}"]
            number, ten = 10**zeros // number, -zeros - ten
        figures, cut = _round(number, 3)
        figures, cut = f"{figures}00"[:3], len(str(figures)) - 1 + cut
        lines.append(f"{ten}+{cut}={ten + cut}")
        sign = "-" if base[0] == "-" and exponent % 2 else ""
        return Solution.of(lines, f"{sign}{figures[0]}.{figures[1:]}e{ten + cut:+d}")

    def check(self, text, previous, step):
        exponent = abs(int(self.pattern.search(text)[2]))
        if not _POWER.fullmatch(step):
            return None
        if exponent == 0:
            return step == " x0=1e0"
        powers = {1: self._base(text)} if not previous else {}
        for line in previous:
            if found := _POWER.fullmatch(line):
                powers[int(found[1] or 1)] = int(found[2]), int(found[3])
        if not previous:
            return step == _name(1, *powers[1])
        a, b = next((pair for pair in _plan(exponent) if sum(pair) not in powers), (0, 0))
        if a not in powers:
            return False
        left, right = powers[a], powers[b]
        number, cut = _round(left[0] * right[0], _DIGITS)
        return step == _name(a + b, number, left[1] + right[1] + cut)

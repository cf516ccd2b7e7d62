"""power_function: a decimal number to a power between -8 and 8, to three significant figures.

` x=2458034e-4` is the base as a number of 7 digits times a power of ten, without its sign. Squares and products with
the base build the power up (x, x2, x3, x6, x7). Each digit of the second number has a line with the letter of its
place and the digits from there on (`A2458034`, `B458034`); then the first number times that digit joins the sum so far
without as many last digits as its place is behind the first (`2458034*4=9832136`, `4916068+0983213=5899281`); a line
for the power of ten (`-4-4+6=-2`, where 6 digits are cut off) and the new number, rounded to 7 digits:
` x2=6041928e-2`. A negative power divides 1, with ten zeros, by the number in long division. The last line finds the
power of ten of the first figure. Does not cover the base 0 and results within the error of half a unit.
"""

import re
from string import ascii_uppercase

from microreason.solution import Problem, Solution
from microreason.tasks.arithmetic.written import long_division
from microreason.tasks.base import GymTask

_DIGITS, _ZEROS = 7, 10
_SUM = re.compile(r"\d{7,}\+\d{7,}=\d+")
_REST = re.compile(r"[A-G]\d+")
_POWER = re.compile(r" x(\d*)=(\d+)e(-?\d+)")


def _round(number, digits):
    """A whole number rounded to so many digits, and how many it lost."""
    cut = max(0, len(str(number)) - digits)
    return (number + 10**cut // 2) // 10**cut, cut


def _product(left, right):
    """Lines of a product of two numbers of seven digits, and its value without the last six digits."""
    lines, total, digits = [], 0, str(right)
    for place, digit in enumerate(digits):
        lines.append(ascii_uppercase[place] + digits[place:])
        if part := left * int(digit):
            lines.append(f"{left}*{digit}={part}")
            part //= 10**place
            if place:
                lines.append(f"{total}+{str(part).zfill(len(str(total)))}={total + part}")
            total += part
    return lines, total


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


def _power(left, right):
    """Lines that multiply two numbers with their powers of ten, and the new number with its own."""
    (number, ten), (other, ten2) = left, right
    lines, total = _product(number, other)
    number, cut = _round(total, _DIGITS)
    cut += _DIGITS - 1
    return [*lines, f"{ten}{ten2:+d}+{cut}={ten + ten2 + cut}"], (number, ten + ten2 + cut)


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
        number = int(whole + places)
        pad = _DIGITS - len(str(number))
        return number * 10**pad if pad > 0 else number // 10**-pad, -len(places) - pad

    def expert(self, problem: Problem) -> Solution:
        base, exponent = self.pattern.search(problem.text).groups()
        exponent = int(exponent)
        if exponent == 0:
            return Solution.of([" x0=1e0"], "1.00e+0")
        powers = {1: self._base(problem.text)}
        lines, last = [_name(1, *powers[1])], abs(exponent)
        for a, b in _plan(last):
            steps, powers[a + b] = _power(powers[a], powers[b])
            lines += [*steps, _name(a + b, *powers[a + b])]
        number, ten = powers[last]
        if exponent < 0:
            lines += [*long_division(10**_ZEROS, number), f"-{_ZEROS}{-ten:+d}={-_ZEROS - ten}"]
            number, ten = 10**_ZEROS // number, -_ZEROS - ten
        figures, cut = _round(number, 3)
        figures, cut = str(figures)[:3], len(str(figures)) - 1 + cut
        lines.append(f"{ten}+{cut}={ten + cut}")
        sign = "-" if base[0] == "-" and exponent % 2 else ""
        return Solution.of(lines, f"{sign}{figures[0]}.{figures[1:]}e{ten + cut:+d}")

    def check(self, text, previous, step):
        exponent = abs(int(self.pattern.search(text)[2]))
        if not (_POWER.fullmatch(step) or _SUM.fullmatch(step) or _REST.fullmatch(step) or ":" in step):
            return None
        if exponent == 0:
            return step == " x0=1e0"
        powers = {1: self._base(text)} if not previous else {}
        for line in previous:
            if found := _POWER.fullmatch(line):
                powers[int(found[1] or 1)] = int(found[2]), int(found[3])
        if not previous:
            return step == _name(1, *powers[1])
        if ":" in step:
            return exponent in powers and step in long_division(10**_ZEROS, powers[exponent][0])
        a, b = next((pair for pair in _plan(exponent) if sum(pair) not in powers), (0, 0))
        if a not in powers:
            return False
        lines, power = _power(powers[a], powers[b])
        done = next(i for i, line in enumerate(reversed(previous)) if _POWER.fullmatch(line))
        return step == [*lines, _name(a + b, *power)][min(done, len(lines))]

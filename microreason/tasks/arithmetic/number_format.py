"""number_format: the largest or smallest of numbers that are written in three formats.

The first line says which numbers win, `>` for the largest. The numbers are then read in the order of the question as
plain decimals, rounded to three places (the noise behind them is the library's binary fractions); a value that has
been read is passed over later. A line compares the first two values, each next line the winner of the line before
and the next value, behind whose first digit that differs both digits stand: `445.753 448(5<8).591`; numbers of unequal
length or below zero are compared at the end, `9.500 12.301<`. The answer is the winner of the last line. Does not cover
numbers that differ only behind the third place.
"""

import re
from decimal import ROUND_HALF_UP, Context, Decimal

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_CONTEXT = Context(prec=40, rounding=ROUND_HALF_UP)
_DIGITS = re.compile(r"\(\d[<>]\d\)")


def _comparison(left, right):
    sign, one, other = "<>"[left > right], f"{left}", f"{right}"
    if len(one) != len(other) or min(left, right) < 0:
        return f"{one} {other}{sign}"
    at = next(i for i, digits in enumerate(zip(one, other, strict=True)) if len(set(digits)) > 1)
    return f"{one} {other[: at + 1]}({one[at]}{sign}{other[at]}){other[at + 1 :]}"


class NumberFormat(GymTask):
    name, category = "number_format", "arithmetic"
    pattern = re.compile(r"Now, pick the (largest|smallest) number of the following candidates: (.+)")
    line = re.compile(r"(-?\d+\.\d+) (-?\d+\.\d+)[<>]?")
    hard = {
        "min_num_candidates": 25, "max_num_candidates": 100, "min_n": 100_000, "max_n": 1_000_000, "max_delta": 0.001,
    }  # fmt: skip

    def params(self, difficulty, rng):
        most = round(3 * 33**difficulty)
        top = round(10 ** rng.uniform(2, 3 + 6 * min(1, 2 * difficulty)))
        return {
            "min_num_candidates": max(2, most // 4), "max_num_candidates": most, "min_n": max(1, top // 1000),
            "max_n": top, "max_delta": 10 ** rng.uniform(-3 * difficulty, 1),
        }  # fmt: skip

    def _values(self, text):
        """The sign of numbers that win, and the values, each once, in the order of the question."""
        size, candidates = self.pattern.search(text).groups()
        numbers = (Decimal(n.replace(",", "")).quantize(Decimal("0.001"), context=_CONTEXT) for n in candidates.split())
        return ">" if size == "largest" else "<", list(dict.fromkeys(numbers))

    def _numbers(self, line):
        return self.line.fullmatch(_DIGITS.sub("", line))

    def expert(self, problem: Problem) -> Solution:
        wins, (best, *others) = self._values(problem.text)
        lines = [wins]
        for value in others:
            lines.append(_comparison(best, value))
            best = best if wins in lines[-1] else value
        return Solution.of(lines, f"{best}")

    def check(self, text, previous, step):
        wins, values = self._values(text)
        if not previous:
            return step == wins
        if not self._numbers(step):
            return None
        if len(previous) >= len(values):
            return False
        best = values[0]
        if len(previous) > 1:
            found = self._numbers(previous[-1])
            if not found:
                return False
            best = Decimal(found[1 if wins in previous[-1] else 2])
        return step == _comparison(best, values[len(previous)])

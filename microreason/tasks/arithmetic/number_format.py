"""number_format: the largest or smallest of numbers that are written in three formats.

The numbers are read in the order of the question as plain decimals, rounded to three places (the noise behind them is
the library's binary fractions); a value that has been read is passed over later. The first line holds the first two
values, each next line the better one of the line before and then the next value: `445.753 448.591`. The answer is the
better one of the last line. Does not cover numbers that differ only behind the third place.
"""

import re
from decimal import ROUND_HALF_UP, Context, Decimal

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_CONTEXT = Context(prec=40, rounding=ROUND_HALF_UP)


class NumberFormat(GymTask):
    name, category = "number_format", "arithmetic"
    pattern = re.compile(r"Now, pick the (largest|smallest) number of the following candidates: (.+)")
    line = re.compile(r"-?\d+\.\d+( -?\d+\.\d+)?")
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
        """Whether the largest is asked for, and the values, each once, in the order of the question."""
        size, candidates = self.pattern.search(text).groups()
        numbers = (Decimal(n.replace(",", "")).quantize(Decimal("0.001"), context=_CONTEXT) for n in candidates.split())
        return size == "largest", list(dict.fromkeys(numbers))

    def expert(self, problem: Problem) -> Solution:
        largest, (best, *others) = self._values(problem.text)
        lines = [] if others else [f"{best}"]
        for value in others:
            lines.append(f"{best} {value}")
            best = max(best, value) if largest else min(best, value)
        return Solution.of(lines, f"{best}")

    def check(self, text, previous, step):
        if not self.line.fullmatch(step):
            return None
        largest, values = self._values(text)
        if len(values) == 1:
            return not previous and step == f"{values[0]}"
        if len(previous) + 1 >= len(values) or (previous and not self.line.fullmatch(previous[-1])):
            return False
        pair = [Decimal(n) for n in previous[-1].split()] if previous else values[:1]
        best = max(pair) if largest else min(pair)
        return step == f"{best} {values[len(previous) + 1]}"

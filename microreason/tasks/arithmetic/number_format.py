"""number_format: the largest or smallest of numbers that are written in three formats.

One line a number, in the order of the question: the number as a plain decimal, rounded to three places (the noise
behind them is the library's binary fractions), and `*` where it is better than the last number with a `*`. The
answer is the last number with a `*`. Does not cover numbers that differ only behind the third place.
"""

import re
from decimal import ROUND_HALF_UP, Context, Decimal

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_CONTEXT = Context(prec=40, rounding=ROUND_HALF_UP)


class NumberFormat(GymTask):
    name, category = "number_format", "arithmetic"
    pattern = re.compile(r"Now, pick the (largest|smallest) number of the following candidates: (.+)")
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

    def _line(self, text, previous):
        """The line that follows these, or None at the end."""
        size, candidates = self.pattern.search(text).groups()
        candidates = candidates.split()
        if len(previous) == len(candidates):
            return None
        number = Decimal(candidates[len(previous)].replace(",", "")).quantize(Decimal("0.001"), context=_CONTEXT)
        best = next((Decimal(line[:-1]) for line in reversed(previous) if line[-1] == "*"), None)
        better = best is None or (number > best if size == "largest" else number < best)
        return f"{number}*" if better else f"{number}"

    def expert(self, problem: Problem) -> Solution:
        lines = []
        while line := self._line(problem.text, lines):
            lines.append(line)
        return Solution.of(lines, next(line[:-1] for line in reversed(lines) if line[-1] == "*"))

    def check(self, text, previous, step):
        return step == self._line(text, previous) if re.fullmatch(r"[\d.]+\*?", step) else None

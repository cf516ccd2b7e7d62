"""number_filtering: keep or remove the numbers larger or smaller than a bound.

The first step says what the numbers that stay are like, as `<=-20.184`. Then comes a line a number, in their order,
with `y` where it stays and `n` where not: the whole part alone where its sign is not the bound's (`69n`), else the
comparison with the bound (`-69<=-20y`), of whole parts unless they are the same. After `y` stand the number that
stayed before it (nothing at first) and this one, `-69<=-20y-21.5,-69.25`, so that any two neighbours of the answer,
which lists those that stay, are on one line. Numbers equal in value are written as the first of them is, as the
task's answers do.
"""

import re
from decimal import Decimal

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import is_next
from microreason.tasks.base import GymTask

_SIGNS = {("Keep", "larger"): ">", ("Keep", "smaller"): "<", ("Remove", "larger"): "<=", ("Remove", "smaller"): ">="}
_TESTS = {">": Decimal.__gt__, "<": Decimal.__lt__, "<=": Decimal.__le__, ">=": Decimal.__ge__}


class NumberFiltering(GymTask):
    name, category = "number_filtering", "algorithmic"
    pattern = re.compile(r"^(Keep|Remove) all numbers (larger|smaller) than (\S+) in this list: \[(.*)\]")
    hard = {"min_numbers": 50, "max_numbers": 100, "min_decimals": 2, "max_decimals": 4, "min_value": -500,
            "max_value": 500}  # fmt: skip

    def params(self, difficulty, rng):
        top, value = round(3 * 34**difficulty), round(10 * 50**difficulty)
        decimals = round(4 * min(1, 1.5 * difficulty))
        return {"min_numbers": max(1, top // 2), "max_numbers": top, "min_decimals": decimals // 2,
                "max_decimals": decimals, "min_value": -value if rng.random() < 0.3 + difficulty else 0,
                "max_value": value}  # fmt: skip

    def _bound(self, text):
        keep, side, bound, _ = self.pattern.search(text).groups()
        return _SIGNS[keep, side], bound

    def _read(self, text):
        """The lines, and the numbers that stay."""
        sign, bound = self._bound(text)
        first, kept, lines = {}, [], [sign + bound]
        for number in re.findall(r"[-\d.]+", self.pattern.search(text)[4]):
            value = Decimal(number)
            first.setdefault(value, number)
            if stays := _TESTS[sign](value, Decimal(bound)):
                kept.append(first[value])
            left, right = (n.partition(".")[0] for n in (number, bound))
            if left == right:
                left, right = number, bound
            compared = left + sign + right if (number[0] == "-") == (bound[0] == "-") else left
            lines.append(compared + (f"y{','.join(kept[-2:])}" if stays else "n"))
        return lines, kept

    def expert(self, problem: Problem) -> Solution:
        lines, kept = self._read(problem.text)
        return Solution.of(lines, str(kept))

    def check(self, text, previous, step):
        return is_next(self._read(text)[0], previous, step)

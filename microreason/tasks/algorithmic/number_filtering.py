"""number_filtering: keep or remove the numbers larger or smaller than a bound.

The only step says what the numbers that stay are like, as `<=-20.184`; the answer lists them. Hard lists alone are
longer than most rows of training, so the comparisons are not written down. Numbers equal in value are written as
the first of them is, as the task's answers do.
"""

import re
from decimal import Decimal

from microreason.solution import Problem, Solution
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

    def expert(self, problem: Problem) -> Solution:
        sign, bound = self._bound(problem.text)
        first = {}
        kept = []
        for number in re.findall(r"[-\d.]+", self.pattern.search(problem.text)[4]):
            value = Decimal(number)
            first.setdefault(value, number)
            if _TESTS[sign](value, Decimal(bound)):
                kept.append(first[value])
        return Solution.of([sign + bound], str(kept))

    def check(self, text, previous, step):
        return step == "".join(self._bound(text)) if re.match(r"[<>]=?[-\d.]+$", step) else None

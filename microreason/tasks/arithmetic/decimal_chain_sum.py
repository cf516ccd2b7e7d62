"""decimal_chain_sum: add and subtract decimal numbers from left to right.

Each sum or difference is of the running total and the next number, both with the same number of places
(`90.0700+0.2443=90.3143`), by way of numbers without signs; with more than eight digits in blocks (written.py). Does
not cover whole numbers (chain_sum).
"""

import re
from decimal import Decimal

from microreason.solution import Problem, Solution
from microreason.tasks.arithmetic.written import long_sum
from microreason.tasks.base import GymTask

_NUMBER = r"-?\d+(?:\.\d+)?"


def _places(number):
    return len(number.partition(".")[2])


class DecimalChainSum(GymTask):
    name, category = "decimal_chain_sum", "arithmetic"
    pattern = re.compile(
        rf"^State the final answer to the following arithmetic problem: (?=.*\.)({_NUMBER}(?: [-+] {_NUMBER})*) ="
    )
    hard = {
        "min_terms": 5, "max_terms": 8, "min_digits": 4, "max_digits": 8,
        "min_decimal_places": 4, "max_decimal_places": 6,
    }  # fmt: skip

    def params(self, difficulty, rng):
        terms = rng.randint(round(2 + 2 * difficulty), round(3 + 5 * difficulty))
        digits = rng.randint(round(1 + 2 * difficulty), round(1 + 7 * difficulty))
        return {
            "min_terms": terms, "max_terms": terms, "min_digits": digits, "max_digits": digits,
            "min_decimal_places": round(1 + 2 * difficulty), "max_decimal_places": round(1 + 5 * difficulty),
        }  # fmt: skip

    def expert(self, problem: Problem) -> Solution:
        total, *rest = self.pattern.search(problem.text)[1].split(" ")
        lines = []
        for sign, term in zip(rest[::2], rest[1::2], strict=True):
            places = max(_places(total), _places(term))
            steps, value = long_sum(Decimal(total), sign, Decimal(term), f"{{:.{places}f}}".format)
            total = f"{value:.{places}f}"
            lines += steps
        return Solution.of(lines, total)

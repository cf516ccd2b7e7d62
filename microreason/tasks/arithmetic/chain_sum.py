"""chain_sum: add and subtract whole numbers from left to right.

Each line is one sum or difference of the running total and the next number, by way of numbers without signs.
Does not cover decimals (decimal_chain_sum) or other operations (basic_arithmetic).
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.arithmetic.written import signed_sum
from microreason.tasks.base import GymTask


class ChainSum(GymTask):
    name, category, determined = "chain_sum", "arithmetic", True
    pattern = re.compile(r"^State the final answer to the following arithmetic problem: (-?\d+(?: [-+] -?\d+)*) =")
    hard = {"min_terms": 5, "max_terms": 8, "min_digits": 4, "max_digits": 6}

    def params(self, difficulty, rng):
        terms = rng.randint(round(2 + 2 * difficulty), round(3 + 5 * difficulty))
        digits = rng.randint(round(1 + 2 * difficulty), round(2 + 4 * difficulty))
        return {"min_terms": terms, "max_terms": terms, "min_digits": digits, "max_digits": digits}

    def expert(self, problem: Problem) -> Solution:
        first, *rest = self.pattern.search(problem.text)[1].split(" ")
        total, lines = int(first), []
        for sign, term in zip(rest[::2], rest[1::2], strict=True):
            line, total = signed_sum(total, sign, int(term))
            lines.append(line)
        return Solution.of(lines, total)

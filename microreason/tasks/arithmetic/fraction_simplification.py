r"""fraction_simplification: a fraction in lowest terms, in the notation of the question.

Euclid's remainders give what numerator and denominator share; each is divided by it, a product and a difference for
every digit, and written as a product (`2754=18*153`).
The four notations (`3/4`, `$3/4$`, `$\frac{3}{4}$`, `$\dfrac{3}{4}$`) are kept.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.arithmetic.written import by_subtractions, euclid, subtractions
from microreason.tasks.base import GymTask


class FractionSimplification(GymTask):
    name, category, determined = "fraction_simplification", "arithmetic", True
    pattern = re.compile(r"^Simplify the fraction (\D*)(\d+)(/|\}\{)(\d+)(\D*) to its lowest terms\.")
    hard = {"min_value": 100, "max_value": 1000, "min_factor": 10, "max_factor": 100}

    def params(self, difficulty, rng):
        top, factor = round(10 * 100**difficulty), round(6 * (100 / 6) ** difficulty)
        return {
            "min_value": max(1, top // 10), "max_value": top,
            "min_factor": max(1, factor // 10), "max_factor": factor,
        }  # fmt: skip

    def expert(self, problem: Problem) -> Solution:
        before, top, middle, bottom, after = self.pattern.search(problem.text).groups()
        top, bottom = int(top), int(bottom)
        lines, common = euclid(top, bottom, subtractions)
        for number in (top, bottom) if common > 1 else ():
            lines += by_subtractions(number, common)
        return Solution.of(lines, f"{before}{top // common}{middle}{bottom // common}{after}")

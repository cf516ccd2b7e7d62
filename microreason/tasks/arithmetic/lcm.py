"""lcm: least common multiple of several numbers, as a product of factors.

Each further number is divided by what it shares with every factor so far, found by Euclid's remainders, and joins
the factors (`8993*1464*1231`) if more than 1 is left of it; so no remainder of a big number is needed.
At the end the factors are multiplied, one digit at a time.
"""

import math
import re

from microreason.solution import Problem, Solution
from microreason.tasks.arithmetic.written import division, euclid, product
from microreason.tasks.base import GymTask


class Lcm(GymTask):
    name, category = "lcm", "arithmetic"
    pattern = re.compile(r"^Find the Least Common Multiple \(LCM\) of these numbers: (\d+(?:, \d+)+)")
    hard = {"min_numbers": 3, "max_numbers": 4, "min_value": 1000, "max_value": 10000}

    def params(self, difficulty, rng):
        top = round(10 ** (1 + 3 * difficulty))
        numbers = rng.randint(2, round(2 + 2 * difficulty))
        return {"min_numbers": numbers, "max_numbers": numbers, "min_value": top // 10, "max_value": top}

    def expert(self, problem: Problem) -> Solution:
        first, *others = map(int, self.pattern.search(problem.text)[1].split(", "))
        factors, lines = [first], []
        for other in others:
            for factor in factors:
                steps, common = euclid(factor, other)
                lines += steps
                if common > 1:
                    lines.append(division(other, common))
                    other //= common
            if other > 1:
                factors.append(other)
            lines.append("*".join(map(str, factors)))
        total = factors[0]
        for factor in factors[1:]:
            lines += product(total, factor)
            total *= factor
        return Solution.of(lines, total)

    def check(self, text, previous, step):
        if not re.fullmatch(r"\d+(\*\d+)*", step):
            return None
        done = sum("=" not in line for line in previous) + 2
        numbers = [int(n) for n in self.pattern.search(text)[1].split(", ")[:done]]
        return math.prod(map(int, step.split("*"))) == math.lcm(*numbers)

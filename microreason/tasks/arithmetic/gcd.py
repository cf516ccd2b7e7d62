"""gcd: greatest common divisor of several numbers, by Euclid's remainders.

Each step takes the smaller number off the larger one as often as one digit says (`9040-1508*5=9040-7540=1500`); the
next number enters when the remainder is 0 or 1; with 1 there is nothing to do (`9040%1=0`).
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.arithmetic.written import euclid, subtractions
from microreason.tasks.base import GymTask


class Gcd(GymTask):
    name, category, determined = "gcd", "arithmetic", True
    pattern = re.compile(r"^Find the Greatest Common Divisor \(GCD\) of these numbers: ")
    hard = {"min_numbers": 3, "max_numbers": 4, "min_value": 1000, "max_value": 10000}

    def params(self, difficulty, rng):
        top = max(10, round(10000**difficulty))
        numbers = rng.randint(2, 4)
        return {"min_numbers": numbers, "max_numbers": numbers, "min_value": max(1, top // 10), "max_value": top}

    def expert(self, problem: Problem) -> Solution:
        numbers = [int(n) for n in re.findall(r"\d+", problem.text.partition(":")[2].partition(".")[0])]
        value, lines = numbers[0], []
        for other in numbers[1:]:
            steps, common = euclid(value, other, subtractions)
            lines += steps or [f"{max(value, other)}%1=0"]
            value = common
        return Solution.of(lines, value)

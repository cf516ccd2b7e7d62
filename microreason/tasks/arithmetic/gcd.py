"""gcd: greatest common divisor of several numbers, by Euclid's remainders.

Each step is one remainder; the next number enters when the last remainder is 0.
"""

import re

from microreason.solution import Problem, Solution
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
            a, b = max(value, other), min(value, other)
            while b:
                lines.append(f"{a}%{b}={a % b}")
                a, b = b, a % b
            value = a
        return Solution.of(lines, value)

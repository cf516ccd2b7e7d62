"""count_bits: how many 1 bits a number has, by halving.

Each line holds a number and, after the colon, how many odd numbers there were down to it; the next line halves
the number, dropping the remainder. The last number is 1. Does not write the binary form down.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask


class CountBits(GymTask):
    name, category = "count_bits", "arithmetic"
    pattern = re.compile(r"^How many 1 bits are there in the binary representation of the number (\d+)\?")
    hard = {"min_n": 1_000_000, "max_n": 100_000_000}

    def params(self, difficulty, rng):
        top = round(20 * (1e8 / 20) ** difficulty)
        return {"min_n": max(1, top // 100), "max_n": top - 1}

    def expert(self, problem: Problem) -> Solution:
        number, ones, lines = int(self.pattern.search(problem.text)[1]), 0, []
        while number:
            ones += number % 2
            lines.append(f"{number}:{ones}")
            number //= 2
        return Solution.of(lines, ones)

    def check(self, text, previous, step):
        if not re.fullmatch(r"\d+:\d+", step):
            return None
        before, ones = map(int, previous[-1].split(":")) if previous else (None, 0)
        number = before // 2 if previous else int(self.pattern.search(text)[1])
        return step == f"{number}:{ones + number % 2}"

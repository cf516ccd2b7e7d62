"""Drill for what school mathematics asks for most and shows too seldom: differences of numbers that begin alike, and
remainders after division by a number of several digits.

Both numbers together have at most sixteen digits, as in Saxton's training questions; three in ten pairs have decimals.
Does not cover products (tasks/arithmetic/products.py).
"""

from __future__ import annotations

import random
import re
from fractions import Fraction

from microreason.mathematics.school.arithmetic import add
from microreason.mathematics.school.expressions import decimal
from microreason.solution import Problem, Solution
from microreason.tasks.arithmetic.written import by_subtractions
from microreason.tasks.base import Level, Task


class Differences(Task):
    """Two numbers and `-`, `+` or `%` between them, whole ones with `%`. All levels are the same."""

    name, category, determined = "differences", "mathematics", True
    pattern = re.compile(r"^(-?\d+(?:\.\d+)?)([-+%])(-?\d+(?:\.\d+)?)=$")

    def generate(self, seed: int, index: int, level: Level) -> Problem:
        rng = random.Random(f"differences/{seed}/{index}")
        if rng.random() < 0.25:
            divisor = rng.randrange(13, 10 ** rng.randint(2, 4))
            sign, left, right = "%", Fraction(divisor + rng.randrange(10 ** rng.randint(2, 6))), Fraction(divisor)
        else:
            size = rng.randint(2, 15)
            left = Fraction(rng.randrange(10 ** (size - 1), 10**size))
            if size <= 8 and rng.random() < 0.7:
                right = left + rng.choice((-1, 1)) * rng.randrange(10 ** rng.randint(1, size - 1))
            else:
                right = Fraction(rng.randrange(10 ** rng.randint(1, 16 - size)))
            if rng.random() < 0.3:
                left, right = (n / 10 ** rng.randrange(len(str(n))) for n in (left, right))
            sign, left, right = rng.choice("--+"), rng.choice((1, 1, -1)) * left, rng.choice((1, 1, -1)) * right
            left, right = rng.sample((left, right), 2)
        value = left % right if sign == "%" else left + right if sign == "+" else left - right
        text = f"{decimal(left)}{sign}{decimal(right)}="
        return Problem(text=text, task=self.name, answer=decimal(value), data={}, level=level, seed=seed, index=index)

    def grade(self, problem: Problem, answer: str | None) -> float:
        return float(answer == problem.answer)

    def expert(self, problem: Problem) -> Solution:
        found = self.pattern.search(problem.text)
        assert found
        if found[2] == "%":
            lines = by_subtractions(int(found[1]), int(found[3]))
        else:
            lines, _ = add(Fraction(found[1]), found[2], Fraction(found[3]))
        return Solution.of(lines, problem.answer)

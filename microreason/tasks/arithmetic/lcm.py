"""lcm: least common multiple of several numbers, as a product of factors.

Each further number is divided by what it shares with every factor so far and joins the factors (`8993*1464*1231`,
or `*1` where nothing is left of it); so no remainder of a big number is needed. What two numbers share comes from
Euclid's remainders: `7448%2624`, and below it the smaller number taken off the larger one as often as one digit says
(`7448-2624*2=7448-5248=2200`), until 0 or 1. Remainders alone, one line for two numbers (`51` after `2624` goes on
with `74,23`, one number for each digit of the quotient), are as sound.
A number is divided by taking off in the same way, halves go at once. At the end the factors are multiplied, one digit
at a time.
"""

import math
import re

from microreason.solution import Problem, Solution
from microreason.tasks.arithmetic.written import euclid, product, quotient, subtractions
from microreason.tasks.base import GymTask


class Lcm(GymTask):
    name, category, determined = "lcm", "arithmetic", True
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
                steps, common = euclid(factor, other, subtractions)
                lines.append(f"{max(factor, other)}%{min(factor, other)}")
                lines += steps
                if common > 1:
                    lines += quotient(other, common)
                    other //= common
            if other > 1:
                factors.append(other)
            lines.append("*".join(map(str, factors)) + ("*1" if other == 1 else ""))
        total = factors[0]
        for factor in factors[1:]:
            lines += product(total, factor)
            total *= factor
        return Solution.of(lines, total)

    def check(self, text, previous, step):
        given = [int(n) for n in self.pattern.search(text)[1].split(", ")]
        done = 2 + sum("=" not in line and "*" in line for line in previous)
        if re.fullmatch(r"\d+(\*\d+)+", step):
            return math.prod(map(int, step.split("*"))) == math.lcm(*given[:done])
        if re.fullmatch(r"\d+%\d+", step):
            return step in [line.text for line in self.expert(Problem(text=text)).steps]
        if re.fullmatch(r"\d+(,\d+)*", step):
            start = max(i for i, line in enumerate(previous) if "%" in line)
            numbers = previous[start].split("%") + [line.split(",")[-1] for line in previous[start + 1 :]]
            number, divisor = map(int, numbers[-2:])
            parts = [number, *map(int, step.split(","))]
            falling = parts == sorted(set(parts), reverse=True)
            return falling and parts[-1] < divisor and all((number - part) % divisor == 0 for part in parts)
        return None

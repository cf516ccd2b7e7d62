"""products: multiply two to eight whole numbers, from left to right.

The first two numbers are multiplied as in written.py: `57*2=114`, `57*3=171`, `1140+171=1311`. Each later number
joins the product so far in shorter lines, one for each of its digits: from `1311*4=5244;5244` comes
`1311*6=7866;60306`, the part of this digit and after `;` the sum so far, ten times the one before and this part.
Does not cover negative numbers.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.arithmetic.written import product
from microreason.tasks.base import GymTask

_LINE = re.compile(r"(\d+)\*(\d)=(\d+);(\d+)")


class Products(GymTask):
    name, category, determined = "products", "arithmetic", True
    pattern = re.compile(r"^Solve the following multiplication: (\d+(?: \* \d+)*)\.")
    hard = {"min_terms": 4, "max_terms": 8, "min_digits": 4, "max_digits": 8}

    def params(self, difficulty, rng):
        terms = rng.randint(2, round(2 + 6 * difficulty)) if rng.random() < 0.2 + 0.8 * difficulty else 2
        digits = rng.randint(round(1 + 2 * difficulty), round(2 + 6 * difficulty))
        return {"min_terms": terms, "max_terms": terms, "min_digits": digits, "max_digits": digits}

    def expert(self, problem: Problem) -> Solution:
        first, second, *rest = self.pattern.search(problem.text)[1].split(" * ")
        lines, value = product(int(first), int(second)), int(first) * int(second)
        for term in rest:
            total = 0
            for digit in term:
                part = value * int(digit)
                total = total * 10 + part
                lines.append(f"{value}*{digit}={part};{total}")
            value = total
        return Solution.of(lines, value)

    def check(self, text, previous, step):
        if not _LINE.fullmatch(step):
            return None
        later = "".join(self.pattern.search(text)[1].split(" * ")[2:])
        ends = [0]
        for term in self.pattern.search(text)[1].split(" * ")[2:]:
            ends.append(ends[-1] + len(term))
        done = sum(bool(_LINE.fullmatch(line)) for line in previous)
        if done >= len(later):
            return False
        if done in ends:
            value, total = int(re.findall(r"\d+", previous[-1])[-1]), 0
        else:
            value, _, _, total = map(int, _LINE.fullmatch(previous[-1]).groups())
        part = value * int(later[done])
        return step == f"{value}*{later[done]}={part};{total * 10 + part}"

"""prime_factorization: the prime factors of a number, by trial division.

Each line tries one prime: a remainder, digit by digit from 7 on. Where it is 0 the number is divided (by 2 at
once), a line holds the factors so far with the rest at the end (`2*2*1046`), and the same prime is tried again;
the path ends with a comparison as soon as the prime is larger than the root of the rest.
"""

import math
import re

from microreason.solution import Problem, Solution
from microreason.tasks.arithmetic.written import division, remainder
from microreason.tasks.base import GymTask


class PrimeFactorization(GymTask):
    name, category = "prime_factorization", "arithmetic"
    pattern = re.compile(r"^Find the prime factorization of (\d+)\.")
    hard = {"min_value": 1000, "max_value": 5000}

    def params(self, difficulty, rng):
        top = round(30 * (5000 / 30) ** difficulty)
        return {"min_value": max(2, top // 8), "max_value": top}

    def expert(self, problem: Problem) -> Solution:
        number, prime, factors, lines = int(self.pattern.search(problem.text)[1]), 2, [], []
        while prime * prime <= number:
            lines.append(remainder(number, prime) if prime > 5 else f"{number}%{prime}={number % prime}")
            if number % prime:
                prime = next(p for p in range(prime + 1, 2 * prime) if all(p % d for d in range(2, p)))
                continue
            if prime > 2:
                lines.append(division(number, prime))
            factors.append(prime)
            number //= prime
            lines.append("*".join(map(str, [*factors, number])))
        lines.append(f"{prime}*{prime}>{number}")
        return Solution.of(lines, " × ".join(map(str, [*factors, number])))

    def check(self, text, previous, step):
        if not re.fullmatch(r"\d+(\*\d+)+", step):
            return None
        *primes, rest = map(int, step.split("*"))
        if any(p < 2 or any(p % d == 0 for d in range(2, math.isqrt(p) + 1)) for p in primes):
            return False
        return math.prod(primes) * rest == int(self.pattern.search(text)[1])

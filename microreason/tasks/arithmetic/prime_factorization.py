"""prime_factorization: the prime factors of a number, by trial division.

Each line tries one prime: a remainder, digit by digit but for 2 and 5. Where it is 0 the number is divided (by 2 at
once), a line holds the factors so far with the rest at the end (`2*2*1046`), and the same prime is tried again;
the path ends with a comparison as soon as the prime is larger than the root of the rest.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.arithmetic.written import division, remainder
from microreason.tasks.base import GymTask

_FACTORS = re.compile(r"\d+(\*\d+)+")


def _found(number, previous):
    """Factors so far, the rest, and the prime tried last (2 before the first)."""
    factors, rest, prime = [], number, 2
    for line in previous:
        if _FACTORS.fullmatch(line):
            *factors, rest = map(int, line.split("*"))
        elif tried := re.match(r"\d+%(\d+)=", line):
            prime = int(tried[1])
    return factors, rest, prime


def _next(number, previous):
    """The line that follows, or None at the end."""
    factors, rest, prime = _found(number, previous)
    last = previous[-1] if previous else ""
    if ">" in last:
        return None
    if last.endswith("=0") and prime > 2:
        return division(rest, prime)
    if last.endswith("=0") or ("%" not in last and "=" in last):
        return "*".join(map(str, [*factors, prime, rest // prime]))
    if "%" in last:
        prime = next(p for p in range(prime + 1, 2 * prime) if all(p % d for d in range(2, p)))
    if prime * prime > rest:
        return f"{prime}*{prime}>{rest}"
    return f"{rest}%{prime}={rest % prime}" if prime in (2, 5) else remainder(rest, prime)


class PrimeFactorization(GymTask):
    name, category = "prime_factorization", "arithmetic"
    pattern = re.compile(r"^Find the prime factorization of (\d+)\.")
    hard = {"min_value": 1000, "max_value": 5000}

    def params(self, difficulty, rng):
        top = round(30 * (5000 / 30) ** difficulty)
        return {"min_value": max(2, top // 8), "max_value": top}

    def expert(self, problem: Problem) -> Solution:
        number, lines = int(self.pattern.search(problem.text)[1]), []
        while line := _next(number, lines):
            lines.append(line)
        factors, rest, _ = _found(number, lines)
        return Solution.of(lines, " × ".join(map(str, [*factors, rest])))

    def check(self, text, previous, step):
        return step == _next(int(self.pattern.search(text)[1]), previous)

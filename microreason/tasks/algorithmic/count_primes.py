"""count_primes: how many primes there are between two numbers, from the primes up to multiples of 100.

The path counts the primes up to the end, then those up to the number before the start. ` pi(12200)=1457`, for the
nearest multiple of 100, is known by heart, one of 501 facts; so are the primes below 100. The odd numbers between,
without multiples of 5, stand as their last two digits in ` try 01,03,07,09`; each prime from 3 to the root of the
largest gives a line `12200%7=5200%7=300%7=20%7=6:01`: the rest of the hundred, and which of the list make a multiple
with it. ` left 03,07:2` are those in no such line, the primes, and their number, which is added to the known one
or, for numbers before the multiple of 100, taken off. Does not cover numbers above 50,000.
"""

import re
from bisect import bisect_right
from functools import lru_cache

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import follows, last_number, write
from microreason.tasks.arithmetic.written import remainder
from microreason.tasks.base import GymTask


@lru_cache(maxsize=1)
def _primes():
    sieve = bytearray(2) + bytearray([1]) * 50_098
    for i in range(2, 224):
        if sieve[i]:
            sieve[i * i :: i] = bytes(len(range(i * i, len(sieve), i)))
    return [i for i, prime in enumerate(sieve) if prime]


def _listed(numbers):
    return ",".join(f"{n:02d}" for n in numbers)


def _candidates(number):
    """The hundred a number is in, and the last digits between it and the nearest multiple of 100."""
    hundred, last = number // 100 * 100, number % 100
    between = range(1, last + 1) if last < 50 else range(last + 1, 100)
    if hundred == 0:
        return hundred, [n for n in between if n in _primes()[:25]]
    return hundred, [n for n in between if n % 2 and n % 5]


def _known(number):
    near = (number + 50) // 100 * 100
    return f" pi({near})={bisect_right(_primes(), near)}"


def _next(number, lines):
    """The line that follows for the primes up to a number, from the lines for this number so far; None at the end."""
    hundred, tried = _candidates(number)
    if not lines:
        return _known(number)
    if len(lines) == 1:
        return f" try {_listed(tried)}" if tried else None
    tried = [int(n) for n in re.findall(r"\d+", lines[1])]
    sieving = [p for p in _primes()[1:50] if hundred and p != 5 and p * p <= hundred + tried[-1]]
    done = len(lines) - 2
    if done < len(sieving):
        prime = sieving[done]
        hits = [n for n in tried if (hundred + n) % prime == 0]
        rest = remainder(hundred, prime) if prime > 3 else f"{hundred}%3={hundred % 3}"
        return f"{rest}:{_listed(hits)}"
    if done == len(sieving):
        struck = {int(n) for line in lines[2:] for n in re.findall(r"\d+", line.partition(":")[2])}
        left = [n for n in tried if n not in struck]
        return f" left {_listed(left)}:{len(left)}"
    if done == len(sieving) + 1:
        known, count = int(lines[0].rpartition("=")[2]), int(lines[-1].rpartition(":")[2])
        return f"{known}+{count}={known + count}" if number % 100 < 50 else f"{known}-{count}={known - count}"
    return None


def _walk(start, end):
    """Yields the lines; returns the count."""
    totals = []
    for number in (end, start - 1):
        if totals:
            yield f"{start}-1={number}"
        part = []
        while line := _next(number, part):
            part.append((yield line))
        totals.append(last_number(part[-1], 0))
    count = totals[0] - totals[1]
    yield f"{totals[0]}-{totals[1]}={count}"
    return count


class CountPrimes(GymTask):
    name, category, determined = "count_primes", "algorithmic", True
    pattern = re.compile(r"^Count how many prime numbers there are between (\d+) and (\d+) \(inclusive\)")
    hard = {"min_n": 10_000, "max_n": 50_000}

    def params(self, difficulty, rng):
        top = 50_000 if rng.random() < difficulty - 0.4 else round(40 * 250 ** min(1, 1.4 * difficulty))
        return {"min_n": top // 5 if rng.random() < 0.4 else 1, "max_n": top}

    def expert(self, problem: Problem) -> Solution:
        return Solution.of(*write(_walk(*map(int, self.pattern.search(problem.text).groups()))))

    def check(self, text, previous, step):
        return follows(_walk(*map(int, self.pattern.search(text).groups())), previous, step)

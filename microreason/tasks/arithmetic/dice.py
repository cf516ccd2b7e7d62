"""dice: the probability that the sum of several dice reaches a number, as a reduced fraction.

The faces count from 0. As many rolls reach the number as have at most the largest sum less that number; the others
have at most that number less the dice less 1. The path takes the smaller limit, ` at most 24`, and counts the rolls
with at most each sum, adding one die after the other, the smallest first. `1d12` begins a die, then
`15:91-10=81;700`: with 91 rolls of the dice before the sum can become 15, but 10 of these (with sums up to 15-12)
would take more than this die has, so that 81 rolls make 15 and 700 at most 15. Sums that the dice before cannot
reach have the count of their largest. The last die only adds counts: `15:91;791`. Then the number of all rolls, the
rest where the limit is the second one, and both numbers of the fraction divided by the primes in the dice (`2,3,5`).
Does not cover a single die or dice with more than 30 sides.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.arithmetic.written import product
from microreason.tasks.base import GymTask

_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29)


def _read(text):
    """Sides from the smallest die to the largest, and the number to reach."""
    return sorted(map(int, re.findall(r"1d(\d+)[,.]", text))), int(re.search(r"rolling (\d+) or higher", text)[1])


def _limits(sides, asked):
    return sum(sides) - asked, asked - len(sides) - 1


def _next(sides, limit, die, before, counts):
    """The line that follows for a die, from the counts of the dice before and its own so far, and its count."""
    side, last = sides[die], die == len(sides) - 1
    total = len(counts) + (max(0, limit - side + 1) if last else 0)
    if total > min(limit, sum(sides[: die + 1]) - die - 1):
        return None
    ways, count = before[min(total, len(before) - 1)], counts[-1] if counts else 0
    if last or total < side:
        return f"{total}:{ways};{count + ways}", count + ways
    less = before[min(total - side, len(before) - 1)]
    return f"{total}:{ways}-{less}={ways - less};{count + ways - less}", count + ways - less


def _divided(number, prime):
    """A line such as `4376=7*625+1`."""
    return f"{number}={prime}*{number // prime}" + (f"+{number % prime}" if number % prime else "")


def _primes(sides):
    return [p for p in _PRIMES if any(side % p == 0 for side in sides)]


class Dice(GymTask):
    name, category, determined = "dice", "arithmetic", True
    pattern = re.compile(r"^I have these dice: 1d\d+")
    hard = {"num_dice": 6, "max_dice_size": 25}

    def params(self, difficulty, rng):
        most = rng.randint(4 + round(12 * difficulty), 6 + round(19 * difficulty))
        return {"num_dice": rng.randint(2 + round(2 * difficulty), 2 + round(4 * difficulty)), "max_dice_size": most}

    def expert(self, problem: Problem) -> Solution:
        sides, asked = _read(problem.text)
        lines, total, (above, below) = [], sides[0], _limits(*_read(problem.text))
        for side in sides[1:]:
            lines.append(f"{total}+{side}={total + side}")
            total += side
        limit = min(above, below)
        lines += [f"{total}-{asked}={above}", f"{asked}-{len(sides)}-1={below}", f" at most {limit}"]
        counts = list(range(1, sides[0] + 1))
        for die in range(1, len(sides)):
            before, counts = counts, []
            lines.append(f"1d{sides[die]}")
            while found := _next(sides, limit, die, before, counts):
                lines.append(found[0])
                counts.append(found[1])
        count, rolls = counts[-1] if counts else 0, sides[0]
        for side in sides[1:]:
            lines += product(rolls, side)
            rolls *= side
        if below < above:
            lines.append(f"{rolls}-{count}={rolls - count}")
            count = rolls - count
        lines.append(",".join(map(str, _primes(sides))))
        for prime in _primes(sides):
            while count > 1:
                lines.append(_divided(count, prime))
                if count % prime:
                    break
                lines.append(_divided(rolls, prime))
                if rolls % prime:
                    break
                count, rolls = count // prime, rolls // prime
        return Solution.of(lines, f"{count}/{rolls}")

    def check(self, text, previous, step):
        sides, asked = _read(text)
        limit = min(_limits(sides, asked))
        if step.startswith(" at most "):
            return step == f" at most {limit}"
        if re.fullmatch(r"\d+(,\d+)*", step):
            return step == ",".join(map(str, _primes(sides)))
        blocks = [list(range(1, sides[0] + 1))]
        for line in previous:
            if line.startswith("1d"):
                blocks.append([])
            elif ";" in line:
                blocks[-1].append(int(line.rpartition(";")[2]))
        if step.startswith("1d"):
            done = len(blocks) == 1 or _next(sides, limit, len(blocks) - 1, *blocks[-2:]) is None
            return done and step == f"1d{sides[len(blocks)]}"
        if ";" not in step:
            return None
        found = _next(sides, limit, len(blocks) - 1, *blocks[-2:])
        return found is not None and step == found[0]

"""puzzle24: make 24 from four numbers, taken in the order of the list: ((a ? b) ? c) ? d.

The first line has the results of a and b by + - * and, where it comes out even, /, each behind its sign
(`7 4+11-3*28`). The second has what is needed before d so that +d -d *d /d give 24 (`24 1+23-25*24/24`); then, for one
of these needs after the other, what is needed before c (`23 4+19-27/92`), until a result of a and b is among them. The
lines `7*4=28` ... give the way. If the order of the list leads nowhere, other orders follow; the library's puzzles
never need them.
Practice problems (not easy, not hard) are drawn here as the library draws them, which takes it a second each.
"""

import random
import re
from itertools import permutations

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import follows, write
from microreason.tasks.base import GymTask


def _results(a, b):
    return {"+": a + b, "-": a - b, "*": a * b} | ({"/": a // b} if a % b == 0 else {})


def _needs(target, last):
    """What must stand before `last`, by the sign between them."""
    even = {"*": target // last} if target % last == 0 else {}
    return {"+": target - last, "-": target + last} | even | {"/": target * last}


def _line(left, right, values):
    return f"{left} {right}" + "".join(f"{sign}{value}" for sign, value in values.items())


def _walk(numbers):
    """Yields the lines; returns the numbers in order and their signs."""
    for a, b, c, d in dict.fromkeys(permutations(numbers)):
        results, needs = _results(a, b), _needs(24, d)
        yield _line(a, b, results)
        yield _line(24, d, needs)
        for third, need in needs.items():
            before = _needs(need, c)
            yield _line(need, c, before)
            for second, value in before.items():
                for first, result in results.items():
                    if result == value:
                        yield f"{a}{first}{b}={result}"
                        yield f"{value}{second}{c}={need}"
                        yield f"{need}{third}{d}=24"
                        return (a, b, c, d), (first, second, third)
    raise ValueError("no way to make 24")


def _expression(numbers, signs):
    answer = str(numbers[0])
    for sign, number in zip(signs, numbers[1:], strict=True):
        sums = re.search(r"[-+](?![^(]*\))", answer)
        answer = (f"({answer})" if sign in "*/" and sums else answer) + f"{sign}{number}"
    return answer


def _draw(rng, top):
    """Four numbers up to `top` and three signs that make 24."""
    while True:
        numbers, signs = [rng.randint(1, top) for _ in range(4)], [rng.choice("+-*/") for _ in range(3)]
        value = numbers[0]
        for i, sign in enumerate(signs):
            if sign == "/" and (divisors := [n for n in numbers[i + 1 :] if value % n == 0]):
                numbers[i + 1] = rng.choice(divisors)
            elif sign == "/":
                signs[i] = "-"
            value = _results(value, numbers[i + 1])[signs[i]]
        if value == 24:
            return numbers, signs


class Puzzle24(GymTask):
    name, category, determined = "puzzle24", "games", True
    pattern = re.compile(r"^Make 24 using (\d+(?:, \d+)*)\. You can only use each number once")
    hard = {"min_value": 1, "max_value": 6}

    def params(self, difficulty, rng):
        return {"min_value": 1, "max_value": rng.randint(4, 4 + round(6 * difficulty))}

    def generate(self, seed, index, level):
        if isinstance(level, str) or not 0 <= level <= 1:
            return super().generate(seed, index, level)
        from reasoning_gym.games.puzzle24 import QUESTION_TEMPLATE

        rng = random.Random(f"{self.name}/{seed}/{index}")
        params = self.params(level, rng)
        numbers, signs = _draw(rng, params["max_value"])
        text = QUESTION_TEMPLATE.format(numbers=", ".join(map(str, numbers)), operators="+, -, *, /")
        answer = _expression(numbers, signs)
        data = {"metadata": {"numbers": numbers}, "params": params, "gold": answer}
        return Problem(text=text, task=self.name, level=level, seed=seed, index=index, answer=answer, data=data)

    def _numbers(self, text):
        return [int(n) for n in self.pattern.search(text)[1].split(", ")]

    def expert(self, problem: Problem) -> Solution:
        lines, (numbers, signs) = write(_walk(self._numbers(problem.text)))
        return Solution.of(lines, _expression(numbers, signs))

    def check(self, text, previous, step):
        return follows(_walk(self._numbers(text)), previous, step)

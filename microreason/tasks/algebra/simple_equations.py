"""simple_equations: solve an equation like 6229*e + 8138976 = 47979660.

The constant goes to the other side, then a long division finds the unknown from its highest digit on; the
last line adds the digits up. All lines are plain arithmetic, sums of more than eight digits in blocks (written.py).
Does not cover unknowns that are no positive whole number, nor equations without the unknown (one easy problem in a
thousand, whose answer is lost): practice problems always have it.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.arithmetic.written import long_sum
from microreason.tasks.base import GymTask


def _read(text):
    """a, b and c of a*x+b=c."""
    left, right = text.rpartition(": ")[2].replace(" ", "").split("=")
    a = b = 0
    for sign, number, unknown in re.findall(r"([+-]?)(\d*)\*?([a-z]?)", left):
        value = int(sign + (number or "1")) if number or unknown else 0
        a, b = (a + value, b) if unknown else (a, b + value)
    return a, b, int(right)


class SimpleEquations(GymTask):
    name, category = "simple_equations", "algebra"
    pattern = re.compile(
        r"^(Find the value of [a-z] in the equation|Solve for [a-z]|Determine the value of [a-z] that satisfies): "
        r"(?!.*\*\*)[-+*\d a-z]+ = -?\d+$"
    )
    hard = {
        "min_terms": 3, "max_terms": 10, "min_value": 10, "max_value": 10000, "operators_weights": [0.35, 0.35, 0.3],
    }  # fmt: skip

    def params(self, difficulty, rng):
        top = round(6 * (10000 / 6) ** difficulty)
        terms = 2 + round(rng.random() * 8 * difficulty)
        return {
            "min_terms": terms, "max_terms": terms, "min_value": max(1, top // 1000), "max_value": top,
            "operators_weights": [0.35, 0.35, 0.3],
        }  # fmt: skip

    def generate(self, seed, index, level):
        problem, drawn = super().generate(seed, index, level), seed
        while not isinstance(level, str) and not _read(problem.text)[0]:
            drawn += 1_000_003
            problem = super().generate(drawn, index, level)
        return problem.model_copy(update={"seed": seed})

    def expert(self, problem: Problem) -> Solution:
        a, b, c = _read(problem.text)
        first, second = (c, -b) if a >= 0 else (b, -c)
        a, rest = abs(a), first + second
        lines = []
        if b:
            left, right = (first, second) if first > 0 else (second, first)
            lines += long_sum(left, "-" if right < 0 else "+", abs(right))[0]
        digits = str(rest // a if a else 0)
        parts = [int(d) * 10 ** (len(digits) - i - 1) for i, d in enumerate(digits) if d != "0"]
        for part in parts if a > 1 else []:
            lines.append(f"{a}*{part}={a * part}")
            if part != parts[-1]:
                steps, rest = long_sum(rest, "-", a * part)
                lines += steps
        if a > 1 and len(parts) > 1:
            lines.append("+".join(map(str, parts)) + f"={digits}")
        return Solution.of(lines, digits)

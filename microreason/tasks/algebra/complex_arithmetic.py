"""complex_arithmetic: add, subtract, multiply or divide two complex numbers.

Products are written without signs, digit by digit of the second factor; where a factor has a sign, a line with both
and their product follows.
The real part x of a quotient (a+bi)/(c+di) is (ac+bd)/(cc+dd), the imaginary part (b-xd)/c, both divided
digit by digit. All lines are plain arithmetic. Does not cover parts that are no whole numbers.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.arithmetic.written import product, signed_sum
from microreason.tasks.base import GymTask


def _parse(text):
    """Real and imaginary part of `5.0 - 2.0i`, `-7.00i` or `3.00`."""
    parts = [0, 0]
    for number, unit in re.findall(r"(-?[\d.]+)(i?)", text.replace("- ", "-")):
        parts[bool(unit)] = int(float(number))
    return parts


def _parts(number):
    """Its nonzero digits with their zeros: 408 gives 400 and 8."""
    digits = str(number)
    return [int(d) * 10 ** (len(digits) - i - 1) for i, d in enumerate(digits) if d != "0"] or [0]


def _plus(lines, a, b):
    line, total = signed_sum(a, "-" if b < 0 else "+", abs(b))
    lines.append(line)
    return total


def _times(lines, a, b):
    lines += product(abs(a), abs(b))
    if a < 0 or b < 0:
        lines.append(f"{a}*{b}={a * b}")
    return a * b


def _over(lines, a, b):
    rest, quotient = abs(a), a // b
    parts = _parts(abs(quotient))
    if len(parts) > 1:
        for part in parts:
            lines.append(f"{abs(b)}*{part}={abs(b) * part}")
            if part != parts[-1]:
                line, rest = signed_sum(rest, "-", abs(b) * part)
                lines.append(line)
    lines.append(f"{a}/{b}={quotient}")
    return quotient


def _solve(op, a, b, c, d):
    """Lines, real and imaginary part of (a+bi) op (c+di)."""
    lines = []
    if op == "+":
        return lines, _plus(lines, a, c), _plus(lines, b, d)
    if op == "-":
        return lines, _plus(lines, a, -c), _plus(lines, b, -d)
    if op == "×":
        real = _plus(lines, _times(lines, a, c), -_times(lines, b, d))
        return lines, real, _plus(lines, _times(lines, a, d), _times(lines, b, c))
    if not d:
        return lines, _over(lines, a, c), _over(lines, b, c)
    if not c:
        return lines, _over(lines, b, d), -_over(lines, a, d)
    norm = _plus(lines, _times(lines, c, c), _times(lines, d, d))
    real = _over(lines, _plus(lines, _times(lines, a, c), _times(lines, b, d)), norm)
    return lines, real, _over(lines, _plus(lines, b, -_times(lines, real, d)), c)


class ComplexArithmetic(GymTask):
    name, category, determined = "complex_arithmetic", "algebra", True
    pattern = re.compile(r"^(Add|Subtract|Multiply|Divide) the complex numbers: ")
    hard = {
        "min_real": -100, "max_real": 100, "min_imag": -100, "max_imag": 100,
        "operations_weights": [0.25, 0.25, 0.25, 0.25],
    }  # fmt: skip

    def params(self, difficulty, rng):
        top = round(3 * (100 / 3) ** difficulty)
        return {"min_real": -top, "max_real": top, "min_imag": -top, "max_imag": top} | {
            "operations_weights": [0.2, 0.2, 0.3, 0.3]
        }

    def expert(self, problem: Problem) -> Solution:
        first, op, second = re.search(r"\(([^)]*)\) ([-+×÷]) \(([^)]*)\)", problem.text).groups()
        lines, real, imaginary = _solve(op, *_parse(first), *_parse(second))
        return Solution.of(lines, f"{real}{imaginary:+}i")

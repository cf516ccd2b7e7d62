"""simple_integration: the antiderivative of a polynomial, term by term.

Each term: its exponent plus 1; if the new exponent divides the coefficient (one remainder), the quotient becomes
the coefficient, otherwise the exponent multiplies the denominator; then the new term. Fractions are not reduced
further, and the terms keep their order. Where the integrand is a constant, x is taken to be the variable.
"""

import re
from fractions import Fraction

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_TERM = re.compile(r"^(-?)(\d+)?\*?([a-zA-Z])?(?:\*\*(\d+))?(?:/(\d+))?$")


def _parse(term):
    """Sign, numerator, exponent and denominator of a term such as `-272*x**7/15`."""
    sign, top, variable, power, bottom = _TERM.match(term).groups()
    return sign, int(top or 1), int(power or 1) if variable else 0, int(bottom or 1)


def _value(term):
    sign, top, power, bottom = _parse(term)
    return Fraction(-top if sign else top, bottom), power


class SimpleIntegration(GymTask):
    name, category, determined = "simple_integration", "algebra", True
    pattern = re.compile(r"^(?:Find|Calculate|Evaluate) the (?:indefinite integral|antiderivative): ∫ ([^(\n]+) dx\n")
    hard = {"min_terms": 3, "max_terms": 4}

    def params(self, difficulty, rng):
        low = 1 if rng.random() < max(0.4, difficulty) else 2
        return {
            "min_terms": round(1 + 2 * difficulty), "max_terms": round(1 + 4 * difficulty), "min_degree": low,
            "symbols": ("x",) if low == 1 and difficulty < 0.9 else ("x", "X"),
            "max_degree": round(3 + 7 * difficulty), "max_bounds": round(3 + 7 * difficulty),
        }  # fmt: skip

    def _variable(self, text):
        return "X" if "X" in self.pattern.search(text)[1] else "x"

    def _terms(self, text):
        return self.pattern.search(text)[1].replace(" - ", " + -").split(" + ")

    def expert(self, problem: Problem) -> Solution:
        lines, answer = [], ""
        variable = self._variable(problem.text)
        for term in self._terms(problem.text):
            sign, top, power, bottom = _parse(term)
            if not top:
                continue
            if power:
                new = power + 1
                lines += [f"{power}+1={new}", f"{top}%{new}={top % new}"]
                if top % new:
                    lines += [f"{bottom}*{new}={bottom * new}"] if bottom > 1 else []
                    bottom *= new
                else:
                    lines.append(f"{top}/{new}={top // new}")
                    top //= new
            body = (f"{top}*" if top > 1 else "") + variable + (f"**{power + 1}" if power else "")
            body += f"/{bottom}" if bottom > 1 else ""
            lines.append(sign + body)
            answer += f" {sign or '+'} {body}" if answer else sign + body
        return Solution.of(lines, f"{answer} + C" if answer else "C")

    def check(self, text, previous, step):
        found = _TERM.match(step)
        if not (found and found[3]):
            return None
        value, power = _value(step)
        terms = [_value(term) for term in self._terms(text)]
        return found[3] == self._variable(text) and power > 0 and (value * power, power - 1) in terms

"""polynomial_multiplication: expand a product of polynomials in one variable.

The factors are multiplied one after the other. A line such as `47x0-86x3;78x2+21x1` holds the product so far and the
next factor (x3 for x**3). Then, from the highest power down, ` x5:-86*78` says which coefficients make up the one
of this power; written multiplication of their sizes follows, and the sum so far: `987-1806=-819`. A product by 1
needs no line. The answer gathers the last coefficients. Does not cover expressions in several variables.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import follows, write
from microreason.tasks.arithmetic.roots import end, times
from microreason.tasks.base import GymTask

_TERM = re.compile(r"([+-]?)(\d*)\*?([xyz]?)(?:\*\*(\d+))?")


def _polynomial(text):
    out = {}
    for sign, size, unknown, power in _TERM.findall(text):
        if size or unknown:
            degree = int(power or 1) if unknown else 0
            out[degree] = out.get(degree, 0) + int(sign + (size or "1"))
    return out


def _factors(expression):
    """The polynomials of an expression without spaces, the powers of degree to coefficient."""
    if "(" not in expression:
        return [_polynomial(expression)]
    outside = re.sub(r"\*?\([^()]*\)(?:\*\*\d+)?", "", expression)
    found = [_polynomial(outside + ("1" if outside == "-" else ""))] if outside else []
    for inside, power in re.findall(r"\(([^()]*)\)(?:\*\*(\d+))?", expression):
        found += [_polynomial(inside)] * int(power or 1)
    return found


def _compact(polynomial):
    terms = [f"{polynomial[d]:+}x{d}" for d in sorted(polynomial, reverse=True) if polynomial[d]]
    return "".join(terms).removeprefix("+") or "0"


def _walk(factors):
    current, *others = factors
    if not others:
        yield _compact(current)
    for factor in others:
        yield f"{_compact(current)};{_compact(factor)}"
        out = {}
        for degree in sorted({i + j for i in current for j in factor}, reverse=True):
            pairs = [(current[i], factor[degree - i]) for i in sorted(current, reverse=True) if degree - i in factor]
            pairs = [("-" if a * b < 0 else "+", abs(a), abs(b)) for a, b in pairs if a * b]
            if not pairs:
                continue
            yield f" x{degree}:" + "".join(f"{sign}{a}*{b}" for sign, a, b in pairs).removeprefix("+")
            total = None
            for sign, a, b in pairs:
                part = yield from times(a, b)
                if total is None:
                    total = int(f"{sign}{part}")
                else:
                    total = end((yield f"{total}{sign}{part}={total + int(f'{sign}{part}')}"))
            out[degree] = total
        current = out
    return current


class PolynomialMultiplication(GymTask):
    name, category = "polynomial_multiplication", "algebra"
    pattern = re.compile(r"^(?:Simplify this expression|Calculate the following): ([-+*()xyz\d ]+)\nWhen performing")
    hard = {
        "min_terms": 4, "max_terms": 8, "min_value": 10, "max_value": 10000, "min_degree": 1, "max_degree": 4,
        "min_polynomials": 3, "max_polynomials": 6,
    }  # fmt: skip

    def params(self, difficulty, rng):
        top = round(5 * (10000 / 5) ** difficulty)
        return {
            "min_terms": round(1 + 3 * difficulty), "max_terms": round(2 + 6 * difficulty),
            "min_value": max(1, top // 1000), "max_value": top, "min_degree": int(rng.random() < difficulty),
            "max_degree": round(1 + 3 * difficulty), "min_polynomials": 2 + (difficulty > 0.8),
            "max_polynomials": round(2 + 4 * difficulty**2),
        }  # fmt: skip

    def _read(self, text):
        return _factors(self.pattern.search(text)[1].replace(" ", ""))

    def expert(self, problem: Problem) -> Solution:
        unknown = re.search("[xyz]", self.pattern.search(problem.text)[1])
        lines, polynomial = write(_walk(self._read(problem.text)))
        answer = ""
        for degree in sorted(polynomial, reverse=True):
            if value := polynomial[degree]:
                power = ["", unknown and unknown[0], unknown and f"{unknown[0]}**{degree}"][min(degree, 2)]
                size = str(abs(value)) if abs(value) != 1 or not power else ""
                sign = " - " if value < 0 else " + "
                answer += (sign if answer else sign.strip(" +")) + size + "*" * bool(size and power) + power
        return Solution.of(lines, answer or "0")

    def check(self, text, previous, step):
        return follows(_walk(self._read(text)), previous, step)

"""intermediate_integration: antiderivatives by substitution or by parts.

Substitution: the inner function and its derivative, ` u=3*x + 6;3`, then the coefficient of the answer: the one of the
integrand divided by the derivative, and the new exponent as a divisor. By parts: a line for each term of the answer;
from one to the next the coefficient is multiplied by the exponent, the divisor by the factor of x within the function,
and the function integrated (` - 6*x**2*cos(3*x)/9`: after sin comes cos with the same sign, after cos sin with the
other sign, exp always changes the sign). Fractions are not reduced, but exact quotients are. Known forms of log, asin,
atan and exp times sin or cos need one line. Does not cover other integrands than the eight kinds of the task.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import is_next
from microreason.tasks.base import GymTask


def _slope(inner):
    """Factor of x (the highest power's first) of a text such as `8 - 3*x`."""
    found = re.search(r"(-?) ?(?:(\d+)\*)?x", inner)
    return int(found[1] + (found[2] or "1"))


def _term(top, body, bottom=1):
    """A product such as `-3*sin(x)/4`."""
    return ("-" if top < 0 else "") + (f"{abs(top)}*" if abs(top) > 1 else "") + body + f"/{bottom}" * (bottom > 1)


def _divide(top, bottom, lines):
    """An exact quotient."""
    if bottom != 1:
        lines.append(f"{top}/{bottom}={top // bottom}" if bottom > 0 else f"{top}/({bottom})={top // bottom}")
    return top // bottom


def _substitution(k, rest, lines):
    """Coefficient, body and divisor of the antiderivative, or None."""
    if found := re.fullmatch(r"\((.+)\)\*\*(\d)", rest):
        u, power = found[1], int(found[2])
        a = _slope(u)
        lines += [f" u={u};{a}", f"{power}+1={power + 1}", f"{a}*{power + 1}={a * (power + 1)}"]
        return k, f"({u})**{power + 1}", a * (power + 1)
    if found := re.fullmatch(r"sqrt\((.+)\)", rest):
        u = found[1]
        lines.append(f" u={u};{_slope(u)}")
        k = _divide(k, _slope(u), lines)
        lines.append(f"2*{abs(k)}={2 * abs(k)}")
        k, bottom = (2 * k, 3) if k % 3 else (_divide(2 * k, 3, lines), 1)
        return k, f"({u})**(3/2)", bottom
    if found := re.fullmatch(r"(?:\(([^()]+)\)\*)?exp\(([^()]+)\)", rest):
        factor, u = found.groups()
        if factor:
            lines += [f" u={u}", f"2*{_slope(u)}={2 * _slope(u)}"]
            return _divide(_slope(factor), 2 * _slope(u), lines), f"exp({u})", 1
        lines.append(f" u={u};{_slope(u)}")
        return _divide(k, _slope(u), lines), f"exp({u})", 1
    if found := re.fullmatch(r"sin\((.+)\)(?:\*\*(\d))?\*cos\(\1\)(?:\*\*(\d))?", rest):
        u, function = found[1], "cos" if found[3] else "sin"
        power = int(found[2] or found[3] or 1) + 1
        lines.append(f" u={function}({u});{'-' if found[3] else ''}{_slope(u)}".replace("--", ""))
        k = _divide(k, _slope(u) * (-1 if found[3] else 1), lines)
        lines.append(f"{power - 1}+1={power}")
        k, power_divisor = (_divide(k, power, lines), 1) if k % power == 0 else (k, power)
        return k, f"{function}({u})**{power}", power_divisor
    return None


def _parts(k, rest):
    """Terms with signs, or None."""
    found = re.fullmatch(r"x(?:\*\*(\d))?\*(exp|sin|cos)\((?:(\d)\*)?x\)", rest)
    if not found:
        return None
    power, function, factor = int(found[1] or 1), found[2], int(found[3] or 1)
    inner = f"{factor}*x" if factor > 1 else "x"
    sign, size, bottom = (-1 if k < 0 else 1) * (-1 if function == "sin" else 1), abs(k), factor
    function = {"sin": "cos", "cos": "sin"}.get(function, "exp")
    terms = []
    while True:
        x = "x" if power == 1 else f"x**{power}"
        terms.append(_term(sign * size, (f"{x}*" if power else "") + f"{function}({inner})", bottom))
        if not power:
            return terms
        size, power, bottom = size * power, power - 1, bottom * factor
        sign = sign if function == "sin" else -sign
        function = {"sin": "cos", "cos": "sin"}.get(function, "exp")


def _known(k, rest):
    """Terms of the antiderivatives that are learnt by heart."""
    if found := re.fullmatch(r"log\(x(?:\*\*(\d))?\)", rest):
        return [_term(k, f"x*{rest}"), _term(-k * int(found[1] or 1), "x")]
    if found := re.fullmatch(r"exp\(x\)\*(sin|cos)\(x\)", rest):
        return [_term(k, "exp(x)*sin(x)", 2), _term(-k if found[1] == "sin" else k, "exp(x)*cos(x)", 2)]
    function, factor = re.fullmatch(r"(asin|atan)\((?:(\d)\*)?x\)", rest).groups()
    factor = int(factor or 1)
    square = f"{factor**2}*x**2" if factor > 1 else "x**2"
    if function == "asin":
        return [_term(k, f"x*{rest}"), _term(k, f"sqrt(1 - {square})", factor)]
    return [_term(k, f"x*{rest}"), _term(-k, f"log({square} + 1)", 2 * factor)]


def _solve(integrand):
    sign, size, rest = re.fullmatch(r"(-?)(?:(\d+)\*)?(.+)", integrand).groups()
    k, lines = int(sign + (size or "1")), []
    found = _substitution(k, rest, lines)
    terms = [_term(*found)] if found else _parts(k, rest) or _known(k, rest)
    if not found:
        lines = [f" {term}" for term in terms]
    return lines, " + ".join([*terms, "C"]).replace("+ -", "- ")


class IntermediateIntegration(GymTask):
    name, category = "intermediate_integration", "algebra"
    pattern = re.compile(
        r"^(?:Find|Calculate|Evaluate) the (?:indefinite integral|antiderivative): ∫ (?=[^\n]*\()([^\n]+) dx\n"
    )
    hard = {"problem_type_weights": [0, 0, 0, 1, 0, 0, 0, 0]}

    def params(self, difficulty, rng):
        weights = self.hard["problem_type_weights"] if rng.random() < difficulty / 2 else [0.125] * 8
        return {"problem_type_weights": weights, "linear_upper_bound": 2 + round(8 * difficulty)}

    def expert(self, problem: Problem) -> Solution:
        return Solution.of(*_solve(self.pattern.search(problem.text)[1]))

    def check(self, text, previous, step):
        lines, _ = _solve(self.pattern.search(text)[1])
        return is_next(lines, previous, step)

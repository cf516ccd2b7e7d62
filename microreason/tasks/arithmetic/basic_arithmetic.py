"""basic_arithmetic: an expression with + - * / and parentheses; / rounds down.

The leftmost innermost parenthesis is worked out first, then a line holds the whole expression with its value
instead. Within one, the path goes from left to right: a run of products and quotients first gets its value, then
joins the total so far. A product of several digits is first written without signs, the longer number in front,
`-41*342=-(342*41)` (`342*41` if that is how it stands), then goes digit by digit; the divisor of a quotient is taken
off without signs (written.py); and a line with the signs follows. A quotient that is not whole takes off its remainder
first: `17%5=2`, `(17-2)/5=3`.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.arithmetic.written import product, quotient, signed_sum
from microreason.tasks.base import GymTask

_GROUP = re.compile(r"\(([^()]*)\)")


def _operate(left, sign, right, lines):
    if sign in "+-":
        line, value = signed_sum(left, sign, right)
        lines.append(line)
        return value
    if sign == "*":
        value = left * right
        big, small = max(abs(left), abs(right)), min(abs(left), abs(right))
        if small > 9:
            steps, plain = product(big, small), f"{big}*{small}"
            if f"{left}{sign}{right}" == plain:
                lines.append(plain)
            else:
                lines.append(f"{left}{sign}{right}=" + (f"-({plain})" if value < 0 else plain))
            lines += steps[:-1] if steps[-1].startswith(f"{plain}=") else steps
    else:
        value, rest = divmod(left, right)
        if abs(value) > 9 and abs(right) > 1:
            lines += quotient(abs(left), abs(right))
        if rest:
            lines += [f"{left}%{right}={rest}", f"({left}-{rest})/{right}={value}"]
            return value
    lines.append(f"{left}{sign}{right}={value}")
    return value


def _flat(expression, lines):
    """Value of an expression without parentheses or spaces."""
    first, *rest = re.findall(r"(?<!\d)-?\d+|[-+*/]|\d+", expression)
    items = [("+", int(first)), *((s, int(n)) for s, n in zip(rest[::2], rest[1::2], strict=True))]
    total, i = None, 0
    while i < len(items):
        sign, value = items[i]
        i += 1
        while i < len(items) and items[i][0] in "*/":
            value = _operate(value, *items[i], lines)
            i += 1
        total = value if total is None else _operate(total, sign, value, lines)
    return total


def _solve(expression):
    """Lines, and the value of an expression without spaces."""
    lines = []
    while group := _GROUP.search(expression):
        value, start = _flat(group[1], lines), group.start()
        if re.search(r"(?:^|[-+*/(])-$", expression[:start]):
            value, start = -value, start - 1
        expression = f"{expression[:start]}{value}{expression[group.end() :]}"
        if not re.fullmatch(r"-?\d+", expression):
            lines.append(expression)
    return lines, _flat(expression, lines)


class BasicArithmetic(GymTask):
    name, category, determined = "basic_arithmetic", "arithmetic", True
    pattern = re.compile(r"^Calculate ([-+*/() \d]+)\.")
    hard = {"min_terms": 5, "max_terms": 10, "min_digits": 2, "max_digits": 5}

    def params(self, difficulty, rng):
        terms = rng.randint(round(2 + 2 * difficulty), round(2 + 8 * difficulty))
        digits = rng.randint(round(1 + difficulty), round(2 + 3 * difficulty))
        out = {"min_terms": terms, "max_terms": terms, "min_digits": digits, "max_digits": digits}
        if terms * digits > 20:  # for a quotient the library tries all divisors up to the root of a product
            out["operators"] = ("+", "-", "+", "-", "*")
        return out

    def _expression(self, text):
        return self.pattern.search(text)[1].replace(" ", "")

    def expert(self, problem: Problem) -> Solution:
        return Solution.of(*_solve(self._expression(problem.text)))

    def check(self, text, previous, step):
        if not re.fullmatch(r"[-+*/()\d]+", step):
            return None
        lines, value = _solve(self._expression(text))
        if re.fullmatch(r"\d\d+\*\d\d+", step) and step in lines:
            return True
        return _solve(step)[1] == value

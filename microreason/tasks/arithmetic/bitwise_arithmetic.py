"""bitwise_arithmetic: an expression of hexadecimal numbers with + - * << >> and parentheses.

Lines begin with `x` and their digits are hexadecimal, in capitals. The innermost parentheses get their values from
left to right, each on a line `x4232-6BEC=-29BA`, then a line holds the whole expression with these values in place,
and so on. Before the line of a product come the digits of its shorter number: from `x52C3*A=33B9E;33B9E` comes
`x52C3*7=24355;360D35`, the part of this digit and after `;` the sum so far, sixteen times the one before and this
part. A shift to the right of a negative number, which rounds down, comes after the shift without the sign.
A shift by 0 has no line. Does not cover and, or, xor.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_GROUP = re.compile(r"\((-?[\dA-F]+)(\+|-|\*|<<|>>)(-?[\dA-F]+)\)")
_DIGIT = re.compile(r"x([\dA-F]+)\*([\dA-F])=([\dA-F]+);([\dA-F]+)")
_VALUE = re.compile(r"x(-?[\dA-F]+(?:\+|-|\*|<<|>>)-?[\dA-F]+)=(-?[\dA-F]+)")


def _value(left, sign, right):
    a, b = int(left, 16), int(right, 16)
    if sign in "+-":
        return a + b if sign == "+" else a - b
    return a * b if sign == "*" else a << b if sign == "<<" else a >> b


def _factors(left, right):
    """Both numbers of a product without signs, the longer first."""
    return sorted((left.lstrip("-"), right.lstrip("-")), key=len, reverse=True)


def _digit(long, digit, total):
    """The line of one digit of a product, and the sum so far."""
    part = int(long, 16) * int(digit, 16)
    return f"x{long}*{digit}={part:X};{16 * total + part:X}", 16 * total + part


def _lines(left, sign, right):
    """Lines for one operation."""
    lines, total = [], 0
    if sign == "*":
        long, short = _factors(left, right)
        for digit in short:
            line, total = _digit(long, digit, total)
            lines.append(line)
    elif sign == ">>" and left[0] == "-":
        lines.append(f"x{left[1:]}>>{right}={_value(left[1:], sign, right):X}")
    return [*lines, f"x{left}{sign}{right}={_value(left, sign, right):X}"]


def _groups(expression):
    """The innermost operations, each once, without shifts by 0."""
    return [group for group in dict.fromkeys(_GROUP.findall(expression)) if group[1:] not in (("<<", "0"), (">>", "0"))]


def _replace(expression, values):
    """The expression with the values of the innermost parentheses, given by operation."""
    return _GROUP.sub(
        lambda m: m[1] if m[2] in ("<<", ">>") and m[3] == "0" else values[m[1] + m[2] + m[3]], expression
    )


class BitwiseArithmetic(GymTask):
    name, category, determined = "bitwise_arithmetic", "arithmetic", True
    pattern = re.compile(r"^Please solve this problem\. Assume there is arbitrary bit depth .*\n(.+)")
    hard = {"difficulty": 5}

    def params(self, difficulty, rng):
        return {"difficulty": rng.randint(1 + round(3 * difficulty), 1 + round(4 * difficulty))}

    def _expression(self, text):
        return self.pattern.search(text)[1].replace("0x", "").replace(" ", "").upper()

    def expert(self, problem: Problem) -> Solution:
        expression, lines = self._expression(problem.text), []
        while "(" in expression:
            for group in _groups(expression):
                lines += _lines(*group)
            values = {"".join(group): f"{_value(*group):X}" for group in _groups(expression)}
            expression = _replace(expression, values)
            lines.append(f"x{expression}")
        return Solution.of(
            lines or [f"x{expression}"], ("-0x" if expression[0] == "-" else "0x") + expression.lstrip("-")
        )

    def check(self, text, previous, step):
        at = max((i for i, line in enumerate(previous) if "=" not in line), default=-1)
        expression = previous[at][1:] if at >= 0 else self._expression(text)
        values = {found[1]: found[2] for line in previous[at + 1 :] if (found := _VALUE.fullmatch(line))}
        groups = {"".join(group): group for group in _groups(expression)}
        if found := _VALUE.fullmatch(step):
            group = groups.get(found[1]) or groups.get("-" + found[1])
            return bool(group) and step in _lines(*group)
        if _DIGIT.fullmatch(step):
            left, _, right = next(group for name, group in groups.items() if group[1] == "*" and name not in values)
            long, short = _factors(left, right)
            done = 0
            while done < len(previous) and _DIGIT.fullmatch(previous[-1 - done]):
                done += 1
            total = int(previous[-1].rpartition(";")[2], 16) if done else 0
            return done < len(short) and step == _digit(long, short[done], total)[0]
        if re.fullmatch(r"x[-+*<>()\dA-F]+", step):
            return groups.keys() <= values.keys() and step == f"x{_replace(expression, values)}"
        return None

"""modulo_grid: find the rule (x+y, |x-y|, x*y or x^y modulo a divisor) behind a grid of signs and fill its holes.

The first three lines list the columns with a check mark in rows 0, 1 and 2, holes with `?` (`0:3,7?,12`). Then the
operation, with the value of the first mark (from row 1 on for products and powers): ` diff 3,0:3`. Each mark that the
divisor known so far does not explain follows with its difference from that value (`12,0:12-3=9`) and Euclid's lines
for the new divisor; ` rule %9=3` states the rule. Then each hole: its value, the remainder and the sign
(`15,8:15-8=7;7%9=7❌`); a power goes by squares, a line each (`7^2:7*7=49;49%9=4`), then `7,2:4✅`.
Where the visible cells leave the rule open, the first operation and the largest divisor that fit are taken.
"""

import re
from functools import lru_cache
from math import gcd

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import is_next
from microreason.tasks.arithmetic.written import euclid, remainder
from microreason.tasks.base import GymTask

_YES, _NO, _HOLE = "✅❌❔"
_VALUE = {"sum": lambda x, y: x + y, "diff": lambda x, y: abs(x - y), "prod": lambda x, y: x * y, "pow": pow}


def _row(y, row):
    marks = [f"{x}{'?' if sign == _HOLE else ''}" for x, sign in enumerate(row) if sign != _NO]
    return f"{y}:{','.join(marks) or '-'}"


def _written(operation, x, y):
    """A sum, difference or product with its computation."""
    value, tens = _VALUE[operation](x, y), y // 10 * 10
    if operation == "prod" and tens not in (0, y):
        return f"{x}*{tens}+{x}*{y - tens}={x * tens}+{x * (y - tens)}={value}"
    return {"sum": f"{x}+{y}", "diff": f"{max(x, y)}-{min(x, y)}", "prod": f"{x}*{y}"}[operation] + f"={value}"


def _is_marked(operation, x, y, first, divisor):
    """Whether a cell is marked by the rule; without a divisor only the first value is."""
    if not divisor:
        return _VALUE[operation](x, y) == first
    return (pow(x, y, divisor) if operation == "pow" else _VALUE[operation](x, y) % divisor) == first % divisor


def _rule(grid, operation):
    """Lines that lead to the first value and the divisor (0: one value only); None if the operation cannot fit."""
    marks = [(x, y) for y, row in enumerate(grid) for x, sign in enumerate(row) if sign == _YES]
    if operation in ("prod", "pow"):
        marks = [(x, y) for x, y in marks if 0 < y < (10 if operation == "pow" else len(grid))]
    if not marks:
        return None
    value, (x, y), divisor = _VALUE[operation], marks[0], 0
    first = value(x, y)
    lines = [f" {operation} {x},{y}:{first}"]
    for x, y in marks[1:]:
        difference = abs(value(x, y) - first)
        if difference % divisor if divisor else difference:
            lines.append(f"{x},{y}:{max(value(x, y), first)}-{min(value(x, y), first)}={difference}")
            lines += euclid(difference, divisor)[0] if divisor else []
            divisor = gcd(difference, divisor)
    cells = ((x, y, sign) for y, row in enumerate(grid) for x, sign in enumerate(row) if sign != _HOLE)
    if divisor == 1 or any((sign == _YES) != _is_marked(operation, x, y, first, divisor) for x, y, sign in cells):
        return None
    return [*lines, f" rule %{divisor}={first % divisor}" if divisor else f" rule ={first}"], first, divisor


def _hole(operation, x, y, first, divisor):
    """Lines for one hole."""
    sign = _YES if _is_marked(operation, x, y, first, divisor) else _NO
    if operation != "pow":
        rest = f";{remainder(_VALUE[operation](x, y), divisor)}" if divisor else ""
        return [f"{x},{y}:{_written(operation, x, y)}{rest}{sign}"]
    if not divisor or not y:
        return [f"{x},{y}:{x}^{y}{sign}"]
    value, exponent, lines = x % divisor, 1, [f"{x}^1:{remainder(x, divisor)}"]
    for bit in bin(y)[3:]:
        for factor, more in [(value, exponent), (x % divisor, 1)][: 1 + int(bit)]:
            exponent += more
            product = value * factor
            lines.append(f"{x}^{exponent}:{value}*{factor}={product};{remainder(product, divisor)}")
            value = product % divisor
    return [*lines, f"{x},{y}:{value}{sign}"]


@lru_cache(maxsize=64)
def _solve(text):
    """All lines, and the filled grid."""
    grid = [list(row) for row in re.findall(f"[{_YES}{_NO}{_HOLE}]+", text)]
    lines = [_row(y, row) for y, row in enumerate(grid[:3])]
    holes = [(x, y) for y, row in enumerate(grid) for x, sign in enumerate(row) if sign == _HOLE]
    operation, found = next(((op, rule) for op in _VALUE if (rule := _rule(grid, op))), (None, None))
    lines += found[0] if found else []
    for x, y in holes:
        lines += _hole(operation, x, y, *found[1:]) if found else [f"{x},{y}:{_YES}"]
        grid[y][x] = lines[-1][-1]
    return lines, "\n".join(map("".join, grid))


class ModuloGrid(GymTask):
    name, category = "modulo_grid", "cognition"
    exact = False  # a hole may hide the only mark that tells two rules apart
    pattern = re.compile(r"^Identify the mathematical pattern which defines this grid, then use that pattern to fill")
    hard = {"size_x": 40, "size_y": 40, "max_holes": 5, "max_divisor": 7, "max_target": 3}

    def params(self, difficulty, rng):
        size = round(6 * (40 / 6) ** difficulty)
        top = rng.randint(2, max(3, min(20, size // 2)))
        return {
            "size_x": size, "size_y": size, "max_holes": rng.randint(1, 1 + round(4 * difficulty)),
            "max_divisor": top, "max_target": rng.randint(1, top),
        }  # fmt: skip

    def expert(self, problem: Problem) -> Solution:
        return Solution.of(*_solve(problem.text))

    def check(self, text, previous, step):
        lines = _solve(text)[0]
        return is_next(lines, previous, step)

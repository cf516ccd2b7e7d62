"""pool_matrix: the greatest or the average number of each square block of a matrix of digits.

A line for each row, numbered within its band of blocks from 1, says what is known of each block so far. Pooling
maxima: the greatest digit (`2:799`). Averages: the sum; the row above's plus this row's digits (`2:12+7=19`), which
are added in two halves where there are more than three (`2:55+12+9=76`). The sums of a band are then divided by the
number of cells, a decimal at a time with its remainder (`76/24=3r4,1r16,6r16=3.17`), up to two decimals, rounded by
the last remainder; a kernel of one cell needs no division. Blocks at the edges may be smaller.
Does not cover numbers above 9.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic import matrix
from microreason.tasks.algorithmic.replay import follows, write
from microreason.tasks.base import GymTask


def _sum(total, block):
    half = (len(block) + 1) // 2 if len(block) > 3 else len(block)
    parts = [total] if total else []
    parts += [str(sum(map(int, part))) for part in (block[:half], block[half:]) if part]
    return "+".join(parts) + (f"={sum(map(int, parts))}" if len(parts) > 1 else "")


def _division(total, count):
    """A line that divides, ending in the quotient to two decimals, half a hundredth rounded to even."""
    digits, rest = divmod(total, count)
    line, hundredths = f"{total}/{count}={digits}r{rest}", 100 * digits
    for place in (10, 1):
        if rest:
            digits, rest = divmod(10 * rest, count)
            line, hundredths = f"{line},{digits}r{rest}", hundredths + place * digits
    hundredths += 2 * rest > count or (2 * rest == count and hundredths % 2)
    return f"{line}={hundredths / 100}"


def _walk(text):
    kind, size = PoolMatrix.pattern.search(text).groups()
    size, rows, out = int(size), matrix.read(text), []
    for top in range(0, len(rows), size):
        band = rows[top : top + size]
        state = [""] * len(range(0, len(rows[0]), size))
        for i, row in enumerate(band, 1):
            blocks = [row[j : j + size] for j in range(0, len(row), size)]
            if kind == "max":
                state = list((yield f"{i}:" + "".join(max(a + b) for a, b in zip(state, blocks, strict=True)))[2:])
            else:
                line = yield f"{i}:" + " ".join(map(_sum, state, blocks))
                state = re.findall(r"(\d+)(?: |$)", line[2:])
        if kind == "average" and size > 1:
            for j, total in enumerate(state):
                line = yield _division(int(total), len(band) * min(size, len(rows[0]) - j * size))
                state[j] = line.rpartition("=")[2]
        out.append(state)
    return out


class PoolMatrix(GymTask):
    name, category = "pool_matrix", "algorithmic"
    pattern = re.compile(r"\nPerform (average|max) pooling on the following matrix with a kernel size of (\d+):\n")
    hard = {"min_rows": 25, "max_rows": 50, "min_cols": 25, "max_cols": 50, "min_pool_size": 5, "max_pool_size": 7}

    def params(self, difficulty, rng):
        top = matrix.top(difficulty)
        side = {"min_rows": max(2, top // 2), "max_rows": top, "min_cols": max(2, top // 2), "max_cols": top}
        return side | {"min_pool_size": 1 + round(4 * difficulty**2), "max_pool_size": 2 + round(5 * difficulty)}

    def expert(self, problem: Problem) -> Solution:
        lines, rows = write(_walk(problem.text))
        return Solution.of(lines, matrix.write(rows))

    def check(self, text, previous, step):
        return follows(_walk(text), previous, step)

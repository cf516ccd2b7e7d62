"""binary_matrix: the distance of each cell of a square of 0 and 1 to the nearest 0.

The lines are the rows from the bottom one up, each from right to left: 0 for a 0, else one more than the smaller of
the digit just written and the digit above it in the line before (9 where there is neither, or more than 9). So they
hold the distance to zeros to the right and below. The answer reads them backwards: each cell is the least of its
digit, one more than the cell to the left and one more than the cell above. Does not cover distances above 9.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic import matrix
from microreason.tasks.algorithmic.replay import follows, write
from microreason.tasks.base import GymTask


def _row(digits, before):
    """Each digit lowered to one more than its neighbours: the one to the left and the one in the row before."""
    out = []
    for digit, other in zip(digits, before, strict=True):
        out.append(min(int(digit), int(other) + 1, (out[-1] if out else 9) + 1))
    return "".join(map(str, out))


def _walk(text):
    rows = matrix.read(text)
    before = "9" * len(rows)
    for row in reversed(rows):
        before = yield _row(row[::-1].replace("1", "9"), before)


class BinaryMatrix(GymTask):
    name, category = "binary_matrix", "algorithmic"
    pattern = re.compile(r"\nFind the distance to the nearest 0 for each cell in the matrix below:\n")
    hard = {"p_zero": 0.25, "min_n": 25, "max_n": 50}

    def params(self, difficulty, rng):
        top = matrix.top(difficulty)
        return {"p_zero": rng.choice((0.2, 0.25, 0.4)), "min_n": max(2, top // 2), "max_n": top}

    def expert(self, problem: Problem) -> Solution:
        lines, _ = write(_walk(problem.text))
        rows, above = [], "9" * len(lines)
        for line in reversed(lines):
            above = _row(line[::-1], above)
            rows.append(above)
        return Solution.of(lines, matrix.write(rows))

    def check(self, text, previous, step):
        return follows(_walk(text), previous, step)

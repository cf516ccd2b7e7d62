"""rotate_matrix: a square matrix turned clockwise by a multiple of 90 degrees.

Lines take 360 off while they can (`990-360=630`); ` turn 270` is what is left. Then each row of the result, numbered
from 1 (`1:741`), unless it is the matrix itself, and below it what is left of the matrix without the digits of that
row, until two rows or columns are left. So each row of the result lies at the edge of what was written last: 90 takes
the first column upwards, 180 the last row backwards, 270 the last column downwards. Matrices of more than 12 rows get
the rows of the result only, those of more than 40 no such lines. Does not cover other angles.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic import matrix
from microreason.tasks.algorithmic.replay import follows, last_number, write
from microreason.tasks.base import GymTask


def _edge(rows, turns):
    """The first row of the matrix turned so many times by 90 degrees."""
    if turns == 2:
        return rows[-1][::-1]
    return "".join([row[:1] for row in reversed(rows)] if turns == 1 else [row[-1:] for row in rows])


def _rest(rows, turns):
    """The rows without that edge."""
    return rows[:-1] if turns == 2 else [row[1:] if turns == 1 else row[:-1] for row in rows]


def _walk(text):
    rows, angle = matrix.read(text), int(RotateMatrix.pattern.search(text)[1])
    while angle >= 360:
        line = yield f"{angle}-360={angle - 360}"
        angle = last_number(line, angle)
    angle = last_number((yield f" turn {angle}"), angle)
    turns, size, result = angle // 90 % 4, len(rows), []  # an angle may come from a written line
    if not turns:
        return rows
    for i in range(1, size + 1):
        row = _edge(rows, turns)
        if size <= 40:
            row = (yield f"{i}:{row}").partition(":")[2]
        result.append(row)
        rows = _rest(rows, turns)
        if size <= 12 and i < size - 1:
            for j, left in enumerate(rows):
                rows[j] = yield left
    return result


class RotateMatrix(GymTask):
    name, category = "rotate_matrix", "algorithmic"
    pattern = re.compile(r"\nRotate the matrix below by (\d+) degrees clockwise:\n")
    hard = {"min_n": 25, "max_n": 50, "min_rotations": 5, "max_rotations": 15}

    def params(self, difficulty, rng):
        top = matrix.top(difficulty)
        return {"min_n": max(2, top // 2), "max_n": top, "max_rotations": round(3 + 12 * difficulty)}

    def expert(self, problem: Problem) -> Solution:
        lines, rows = write(_walk(problem.text))
        return Solution.of(lines, matrix.write(rows))

    def check(self, text, previous, step):
        return follows(_walk(text), previous, step)

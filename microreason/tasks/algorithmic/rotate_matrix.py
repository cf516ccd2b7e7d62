"""rotate_matrix: a square matrix turned clockwise by a multiple of 90 degrees.

Lines take 360 off while they can (`990-360=630`); ` turn 270` is what is left. Then a line for each row of the
result, unless it is the matrix itself: after the number of the column or row (from 1) that is read, its digits.
90 reads columns upwards from the first, 180 rows backwards from the last, 270 columns downwards from the last.
Matrices of more than 40 rows are answered without these lines. Does not cover other angles.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic import matrix
from microreason.tasks.algorithmic.replay import follows, last_number, write
from microreason.tasks.base import GymTask


def _turned(rows, angle):
    for _ in range(angle // 90 % 4):  # an angle may come from a written line
        rows = ["".join(column) for column in zip(*rows[::-1], strict=True)]
    return rows


def _walk(text):
    rows, angle = matrix.read(text), int(RotateMatrix.pattern.search(text)[1])
    while angle >= 360:
        line = yield f"{angle}-360={angle - 360}"
        angle = last_number(line, angle)
    angle = last_number((yield f" turn {angle}"), angle)
    if angle and len(rows) <= 40:
        for i, row in enumerate(_turned(rows, angle)):
            yield f"{i + 1 if angle == 90 else len(rows) - i}:{row}"
    return _turned(rows, angle)


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

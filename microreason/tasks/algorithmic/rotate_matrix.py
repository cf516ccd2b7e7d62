"""rotate_matrix: a square matrix turned clockwise by a multiple of 90 degrees.

Lines take 360 off while they can (`990-360=630`); ` turn 270` is what is left. Unless that is nothing, the matrix
follows, before each digit the number of its row, from 0, and the letter of its column (`0a70b40c1`). A row of the
result is a line of such cells and their digits alone (`0c11c82c2=182`): 90 takes a column upwards, from the first on,
180 a row backwards, from the last on, 270 a column downwards, from the last on. Matrices of more than 10 rows get the
rows of the result only, each with its number, those of more than 40 no such lines. Does not cover other angles.
"""

import re
from string import ascii_lowercase

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic import matrix
from microreason.tasks.algorithmic.replay import follows, last_number, write
from microreason.tasks.base import GymTask


def _sources(size, turns):
    """The row and the column of the matrix where each number of the result comes from, row by row."""
    up, down = range(size), range(size - 1, -1, -1)
    if turns == 2:
        return [[(i, j) for j in down] for i in down]
    return [[(i, j) for i in (down if turns == 1 else up)] for j in (up if turns == 1 else down)]


def _cells(rows, where):
    return "".join(f"{i}{ascii_lowercase[j]}{rows[i][j]}" for i, j in where)


def _walk(text):
    rows, angle = matrix.read(text), int(RotateMatrix.pattern.search(text)[1])
    while angle >= 360:
        line = yield f"{angle}-360={angle - 360}"
        angle = last_number(line, angle)
    angle = last_number((yield f" turn {angle}"), angle)
    turns, size, result = angle // 90 % 4, len(rows), []  # an angle may come from a written line
    if not turns:
        return rows
    for i in range(size if size <= 10 else 0):
        line = yield _cells(rows, [(i, j) for j in range(size)])
        rows[i] = "".join(re.findall(r"[a-z](\d)", line)).ljust(size, "0")
    for i, where in enumerate(_sources(size, turns), 1):
        row = "".join(rows[a][b] for a, b in where)
        if size <= 10:
            row = (yield f"{_cells(rows, where)}={row}").rpartition("=")[2]
        elif size <= 40:
            row = (yield f"{i}:{row}").partition(":")[2]
        result.append(row)
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

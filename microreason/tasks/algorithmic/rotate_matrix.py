"""rotate_matrix: a square matrix turned clockwise by a multiple of 90 degrees.

Lines take 360 off while they can (`990-360=630`); ` turn 270` is what is left. Unless that is nothing, the matrix
follows, a letter with each row. For 180 its rows come again from the last one, each with itself read backwards
(`C741=147`). Otherwise each row of the result, numbered from 1, its digits with the letters of the rows that they come
from (`1:C7B4A1`), and below it what is left of the matrix without those digits, until two columns are left. So each
row of the result lies at the edge of what was written last, where the letters stand: 90 takes the first column upwards,
270 the last one downwards. Matrices of more than 12 rows get the rows of the result only, those of more than 40 no
such lines. Does not cover other angles.
"""

import re
from string import ascii_uppercase

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


def _digits(line):
    return "".join(re.findall(r"\d", line))


def _walk(text):
    rows, angle = matrix.read(text), int(RotateMatrix.pattern.search(text)[1])
    while angle >= 360:
        line = yield f"{angle}-360={angle - 360}"
        angle = last_number(line, angle)
    angle = last_number((yield f" turn {angle}"), angle)
    turns, size, result = angle // 90 % 4, len(rows), []  # an angle may come from a written line
    if not turns:
        return rows
    if size <= 12:
        return (yield from _lettered(rows, turns))
    for i in range(1, size + 1):
        row = _edge(rows, turns)
        if size <= 40:
            row = (yield f"{i}:{row}").partition(":")[2]
        result.append(row)
        rows = _rest(rows, turns)
    return result


def _lettered(rows, turns):
    """The walk of small matrices, each row with its letter."""
    letters, result = ascii_uppercase[: len(rows)], []
    for i in range(1, len(rows) + 1):
        if i == 1 or (turns != 2 and i < len(rows)):
            for j, row in enumerate(rows):
                rows[j] = _digits((yield row + letters[j] if turns == 3 else letters[j] + row))
        edge = _edge(rows, turns)
        if turns == 2:
            line = f"{letters[-i]}{rows[-1]}={edge}"
        else:
            line = f"{i}:" + "".join(map("".join, zip(letters[:: turns - 2], edge, strict=False)))
        result.append(_digits(re.split("[:=]", (yield line))[-1]))
        rows = _rest(rows, turns)
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

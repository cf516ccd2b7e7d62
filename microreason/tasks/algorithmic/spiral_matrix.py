"""spiral_matrix: the elements of a square matrix in spiral order.

A line is one ring: its top row, right column down, bottom row backwards, left column up (`123 69 87 4`). The rows
of the matrix within follow, one a line, so that every ring lies at the edge of what was written last. From 13 rows on
a line holds only a ring's left column up (`4`), the side that is read against the order of the text; no inner matrix
is written, and the answer takes the other sides from the question. Does not cover matrices that are not square.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic import matrix
from microreason.tasks.algorithmic.replay import follows, write
from microreason.tasks.base import GymTask


def _sides(rows):
    right = "".join(row[-1] for row in rows[1:])
    bottom = rows[-1][-2::-1] if len(rows) > 1 else ""
    return rows[0], right, bottom, "".join(row[0] for row in rows[-2:0:-1])


def _inner(rows):
    return [row[1:-1] for row in rows[1:-1]]


def _walk(text):
    rows = matrix.read(text)
    peel = len(rows) <= 12
    while rows:
        sides = _sides(rows)
        line = " ".join(filter(None, sides)) if peel else sides[3]
        if line:
            yield line
        rows = _inner(rows)
        if peel:
            for i, row in enumerate(rows):
                rows[i] = yield row


class SpiralMatrix(GymTask):
    name, category = "spiral_matrix", "algorithmic"
    pattern = re.compile(r"your job is to generate a list of elements in spiral order")
    hard = {"min_n": 25, "max_n": 50}

    def params(self, difficulty, rng):
        top = matrix.top(difficulty)
        return {"min_n": max(2, top // 2), "max_n": top}

    def expert(self, problem: Problem) -> Solution:
        rows, spiral = matrix.read(problem.text), ""
        while rows:
            spiral += "".join(_sides(rows))
            rows = _inner(rows)
        return Solution.of(write(_walk(problem.text))[0], " ".join(spiral))

    def check(self, text, previous, step):
        return follows(_walk(text), previous, step)

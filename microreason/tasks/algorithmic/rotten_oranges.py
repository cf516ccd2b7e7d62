"""rotten_oranges: after how many minutes all oranges of a grid are rotten, each infecting its four neighbours.

After the line ` minute 2` stand the oranges still fresh then, a line for each row that has any: its number from 1
and the columns as letters, `A` to `Z`, then ` A` to ` X` with a space before (`12:CDZ A`). An orange stays fresh
when each neighbour is empty or stands in the list of the minute before; in minute 1, when no neighbour is rotten.
The last minute has no rows and is the answer, or the rows of the minute before: then it is -1. Does not cover more
than 52 columns.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic import matrix
from microreason.tasks.algorithmic.replay import follows, write
from microreason.tasks.base import GymTask

_BELOW = 64  # a cell is this times its row, plus its column


def _line(row, cells):
    letters = (" " * (column // 26) + chr(65 + column % 26) for column in (cell % _BELOW for cell in sorted(cells)))
    return f"{row + 1}:" + "".join(letters)


def _cells(line):
    row, _, letters = line.partition(":")
    return {(int(row) - 1) * _BELOW + 26 * (len(c) - 1) + ord(c[-1]) - 65 for c in re.findall(" ?[A-Z]", letters)}


def _walk(text, minute=0, fresh=None):
    cells = {_BELOW * i + j: c for i, row in enumerate(matrix.read(text)) for j, c in enumerate(row) if c != "0"}
    if not minute:
        fresh = {cell for cell, content in cells.items() if content == "1"}
        if not fresh:
            yield " minute 0"
    while fresh:
        minute += 1
        yield f" minute {minute}"
        rotten, still, rows = cells.keys() - fresh, set(), {}
        for cell in fresh.difference(*({r + step for r in rotten} for step in (1, -1, _BELOW, -_BELOW))):
            rows.setdefault(cell // _BELOW, []).append(cell)
        for row in sorted(rows):
            still |= _cells((yield _line(row, rows[row])))
        if still == fresh:
            return -1
        fresh = still
    return minute


class RottenOranges(GymTask):
    name, category = "rotten_oranges", "algorithmic"
    pattern = re.compile(
        r"^You are given an n x n grid where each cell [^\n]*\n[^\n]*\n[^\n]*\n- 2 [^\n]*rotten orange"
    )
    hard = {"min_n": 25, "max_n": 50}

    def params(self, difficulty, rng):
        top = matrix.top(difficulty)
        return {"min_n": max(2, top // 2), "max_n": top, "p_rotten": rng.choice((0.1, 0.1, 0.2, 0.3))}

    def expert(self, problem: Problem) -> Solution:
        return Solution.of(*write(_walk(problem.text)))

    def check(self, text, previous, step):
        heads = [i for i, line in enumerate(previous) if line.startswith(" minute")]
        if len(heads) < 2:
            return follows(_walk(text), previous, step)
        fresh = set().union(*map(_cells, previous[heads[-2] + 1 : heads[-1]]))  # one minute says all about the next
        return follows(_walk(text, len(heads) - 1, fresh), previous[heads[-1] :], step)

"""sudoku: fill a 9x9 grid so that rows, columns and 3x3 boxes hold 1 to 9 each.

The lines are those of candidates.py. Does not cover other sizes.
"""

import re
from functools import lru_cache

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask
from microreason.tasks.games.candidates import Grid, units

_UNITS = units(9, 3)
_CELLS = [cell for row in "abcdefghi" for cell in _UNITS[row]]


@lru_cache(maxsize=64)
def _read(text):
    digits = " ".join(re.findall(r"(?m)^[1-9_](?: [1-9_]){8}$", text)).split()
    return Grid(_UNITS, {cell: d for cell, d in zip(_CELLS, digits, strict=True) if d != "_"})


class Sudoku(GymTask):
    name, category, determined = "sudoku", "games", True
    pattern = re.compile(r"^Solve this Sudoku puzzle:\n")
    hard = {"min_empty": 30, "max_empty": 50}

    def params(self, difficulty, rng):
        most = 3 + round(49 * difficulty)
        return {"min_empty": max(1, most - 10), "max_empty": most}

    def expert(self, problem: Problem) -> Solution:
        lines, cells = _read(problem.text).solve()
        return Solution.of(lines, "\n".join(" ".join(cells[c] for c in _CELLS[i : i + 9]) for i in range(0, 81, 9)))

    def check(self, text, previous, step):
        return _read(text).check(previous, step)

"""mini_sudoku: fill a 4x4 grid so that rows, columns and 2x2 boxes hold 1 to 4 each.

The path goes over the grid again and again, a line a row, four cells a line: a digit, or all digits that may
still be there. A cell drops the digits known in its row, column and box; each cell sees the newest version of
the others. Does not cover guesses nor digits that fit only one cell of a row, column or box: no puzzle of the
library needs them.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask


def _peers(i):
    row, column = divmod(i, 4)
    box = (row // 2, column // 2)
    return [j for j in range(16) if j != i and (j // 4 == row or j % 4 == column or (j // 8, j % 4 // 2) == box)]


PEERS = [_peers(i) for i in range(16)]


def _read(text):
    return [c if c != "_" else "1234" for c in " ".join(re.findall(r"(?m)^[1-4_](?: [1-4_]){3}$", text)).split()]


def _narrow(cells, i):
    if len(cells[i]) == 1:
        return cells[i]
    return "".join(d for d in cells[i] if d not in [cells[j] for j in PEERS[i]])


def _row_line(cells, row):
    """The line for a row; `cells` takes over its cells."""
    for i in range(4 * row, 4 * row + 4):
        cells[i] = _narrow(cells, i)
    return ",".join(cells[4 * row : 4 * row + 4])


class MiniSudoku(GymTask):
    name, category, determined = "mini_sudoku", "games", True
    pattern = re.compile(r"^In 4x4 Mini Sudoku:\n")
    hard = {"min_empty": 6, "max_empty": 10}

    def params(self, difficulty, rng):
        most = 1 + round(11 * difficulty)
        return {"min_empty": max(1, most - 3), "max_empty": most}

    def expert(self, problem: Problem) -> Solution:
        cells, lines = _read(problem.text), []
        while any(len(cell) > 1 for cell in cells) and len(lines) < 60:
            lines += [_row_line(cells, row) for row in range(4)]
        return Solution.of(lines, "\n".join(" ".join(cells[i : i + 4]) for i in range(0, 16, 4)))

    def check(self, text, previous, step):
        if not re.fullmatch(r"\d+(,\d+){3}", step):
            return None
        cells = _read(text)
        for k, line in enumerate(previous[-4:], max(0, len(previous) - 4)):
            cells[4 * (k % 4) : 4 * (k % 4) + 4] = line.split(",")
        return step == _row_line(cells, len(previous) % 4)

"""shortest_path: the way from * to # in a grid, or that there is none.

The cells are written in order and searched in layers from the destination (flood.py), with `S` for the start, `G` the
destination, `#` a blocked cell and `.` an open one. An empty layer means infeasible. Otherwise `2c>1c up>1b left` goes
from the start to the cell on whose line it was found, and so on, with the move that leads to each cell.
Does not choose between equally short ways: any counts.
"""

import re
from itertools import pairwise

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask
from microreason.tasks.graphs.flood import name, solved, sound, walk

_WORD = {(0, 1): "right", (1, 0): "down", (0, -1): "left", (-1, 0): "up"}


def _search(text):
    rows = text.rpartition("in the following grid:\n")[2].replace(" ", "").strip().split("\n")
    way = yield from walk([row.translate(str.maketrans("*#XO", "SG#.")) for row in rows])
    if not way:
        return "infeasible"
    moves = [_WORD.get((b[0] - a[0], b[1] - a[1]), "-") for a, b in pairwise(way)]
    yield name(way[0]) + "".join(f">{name(cell)} {move}" for cell, move in zip(way[1:], moves, strict=True))
    return " ".join(moves)


class ShortestPath(GymTask):
    name, category = "shortest_path", "graphs"
    pattern = re.compile(r"^Your task is to find the shortest path from the start to the destination point in a grid")
    hard = {"min_rows": 25, "max_rows": 50, "min_cols": 25, "max_cols": 50}

    def params(self, difficulty, rng):
        low, high = round(2 * 12**difficulty), round(3 * 17**difficulty)
        blocked = round(0.4 - max(0, 0.2 - 0.4 * difficulty) * rng.random(), 2)
        return {"min_rows": low, "max_rows": high, "min_cols": low, "max_cols": high, "p_blocked": blocked}

    def expert(self, problem: Problem) -> Solution:
        return Solution.of(*solved(_search, problem.text))

    def check(self, text, previous, step):
        return sound(_search, text, previous, step)

"""shortest_path: the way from * to # in a grid, or that there is none.

The search goes in layers from both ends, A from * and B from # (flood.py), with each row of the grid written before
it is needed. An empty layer means infeasible. Where the last layers meet, `<3,4<3,3` goes from the first common cell
back through the layers of A to the start, and `>3,3>3,4>4,4` is the whole way to the destination.
Does not choose between equally short ways: any counts.
"""

import re
from itertools import pairwise

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import follows, write
from microreason.tasks.base import GymTask
from microreason.tasks.graphs.flood import neighbours, read, walk

_WORD = {(0, 1): "right", (1, 0): "down", (0, -1): "left", (-1, 0): "up"}


def _search(text):
    rows = text.rpartition("in the following grid:\n")[2].strip().split("\n")
    return walk([row.replace(" ", "") for row in rows], "*#", "X")


def _cells(line):
    return [tuple(map(int, cell.split(","))) for cell in line[1:].split(line[0])]


def _line(sign, way):
    return sign + sign.join(f"{r},{c}" for r, c in way)


def _on(way, layers):
    """A way continued through layers to their first one."""
    for layer in layers[-2::-1]:
        way = [*way, min(cell for cell in neighbours(way[-1]) if cell in layer)]
    return way


def _sound_way(previous, step):
    """Whether a `<` or `>` line goes cell by cell through the layers."""
    start, goal = ([read(line) for line in previous if line[0] == end] for end in "AB")
    if step[0] == ">":
        layers = [{cell} for cell in _cells(previous[-1])[::-1]] + goal[-2::-1]
    else:
        layers = [start[-1] & goal[-1], *start[-2::-1]]
    way = _cells(step)
    near = all(b in neighbours(a) for a, b in pairwise(way))
    return near and len(way) == len(layers) and all(cell in layer for cell, layer in zip(way, layers, strict=True))


class ShortestPath(GymTask):
    name, category = "shortest_path", "graphs"
    pattern = re.compile(r"^Your task is to find the shortest path from the start to the destination point in a grid")
    hard = {"min_rows": 25, "max_rows": 50, "min_cols": 25, "max_cols": 50}

    def params(self, difficulty, rng):
        low, high = round(2 * 12**difficulty), round(3 * 17**difficulty)
        blocked = round(0.4 - max(0, 0.2 - 0.4 * difficulty) * rng.random(), 2)
        return {"min_rows": low, "max_rows": high, "min_cols": low, "max_cols": high, "p_blocked": blocked}

    def expert(self, problem: Problem) -> Solution:
        lines, ends = write(_search(problem.text))
        if not ends["A"][-1] or not ends["B"][-1]:
            return Solution.of(lines, "infeasible")
        back = _on([min(ends["A"][-1] & ends["B"][-1])], ends["A"])
        way = _on(back[::-1], ends["B"])
        moves = [_WORD[b[0] - a[0], b[1] - a[1]] for a, b in pairwise(way)]
        return Solution.of([*lines, _line("<", back), _line(">", way)], " ".join(moves))

    def check(self, text, previous, step):
        if step[0] in "<>":
            return (step[0] == "<") != (previous[-1][0] == "<") and _sound_way(previous, step)
        return follows(_search(text), previous, step)

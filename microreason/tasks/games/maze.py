"""maze: the least number of steps from the start to the goal of a maze.

The search goes in layers from both ends (flood.py): `A3 4:5,6` are the cells three steps from the start, B those from
the goal. Each row of the maze is written before it is needed, `S` for the start, `G` the goal, `#` a wall, `.` a
passage, whatever signs the question uses. The last line adds the steps of the layers that meet. Does not name a path.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import follows, write
from microreason.tasks.base import GymTask
from microreason.tasks.graphs.flood import walk


def _search(text):
    signs = re.search(r"from '(.)' \(start\) to '(.)' \(goal\)", text).groups()
    signs += re.search(r"Legend: '(.)' = Wall, '(.)' = Passage", text).groups()
    rows = re.search(r"```\n(.*)\n```\nLegend", text, re.S)[1].split("\n")
    rows = [row.translate({ord(a): b for a, b in zip(signs, "SG#.", strict=True)}) for row in rows]
    ends = yield from walk(rows, "SG", "#")
    a, b = len(ends["A"]) - 1, len(ends["B"]) - 1
    yield f"{a}+{b}={a + b}"
    return a + b


class Maze(GymTask):
    name, category = "maze", "games"
    pattern = re.compile(r"^Navigate from '.' \(start\) to '.' \(goal\):\n\n```")
    hard = {"min_grid_size": 25, "max_grid_size": 50, "min_dist": 10, "max_dist": 15}

    def params(self, difficulty, rng):
        return {  # smaller grids may have a single passage, on which the generator fails
            "min_grid_size": round(6 * (25 / 6) ** difficulty), "max_grid_size": round(6 * (50 / 6) ** difficulty),
            "min_dist": max(1, round(10 * difficulty)), "max_dist": round(3 + 12 * difficulty),
        }  # fmt: skip

    def expert(self, problem: Problem) -> Solution:
        return Solution.of(*write(_search(problem.text)))

    def check(self, text, previous, step):
        return follows(_search(text), previous, step)

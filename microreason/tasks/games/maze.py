"""maze: the least number of steps from the start to the goal of a maze.

The cells are written in order and searched in layers from the goal (flood.py), `S` for the start, `G` the goal, `#` a
wall, `.` a passage, whatever signs the question uses. The number of the layer that finds the start is the answer.
Does not name a path.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask
from microreason.tasks.graphs.flood import solved, sound, walk


def _search(text):
    signs = re.search(r"from '(.)' \(start\) to '(.)' \(goal\)", text).groups()
    signs += re.search(r"Legend: '(.)' = Wall, '(.)' = Passage", text).groups()
    rows = re.search(r"```\n(.*)\n```\nLegend", text, re.S)[1].split("\n")
    return walk([row.translate({ord(a): b for a, b in zip(signs, "SG#.", strict=True)}) for row in rows])


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
        lines, way = solved(_search, problem.text)
        return Solution.of(lines, len(way) - 1)

    def check(self, text, previous, step):
        return sound(_search, text, previous, step)

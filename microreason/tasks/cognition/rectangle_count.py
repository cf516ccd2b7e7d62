"""rectangle_count: how many outlines of rectangles a picture shows; # is one line, █ two lines on the same cell.

From the top row to the bottom, each upper edge `+12:5-20;3` (row 12, columns 5 to 20, the third so far) and each lower
edge `-40:5-20;3`, which ends a rectangle above. Rows and columns are counted from 0; in a row the edges go from the
left, lower ones first. Where a picture can be read in several ways, the lines give one of them.
"""

import re
from functools import lru_cache

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import is_next
from microreason.tasks.base import GymTask


def _read(text):
    rows = text.rpartition("in the grid below?\n")[2].split("\n")
    width = max(map(len, rows))
    return [[" #█".index(c) for c in row.ljust(width)] for row in rows]


def _outline(t, left, b, right):
    return [(t, c) for c in range(left, right + 1)] + [(b, c) for c in range(left, right + 1)] + [
        (r, c) for r in range(t + 1, b) for c in (left, right)
    ]  # fmt: skip


def _reach(cells):
    """How many of the cells from the first on are drawn."""
    return next((i for i, drawn in enumerate(cells) if not drawn), len(cells))


def _rectangles(grid, t=0):
    """Rectangles (top, left, bottom, right) whose outlines add up to the grid, or None."""
    while t < len(grid) and not any(grid[t]):
        t += 1
    if t == len(grid):
        return []
    left = next(c for c, drawn in enumerate(grid[t]) if drawn)  # the first drawn cell is an upper left corner
    below = _reach([row[left] for row in grid[t:]])
    for right in range(left + _reach(grid[t][left:]) - 1, left + 1, -1):  # edges rather cross than turn where they meet
        depth = min(below, _reach([row[right] for row in grid[t:]]))
        for b in range(t + depth - 1, t + 1, -1):
            if all(grid[b][left : right + 1]):
                cells = _outline(t, left, b, right)
                for r, c in cells:
                    grid[r][c] -= 1
                rest = _rectangles(grid, t)
                for r, c in cells:
                    grid[r][c] += 1
                if rest is not None:
                    return [(t, left, b, right), *rest]
    return None


@lru_cache(maxsize=64)
def _solve(text):
    rectangles = _rectangles(_read(text))
    edges = [(t, 1, left, right) for t, left, _, right in rectangles]
    edges += [(b, 0, left, right) for _, left, b, right in rectangles]
    lines, count = [], 0
    for row, upper, left, right in sorted(edges):
        count += upper
        lines.append(f"{'-+'[upper]}{row}:{left}-{right};{count}")
    return lines, count


class RectangleCount(GymTask):
    name, category = "rectangle_count", "cognition"
    pattern = re.compile(r"^Your task is to count how many rectangles are present in an ASCII grid")
    hard = {"max_rectangles": 15}

    def params(self, difficulty, rng):
        size = round(10 * 8**difficulty)
        return {"width": size, "height": size, "max_rectangles": 1 + round(14 * difficulty)}

    def expert(self, problem: Problem) -> Solution:
        return Solution.of(*_solve(problem.text))

    def check(self, text, previous, step):
        lines = _solve(text)[0]
        return is_next(lines, previous, step)

"""Breadth-first search in a grid, as a walk (replay.py): the signs of all cells, then who is how far from the goal.

A cell is its row, from 0, and its column as a letter: `1c`. Each row is written, `0:#.G`, then its cells with their
signs, `0a#0b.0cG`: `S` is the start, `G` the goal, `#` a wall, `.` open. ` 0:0c` is the goal. Each cell of such a
layer then has a line with the cells above, left, right and below: `0c:0b+1c#` has `+` for an open cell that is new,
`-` for one that had been found, `#` for a wall, and the line ends when it finds `S`. The new cells in their order are
the next layer, ` 1:0b`; a layer is ` 4:-` when nothing is left and ` 4:S` when the start is found.
Does not cover moves other than up, down, left and right.
"""

import re
from functools import lru_cache
from string import ascii_letters

from microreason.tasks.algorithmic.replay import follows, is_next, write


def name(cell):
    return f"{cell[0]}{ascii_letters[cell[1]]}"


def _cells(text, sign=""):
    return [(int(r), ascii_letters.index(c)) for r, c in re.findall(rf"(\d+)([a-zA-Z]){sign}", text)]


def _line(cell, grid, seen):
    line = f"{name(cell)}:"
    for other in [(cell[0] + i, cell[1] + j) for i, j in ((-1, 0), (0, -1), (0, 1), (1, 0))]:
        if other in grid:
            new = {".": "+", "G": "+"}.get(grid[other], grid[other])
            line += name(other) + ("-" if other in seen else new)
            if line[-1] == "S":
                break
    return line


def walk(rows):
    """Search from the goal; returns the cells of a shortest way from the start, none if there is no way."""
    for r, row in enumerate(rows):
        yield f"{r}:{row}"
        yield "".join(name((r, c)) + sign for c, sign in enumerate(row))
    grid = {(r, c): sign for r, row in enumerate(rows) for c, sign in enumerate(row)}
    layer = _cells((yield " 0:" + name(next(cell for cell, sign in grid.items() if sign == "G"))).partition(":")[2])
    seen, nearer, steps = set(layer), {}, 0
    while layer:
        steps, found = steps + 1, []
        for cell in layer:
            seen.add(cell)
            line = yield _line(cell, grid, seen)
            new = [other for other in _cells(line, r"[+S]") if other not in seen]
            nearer |= dict.fromkeys(new, cell)
            seen |= set(new)
            found += new
            if line[-1] == "S":
                yield f" {steps}:S"
                way = found[-1:]
                while way and way[-1] in nearer:
                    way.append(nearer[way[-1]])
                return way
        layer = _cells((yield f" {steps}:{''.join(map(name, found)) or '-'}").partition(":")[2])
    return []


@lru_cache(maxsize=64)
def solved(search, text):
    """All lines of a task's search and what it returns."""
    return write(search(text))


def sound(search, text, previous, step):
    """Whether a step comes after the previous ones."""
    lines = solved(search, text)[0]
    on_path = previous == lines[: len(previous)]
    return is_next(lines, previous, step) if on_path else follows(search(text), previous, step)

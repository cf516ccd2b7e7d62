"""Grids of colours: reading them from a question, and changes of a grid and views of it that rules are made of.

Background is the commonest colour. Does not cover finding a rule (rules.py).
"""

import re
from collections import Counter
from functools import lru_cache
from itertools import product

import numpy as np

_GRID = re.compile(r"(?m)^\d(?: \d)*(?:\n\d(?: \d)*)*$")


@lru_cache(maxsize=8)
def read(text):
    """Examples as pairs of arrays, and the test input."""
    grids = [np.array([row.split() for row in grid.split("\n")], int) for grid in _GRID.findall(text)]
    return list(zip(grids[:-1:2], grids[1::2], strict=True)), grids[-1]


def _ground(grid):
    return np.bincount(grid.ravel()).argmax()


def _label(keys, corners=False):
    """The number of each cell's patch of equal keys, -1 where the key is."""
    number = np.full(keys.shape, -1)
    steps = [(a, b) for a, b in product((-1, 0, 1), repeat=2) if (a or b) and (corners or not (a and b))]
    where = {tuple(p): keys[tuple(p)] for p in np.argwhere(keys >= 0).tolist()}
    count = 0
    for start in where:
        if number[start] < 0:
            number[start], todo = count, [start]
            while todo:
                r, c = todo.pop()
                for a, b in steps:
                    p = (r + a, c + b)
                    if where.get(p) == where[r, c] and number[p] < 0:
                        number[p] = count
                        todo.append(p)
            count += 1
    return number


def _objects(grid, mixed=False, corners=False):
    ground = _ground(grid)
    return _label(np.where(grid == ground, -1, 0 if mixed else grid), corners)


def _box(grid, mask):
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return grid[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _object(pick, **kind):
    """The box of the object whose size `pick` chooses, if it alone has that size."""

    def change(grid):
        number = _objects(grid, **kind)
        sizes = np.bincount(number[number >= 0])
        found = np.flatnonzero(sizes == pick(sizes))
        return _box(grid, number == found[0]) if len(found) == 1 else None

    return change


def _once(grid):
    """Equal rows beside each other, and columns, once."""
    for _ in range(2):
        keep = [0, *(i for i in range(1, len(grid)) if (grid[i] != grid[i - 1]).any())]
        grid = grid[keep].T
    return grid


def _fall(grid):
    ground = _ground(grid)
    return np.array([sorted(column, key=lambda c: c != ground) for column in grid.T.tolist()]).T


def _turned(turns, change):
    return lambda grid: np.rot90(change(np.rot90(grid, turns)), -turns)


def _scale(n):
    return lambda grid: np.repeat(np.repeat(grid, n, 0), n, 1)


def _self_in_self(grid):
    if grid.size > 30:
        raise ValueError("the output would be too large")
    filled = np.repeat(np.repeat(grid != _ground(grid), len(grid), 0), grid.shape[1], 1)
    return np.where(filled, np.tile(grid, grid.shape), _ground(grid))


def _colour(place):
    return lambda grid: np.array([[Counter(grid.ravel().tolist()).most_common()[place][0]]])


def _halves(grid):
    half = (len(grid)) // 2
    return [grid[:half], grid[len(grid) - half :]]


def _thirds(grid):
    size = len(grid)
    part = size // 3 if size % 3 == 0 else (size - 2) // 3
    step = part + (size % 3 > 0)
    return [grid[i * step : i * step + part] for i in range(3)]


def _across(parts):
    return lambda grid: [part.T for part in parts(grid.T)]


CHANGES = {
    "turn right": lambda g: np.rot90(g, -1),
    "turn left": np.rot90,
    "turn half": lambda g: np.rot90(g, 2),
    "flip": lambda g: g[::-1],
    "mirror": lambda g: g[:, ::-1],
    "transpose": lambda g: g.T,
    "transpose back": lambda g: np.rot90(g, 2).T,
    "crop": lambda g: _box(g, g != _ground(g)),
    "largest": _object(max),
    "smallest": _object(min),
    "largest corners": _object(max, corners=True),
    "smallest corners": _object(min, corners=True),
    "largest mixed": _object(max, mixed=True, corners=True),
    "smallest mixed": _object(min, mixed=True, corners=True),
    "once": _once,
    "inside": lambda g: g[1:-1, 1:-1],
    "fall": _fall,
    "fall left": _turned(1, _fall),
    "rise": _turned(2, _fall),
    "fall right": _turned(3, _fall),
    "top half": lambda g: _halves(g)[0],
    "bottom half": lambda g: _halves(g)[1],
    "left half": lambda g: _across(_halves)(g)[0],
    "right half": lambda g: _across(_halves)(g)[1],
    "top third": lambda g: _thirds(g)[0],
    "left third": lambda g: _across(_thirds)(g)[0],
    "with mirror": lambda g: np.hstack([g, g[:, ::-1]]),
    "mirror with": lambda g: np.hstack([g[:, ::-1], g]),
    "with flip": lambda g: np.vstack([g, g[::-1]]),
    "flip with": lambda g: np.vstack([g[::-1], g]),
    "self in self": _self_in_self,
    **{f"scale {n}": _scale(n) for n in (2, 3, 4, 5)},
    "scale by size": lambda g: _scale(len(g))(g),
    **{
        f"repeat {a} {b}": lambda g, a=a, b=b: np.tile(g, (a, b))
        for a in (1, 2, 3, 4)
        for b in (1, 2, 3, 4)
        if a + b > 2
    },
    "rows odd": lambda g: g[::2],
    "columns odd": lambda g: g[:, ::2],
    "common": _colour(0),
    "second": _colour(1),
    "rarest": _colour(-1),
}


SLOW = [name for name in CHANGES if name.split()[0] in ("largest", "smallest", "fall", "rise", "once")]


def _seen(grid):
    """The colour of the nearest filled cell above each cell, the background's where there is none."""
    out = np.full(grid.shape, _ground(grid))
    for r in range(1, len(grid)):
        out[r] = np.where(grid[r - 1] != _ground(grid), grid[r - 1], out[r - 1])
    return out


def _enclosed(corners):
    def view(grid):
        number = _label(np.where(grid == _ground(grid), 0, -1), corners)
        edge = np.concatenate([number[0], number[-1], number[:, 0], number[:, -1]])
        return ((number >= 0) & ~np.isin(number, edge)).astype(int)

    return view


def _around(corners):
    def view(grid):
        filled = np.pad((grid != _ground(grid)).astype(int), 1)
        steps = [(a, b) for a, b in product((0, 1, 2), repeat=2) if (a, b) != (1, 1) and (corners or 1 in (a, b))]
        return sum(filled[a : a + len(grid), b : b + grid.shape[1]] for a, b in steps)

    return view


def _size(measure, **kind):
    def view(grid):
        number = _objects(grid, **kind)
        sizes = np.bincount(number[number >= 0], minlength=1)
        return np.where(number >= 0, measure(sizes)[number], 0)

    return view


def _rows_colour(grid):
    """In every cell the commonest colour of its row but background."""
    ground = _ground(grid)
    best = [Counter(c for c in row if c != ground).most_common(1) for row in grid.tolist()]
    return np.repeat([[b[0][0] if b else ground] for b in best], grid.shape[1], 1)


def _places(rows, columns):
    return lambda g: (np.arange(len(g))[:, None] % rows * columns + np.arange(g.shape[1]) % columns) + 0 * g


_SEEN = {"above": _seen, "left": _turned(3, _seen), "below": _turned(2, _seen), "right": _turned(1, _seen)}
_MEASURES = {
    "size": lambda s: np.minimum(s, 9),
    "is largest": lambda s: (s == s.max()).astype(int),
    "is smallest": lambda s: (s == s.min()).astype(int),
}
_VIEWS = {
    "enclosed": _enclosed(False),
    "enclosed corners": _enclosed(True),
    "beside": _around(False),
    "around": _around(True),
    **{name: _size(measure) for name, measure in _MEASURES.items()},
    **{f"{name} corners": _size(measure, corners=True) for name, measure in _MEASURES.items()},
    **{f"{name} mixed": _size(measure, mixed=True, corners=True) for name, measure in _MEASURES.items()},
    "row colour": _rows_colour,
    "column colour": lambda g: _rows_colour(g.T).T,
    "edge": lambda g: np.pad(np.zeros((len(g) - 2, g.shape[1] - 2), int), 1, constant_values=1),
    **{f"places {a} {b}": _places(a, b) for a, b in ((2, 1), (1, 2), (2, 2), (3, 1), (1, 3), (3, 3))},
    **{name: CHANGES[name] for name in ("turn half", "flip", "mirror", "transpose", "transpose back", "turn left")},
    **_SEEN,
}
VIEWS = {
    "as is": lambda g: [g],
    "halves": _halves,
    "halves across": _across(_halves),
    "thirds": _thirds,
    "thirds across": _across(_thirds),
    **{name: lambda g, view=view: [g, view(g)] for name, view in _VIEWS.items()},
    "above and below": lambda g: [g, _SEEN["above"](g), _SEEN["below"](g)],
    "left and right": lambda g: [g, _SEEN["left"](g), _SEEN["right"](g)],
    "all sides": lambda g: [g, *(look(g) for look in _SEEN.values())],
    "row and column": lambda g: [g, _rows_colour(g), _rows_colour(g.T).T],
    "flip and mirror": lambda g: [g, g[::-1], g[:, ::-1]],
}
PARTS = ("halves", "halves across", "thirds", "thirds across")

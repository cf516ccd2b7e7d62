"""Generations of a Game of Life on a torus, for the tasks about it. Does not cover any task.

A list of living cells has a line for each row that has any: its number and the columns, from 0 (`3:4 5`). In a new
generation a line gathers the columns living in the row and in the rows above and below it, the row's own marked
`!`; after `>` stand its columns living next: those with three gathered columns at most one away, or with four where
the column is marked itself (`3:4 4! 5 7>4 5`).
"""

import re

_LINE = re.compile(r"(\d+):(?:[\d! ]*>)?([\d ]*)")


def _note(live, line):
    row, columns = _LINE.fullmatch(line).groups()
    if columns:
        live[int(row)] = [int(column) for column in columns.split()]


def listing(rows):
    """Writes the living cells of a board and returns their columns by row."""
    live = {}
    for i, row in enumerate(rows):
        columns = [str(j) for j, cell in enumerate(row) if cell == "1"]
        if columns:
            _note(live, (yield f"{i}:{' '.join(columns)}"))
    return live


def generation(live, height, width):
    """Writes the generation after one and returns its columns by row."""
    following = {}
    for i in range(height):
        near = [(j, row == i) for row in {(i - 1) % height, i, (i + 1) % height} for j in live.get(row, ())]
        if near:
            columns = []
            for j in range(width):
                count = sum((other - j + 1) % width < 3 for other, _ in near)
                if count == 3 or (count == 4 and (j, True) in near):
                    columns.append(str(j))
            gathered = " ".join(f"{j}{'!' * own}" for j, own in sorted(near))
            _note(following, (yield f"{i}:{gathered}>{' '.join(columns)}"))
    return following

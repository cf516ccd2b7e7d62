"""Breadth-first search from two ends of a grid, as a walk (replay.py): a layer a line, and the rows it looks at.

A line such as `A3 4:5,6;5:7` has the cells 4,5 4,6 and 5,7, three steps from the start; B counts from the goal. A
layer holds the open neighbours of the layer before less the layer before that one (a grid has no odd cycles, so that
no other cell can come again). The end with the smaller last layer grows, until a layer is empty (`-`) or both last
layers share a cell. A row of the grid is written (`4:..#.`) before the first layer that needs it.
Rows and columns are counted from 0. Does not cover moves other than up, down, left and right.
"""


def neighbours(cell):
    return [(cell[0] + i, cell[1] + j) for i, j in ((-1, 0), (0, -1), (0, 1), (1, 0))]


def _show(cells):
    rows = {}
    for r, c in sorted(cells):
        rows.setdefault(r, []).append(str(c))
    return ";".join(f"{r}:{','.join(columns)}" for r, columns in rows.items()) or "-"


def read(line):
    """The cells of a layer's line."""
    layer = line.partition(" ")[2]
    rows = [part.split(":") for part in layer.split(";")] if layer != "-" else []
    return {(int(r), int(c)) for r, columns in rows for c in columns.split(",")}


def walk(rows, marks, wall):
    """Layers from the cells with the two marks until they meet or one is empty; returns those of each end."""
    ends, written = {}, set()
    for end, mark in zip("AB", marks, strict=True):
        r = next(i for i, row in enumerate(rows) if mark in row)
        if r not in written:
            written.add(r)
            yield f"{r}:{rows[r]}"
        ends[end] = [read((yield f"{end}0 {r}:{rows[r].index(mark)}"))]
    while ends["A"][-1] and ends["B"][-1] and not ends["A"][-1] & ends["B"][-1]:
        end = min("AB", key=lambda e: len(ends[e][-1]))
        layers = ends[end]
        around = {cell for last in layers[-1] for cell in neighbours(last)}
        for r in sorted({r for r, _ in around} - written):
            if 0 <= r < len(rows):
                written.add(r)
                yield f"{r}:{rows[r]}"
        around = {(r, c) for r, c in around if 0 <= r < len(rows) and 0 <= c < len(rows[r]) and rows[r][c] != wall}
        new = around - (layers[-2] if len(layers) > 1 else set())
        layers.append(read((yield f"{end}{len(layers)} {_show(new)}")))
    return ends

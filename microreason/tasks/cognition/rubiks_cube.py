"""rubiks_cube: moves that solve a scrambled cube.

The first line is the cube: its faces up, left, front, right, back, down, each row by row. Each later line is the moves
of one step, all about one axis, and the cube after them: ` R L' WWW… …`; the last cube is solved and the answer is all
the moves. A quarter turn is a move, `Rw` turns two layers (the grader drops moves that begin with a number such as
`2R`: that is `Rw R'`). The steps undo the scramble, which the expert reads from the metadata instead of searching for
it, with turns about one axis joined; so why a move is chosen stands in no line. Does not cover cubes larger than 5.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_AXIS = dict(zip("LRDUBF", (0, 0, 1, 1, 2, 2), strict=True))
_SIGN = dict(zip("LRDUBF", (1, -1, -1, 1, 1, -1), strict=True))
_MOVE = re.compile(r"(\d?)([LRUDFB])(w?)('?)")


def _read(text):
    rows = [row.split() for row in re.findall(r"(?m)^[ WYROGB]*[WYROGB][ WYROGB]*$", text)]
    n = len(rows) // 3
    middle = ["".join("".join(row[i * n : i * n + n]) for row in rows[n:-n]) for i in range(4)]
    return ["".join(map("".join, rows[:n])), *middle, "".join(map("".join, rows[-n:]))]


def _stickers(n):
    """Place of each sticker, face after face: x, y, z from left, bottom and back, and where it looks."""
    grid = [(i, j) for i in range(n) for j in range(n)]
    top = n - 1
    return [
        *((c, top, r, 0, 1, 0) for r, c in grid),
        *((0, top - r, c, -1, 0, 0) for r, c in grid),
        *((c, top - r, top, 0, 0, 1) for r, c in grid),
        *((top, top - r, top - c, 1, 0, 0) for r, c in grid),
        *((top - c, top - r, 0, 0, 0, -1) for r, c in grid),
        *((c, 0, top - r, 0, -1, 0) for r, c in grid),
    ]


def _layers(n, move):
    """Axis, layers and direction of a move."""
    number, face, wide, back = _MOVE.fullmatch(move).groups()
    depth = int(number or (2 if wide else 1))
    near = range(depth) if wide else (depth - 1,)
    layers = near if face in "LDB" else [n - 1 - k for k in near]
    return _AXIS[face], layers, -_SIGN[face] if back else _SIGN[face]


def _turn(faces, moves):
    """The faces after some moves."""
    n = round(len(faces[0]) ** 0.5)
    colours, places = "".join(faces), _stickers(n)
    index = {place: i for i, place in enumerate(places)}
    for move in moves:
        axis, layers, direction = _layers(n, move)
        p, q = (a for a in range(3) if a != axis)
        after = list(colours)
        for i, place in enumerate(places):
            if place[axis] in layers:
                to = list(place)
                if direction > 0:
                    to[p], to[q], to[p + 3], to[q + 3] = n - 1 - place[q], place[p], -place[q + 3], place[p + 3]
                else:
                    to[p], to[q], to[p + 3], to[q + 3] = place[q], n - 1 - place[p], place[q + 3], -place[p + 3]
                after[index[tuple(to)]] = colours[i]
        colours = "".join(after)
    return [colours[i : i + n * n] for i in range(0, 6 * n * n, n * n)]


def _steps(n, scramble):
    """The scramble undone: lists of moves about one axis."""
    groups = []  # of axis and quarter turns of each layer
    for move in reversed(scramble):
        axis, layers, direction = _layers(n, move)
        if not groups or groups[-1][0] != axis:
            groups.append((axis, [0] * n))
        for layer in layers:
            groups[-1][1][layer] = (groups[-1][1][layer] - direction) % 4
        if not any(groups[-1][1]):
            groups.pop()
    for axis, turns in groups:
        moves = []
        for face in "RUF"[axis], "LDB"[axis]:
            outer, inner = turns[:2] if face in "LDB" else turns[:-3:-1]
            inner = inner if n > 3 else 0
            for name, count in ((face + "w", inner), (face, outer - inner)):
                count = count * _SIGN[face] % 4
                moves += [name + "'"] if count == 3 else [name] * count
        yield moves


def _line(moves, faces):
    return "".join(f" {part}" for part in (*moves, *faces))


class RubiksCube(GymTask):
    name, category, unexplained = "rubiks_cube", "cognition", True
    pattern = re.compile(r"Rubik's cube(?:\. It looks like this:| arranged as follows::)")
    hard = {"cube_size": 5, "min_scramble_steps": 25, "max_scramble_steps": 50}

    def params(self, difficulty, rng):
        large = rng.random() < difficulty - 0.3
        size = rng.choice((4, 5)) if large else 3 if rng.random() < 0.5 + difficulty else 2
        most = 1 + round((49 if large else 14) * difficulty)
        return {"cube_size": size, "min_scramble_steps": (most + 1) // 2, "max_scramble_steps": most}

    def expert(self, problem: Problem) -> Solution:
        faces, moves = _read(problem.text), []
        lines = [_line((), faces)]
        scramble = problem.data["metadata"]["scramble_moves"].split()
        for step in _steps(problem.data["metadata"]["cube_size"], scramble):
            faces = _turn(faces, step)
            lines.append(_line(step, faces))
            moves += step
        return Solution.of(lines, " ".join(moves))

    def check(self, text, previous, step):
        if not previous:
            return step == _line((), _read(text))
        moves, faces = step.split()[:-6], previous[-1].split()[-6:]
        if not moves or not all(re.fullmatch(r"[LRUDFB]w?'?", move) for move in moves):
            return None
        return step == _line(moves, _turn(faces, moves))

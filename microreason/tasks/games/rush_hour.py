"""rush_hour: slide the cars of a 6 x 6 board until car AA is at the right end of its row.

Each line is a move and the board after it, row by row without breaks (`.` empty, `#` a wall): `F+1 BB.CC#...`; two
moves that could as well be made in the other order share a line (`F+1 C-2 BB.CC#...`). The plan is a shortest one in
moves, found by breadth-first search, which the lines do not show: each line can be checked as legal moves, and the
last board has AA at the exit. The answer is the moves. Does not cover other board sizes.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_MOVES = re.compile(r"((?:[A-Z][+-][1-9] ){1,2})(\S{36})")


def _read(text):
    return re.search(r"Board:\n((?:[.A-Zx]{6}\n?){6})", text)[1].replace("\n", "").replace("x", "#")


def _move(board, car, steps):
    """The board after a move, or None where there is no such car or it would hit something or leave the board."""
    cells = [i for i, c in enumerate(board) if c == car]
    if not cells:
        return None
    stride = cells[1] - cells[0]
    sign = 1 if steps > 0 else -1
    place = cells[0] % 6 if stride == 1 else cells[0] // 6
    if not 0 <= place + steps <= 6 - len(cells):
        return None
    front = cells[-1] if sign > 0 else cells[0]
    if any(board[front + sign * stride * k] != "." for k in range(1, abs(steps) + 1)):
        return None
    new = list(board.replace(car, "."))
    for cell in cells:
        new[cell + stride * steps] = car
    return "".join(new)


def _solve(board):
    """A shortest list of moves (car, steps)."""
    cars = {}
    for i, c in enumerate(board):
        if c not in ".#":
            cars.setdefault(c, []).append(i)
    names = sorted(cars)
    strides = [cars[c][1] - cars[c][0] for c in names]
    sizes = [len(cars[c]) for c in names]
    walls = sum(1 << i for i, c in enumerate(board) if c == "#")
    places = [  # for each car, from the place of its first cell to the cells it takes, and the places in its lane
        {p: sum(1 << p + stride * k for k in range(size)) for p in _lane(cars[c][0], stride, size)}
        for c, stride, size in zip(names, strides, sizes, strict=True)
    ]
    start = tuple(cars[c][0] for c in names)
    came, layer = {start: None}, [start]
    while layer:
        new_layer = []
        for state in layer:
            full = walls
            for masks, p in zip(places, state, strict=True):
                full |= masks[p]
            for i, p in enumerate(state):
                masks = places[i]
                others = full & ~masks[p]
                for step in (strides[i], -strides[i]):
                    q = p + step
                    while q in masks and not masks[q] & others:
                        after = (*state[:i], q, *state[i + 1 :])
                        if after not in came:
                            came[after] = state
                            if i == 0 and q == 16:
                                return _path(names, strides, came, after)
                            new_layer.append(after)
                        q += step
        layer = new_layer
    raise ValueError("the board has no solution")


def _lane(first, stride, size):
    start = first - first % 6 if stride == 1 else first % 6
    return range(start, start + stride * (7 - size), stride)


def _path(names, strides, came, state):
    moves = []
    while before := came[state]:
        i = next(k for k in range(len(names)) if state[k] != before[k])
        moves.append((names[i], (state[i] - before[i]) // strides[i]))
        state = before
    return moves[::-1]


def _made(board, moves):
    """The board after moves such as `F+1 C-2`, or None."""
    for move in moves.split():
        board = board and _move(board, move[0], int(move[1:]))
    return board


def _lines(board, moves):
    """The lines for moves such as `F+1`."""
    lines = []
    while moves:
        first, second = moves[0], moves[1] if len(moves) > 1 else moves[0]
        free = first[0] != second[0] and _made(board, f"{second} {first}")
        line = f"{first} {second}" if free else first
        board, moves = _made(board, line), moves[2 if free else 1 :]
        lines.append(f"{line} {board}")
    return lines


class RushHour(GymTask):
    name, category, unexplained = "rush_hour", "games", True
    pattern = re.compile(r"^Move the red car \(AA\) to the exit on the right")
    hard = {"min_moves": 25, "max_moves": 50}

    def params(self, difficulty, rng):
        least = 1 + round(24 * difficulty)
        return {"min_moves": least, "max_moves": round(3 + 47 * difficulty)}

    def expert(self, problem: Problem) -> Solution:
        board = _read(problem.text)
        moves = [f"{car}{steps:+d}" for car, steps in _solve(board)]
        return Solution.of(_lines(board, moves), " ".join(moves))

    def check(self, text, previous, step):
        claim = _MOVES.fullmatch(step)
        board = previous[-1].split()[-1] if previous else _read(text)
        return claim[2] == _made(board, claim[1]) if claim else None

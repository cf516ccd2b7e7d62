"""tsumego: the move with which Black captures the largest group of white stones.

One line a white group, in the order in which its first stone is met from the top left: its stones and, for three or
more, after the colon the free points beside them: `H8H7I7H6:I6`. A group with one such point is captured by a
move there. Where a stray stone gives every large group more points, no move captures at once; then a last line
names the plus, L or T of stones that alone have one free point, ` L B7C7B6:C6`, which is the move the library wants.
Does not cover problems of more moves. A board with no place for a formation makes the generator fail: such
problems are drawn again from other seeds.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import is_next
from microreason.tasks.base import GymTask

_SHAPES = {
    "P": (((0, 0), (-1, 0), (1, 0), (0, -1)), (0, 1)),
    "L": (((0, 0), (0, 1), (1, 0)), (1, 1)),
    "T": (((0, -1), (0, 0), (0, 1), (1, 0)), (-1, 0)),
}


def _read(text):
    rows = [row.split() for row in re.findall(r"(?m)^ ?\d+((?: [.XO])+)$", text)]
    return {(r, c): cell for r, row in enumerate(rows) for c, cell in enumerate(row)}


def _around(points, board, colour):
    found = [(r + x, c + y) for r, c in points for x, y in ((-1, 0), (0, -1), (0, 1), (1, 0))]
    return sorted({p for p in found if board.get(p) == colour})


def _names(points, board):
    size = max(board)[0] + 1
    return "".join(f"{chr(65 + c)}{size - r}" for r, c in points)


def _groups(board):
    groups, seen = [], set()
    for point in board:
        if board[point] == "O" and point not in seen:
            group = [point]
            while more := [p for p in _around(group, board, "O") if p not in group]:
                group += more
            seen.update(group)
            groups.append(sorted(group))
    return groups


def _formations(board):
    """Shape, stones and move of each formation whose own stones have one free point, the move."""
    for row, column in board:
        for shape, (offsets, move) in _SHAPES.items():
            stones = sorted((row + r, column + c) for r, c in offsets)
            key = [(row + move[0], column + move[1])]
            if all(board.get(s) == "O" for s in stones) and _around(stones, board, ".") == key:
                yield shape, stones, key


def _solve(board):
    """All lines, and the move."""
    lines, best = [], []
    for group in _groups(board):
        free = _around(group, board, ".")
        lines.append(_names(group, board) + (f":{_names(free, board)}" if len(group) > 2 else ""))
        if len(group) > max(2, len(best)) and len(free) == 1:
            best, move = group, free
    if not best:
        shape, stones, move = next(_formations(board))
        lines.append(f" {shape} {_names(stones, board)}:{_names(move, board)}")
    return lines, _names(move, board)


class Tsumego(GymTask):
    name, category = "tsumego", "games"
    pattern = re.compile(r"Specify your move in coordinates \(e\.g\. 'C4' for column C, row 4\)")
    hard = {"min_board_size": 5, "max_board_size": 15, "max_stones": 10}

    def params(self, difficulty, rng):
        size = rng.randint(5, 5 + round(10 * difficulty))
        stones = min(rng.randint(5, 5 + round(10 * difficulty)), size * size // 4)
        return {"min_board_size": size, "max_board_size": size, "max_stones": stones}

    def generate(self, seed, index, level):
        for k in range(40):
            try:
                return super().generate(seed + 1_000_003 * k, index, level).model_copy(update={"seed": seed})
            except RuntimeError:
                continue
        raise RuntimeError("the generator found no room for a formation in 40 boards")

    def expert(self, problem: Problem) -> Solution:
        return Solution.of(*_solve(_read(problem.text)))

    def check(self, text, previous, step):
        lines, _ = _solve(_read(text))
        return is_next(lines, previous, step)

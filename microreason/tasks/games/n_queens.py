"""n_queens: complete a board so that no two queens attack each other.

The first line is the board, a column digit or `_` a row. Rows are called a, b, c from the top. Each later
line places a queen ` c5` and lists the open rows with the columns still free: every listed column of the line
before that is neither under the queen nor on its diagonals. The next queen goes to the first row with one
free column, else to the first of the rows with fewest (` d2?`, a guess). A row left without a column ends the
line with `!`; the next line, `/`, is the state before the latest guess without the guessed column. The last
line is the completed board. Does not cover boards larger than 9.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_ITEM = re.compile(r" ([a-i])(\d*)")


def _read(text):
    rows = [line.split() for line in re.findall(r"(?m)^[_Q](?: [_Q])+$", text)]
    return "".join(str(row.index("Q") + 1) if "Q" in row else "_" for row in rows)


def _start(board):
    every = "".join(str(i + 1) for i in range(len(board)))
    return {"abcdefghi"[i]: every if c == "_" else c for i, c in enumerate(board)}


def _place(state, row, column):
    """The other rows' free columns after a queen, up to the first row that has none."""
    out = {}
    for other, free in state.items():
        if other != row:
            reach = abs(ord(other) - ord(row))
            out[other] = "".join(c for c in free if abs(int(c) - int(column)) not in (0, reach))
            if not out[other]:
                break
    return out


def _rows(state):
    return "".join(f" {row}{free}" for row, free in state.items()) + ("" if all(state.values()) else "!")


def _replay(board, lines):
    """State after some lines, the states before open guesses with those guesses, and the queens standing."""
    state, open_guesses, queens = _start(board), [], {}
    for line in lines:
        if line[0] == "/":
            before, row, column, queens = open_guesses.pop()
            state = before | {row: before[row].replace(column, "")}
        else:
            row, column = line[1], line[2]
            if line[3:4] == "?":
                open_guesses.append((state, row, column, queens))
            queens = queens | {row: column}
            state = _place(state, row, column)
    return state, open_guesses, queens


def _next(board, lines):
    """The line that follows `lines` (without the board's), or None when every queen stands."""
    state, open_guesses, _ = _replay(board, lines)
    if not all(state.values()):
        before, row, column, _ = open_guesses[-1]
        return "/" + _rows(before | {row: before[row].replace(column, "")})
    if not state:
        return None
    row = min(state, key=lambda r: len(state[r]))
    return f" {row}{state[row][0]}" + ("?" if len(state[row]) > 1 else "") + _rows(_place(state, row, state[row][0]))


class NQueens(GymTask):
    name, category = "n_queens", "games"
    pattern = re.compile(r"^Your job is to complete an n x n chess board with n Queens in total")
    hard = {"n": 8, "min_remove": 4, "max_remove": 6}

    def params(self, difficulty, rng):
        n = rng.randint(4 + round(3 * difficulty), min(8, 5 + round(4 * difficulty)))
        most = max(1, min(n - 2, round(1 + 6 * difficulty)))
        return {"n": n, "min_remove": max(1, most - 2), "max_remove": most}

    def expert(self, problem: Problem) -> Solution:
        board, lines = _read(problem.text), []
        while line := _next(board, lines):
            lines.append(line)
        queens = _replay(board, lines)[2]
        columns = "".join(queens[row] for row in sorted(queens))
        answer = "\n".join(" ".join("Q" if str(i + 1) == c else "_" for i in range(len(columns))) for c in columns)
        return Solution.of([board, *lines, columns], answer)

    def check(self, text, previous, step):
        board = _read(text)
        if not previous:
            return step == board
        if not all(_ITEM.match(line) or line[0] == "/" for line in previous[1:]):
            return None
        state, open_guesses, queens = _replay(board, previous[1:])
        if re.fullmatch(r"\d+", step):
            return not state and step == "".join(queens[row] for row in sorted(queens))
        if step[0] == "/" or not all(state.values()):
            return bool(open_guesses) and not all(state.values()) and step == _next(board, previous[1:])
        head = re.match(r" ([a-i])(\d)(\??)", step)
        if not head:
            return None
        row, column, guess = head.groups()
        if column not in state.get(row, "") or (len(state[row]) > 1) != bool(guess):
            return False
        return step[head.end() :] == _rows(_place(state, row, column))

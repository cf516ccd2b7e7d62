"""futoshiki: fill a grid with 1 to its size, each once a row and column, so that all signs of inequality hold.

The lines are those of candidates.py, each sign read as the first of two cells being less (` a1<a2`); signs
between two given digits say nothing new and are left out. Does not cover grids larger than 9x9.
"""

import re
from functools import lru_cache

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask
from microreason.tasks.games.candidates import Grid, units


def _puzzle(text):
    return re.search(r"Futoshiki puzzle:\n\n(.*?)\n\nEnsure", text, re.DOTALL)[1]


@lru_cache(maxsize=64)
def _read(text):
    lines = _puzzle(text).split("\n")
    known, less = {}, []
    for i, line in enumerate(lines):
        row = "abcdefghi"[i // 2]
        for j, sign in enumerate(line[::2]):
            cell = row + "123456789"[j // 2]
            after = row + "123456789"[j // 2 + 1] if i % 2 == 0 and j % 2 else chr(ord(row) + 1) + cell[1]
            if sign.isdigit():
                known[cell] = sign
            elif sign in "<∧":
                less.append((cell, after))
            elif sign in ">∨":
                less.append((after, cell))
    less = [pair for pair in less if not known.keys() >= set(pair)]
    return Grid(units((len(lines) + 1) // 2), known, less)


class Futoshiki(GymTask):
    name, category, determined = "futoshiki", "games", True
    pattern = re.compile(r"^Solve the following \dx\d Futoshiki puzzle:")
    hard = {"min_board_size": 6, "max_board_size": 7, "min_difficulty": 1, "max_difficulty": 2}

    def params(self, difficulty, rng):
        size = rng.randint(4, 4 + round(5 * difficulty))
        return {"min_board_size": size, "max_board_size": size, "min_difficulty": 0, "max_difficulty": 3}

    def expert(self, problem: Problem) -> Solution:
        lines, cells = _read(problem.text).solve()
        digits = iter(cells[c] for c in sorted(cells))
        return Solution.of(lines, re.sub(r"[\d_]", lambda _: next(digits), _puzzle(problem.text)))

    def check(self, text, previous, step):
        return _read(text).check(previous, step)

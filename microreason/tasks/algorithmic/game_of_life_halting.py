"""game_of_life_halting: whether every cell of a Game of Life dies within some steps.

The lines list the living cells, then after ` step 1` the rows around them with what lives next, as life.py says.
` empty` ends a game in which nothing lives; ` as 0` ends one whose living cells are those of step 0 (` as 1` of step
1, and so on) or ` last` one that lives at the last step. A board above 1,000 cells is printed with `...` for nearly
all of it: the line ` hidden` says so, and the answer after it is a guess, which the library's grader accepts as it does
any text; here it has to be True or False. Does not cover finding the hidden cells.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic import life
from microreason.tasks.algorithmic.replay import follows, write
from microreason.tasks.base import GymTask


def _walk(text):
    if "..." in text:
        yield " hidden"
        return False
    board = [row.replace(" ", "") for row in re.findall(r"\[([01 ]+)\]", text)]
    seen = [(yield from life.listing(board))]
    for step in range(1, 1 + int(GameOfLifeHalting.pattern.search(text)[1])):
        if not seen[-1]:
            break
        if seen[-1] in seen[:-1]:
            yield f" as {seen.index(seen[-1])}"
            return False
        yield f" step {step}"
        seen.append((yield from life.generation(seen[-1], len(board), len(board[0]))))
    yield " last" if seen[-1] else " empty"
    return not seen[-1]


class GameOfLifeHalting(GymTask):
    name, category, unexplained = "game_of_life_halting", "algorithmic", True
    pattern = re.compile(r"^This is a 'Game of Life' grid\. [^\n]*\nWill this game halt at or before (\d+) steps\?")
    hard = {"grid_size_x": 50, "grid_size_y": 50, "difficulty": 2, "num_oscillators": 7, "max_simulation_steps": 50}

    def params(self, difficulty, rng):
        if rng.random() < difficulty - 0.75:
            return self.hard
        kind = 1 + (rng.random() < difficulty - 0.4)
        side = 14 + round(4 * difficulty) if kind == 2 else 8 + round(8 * difficulty)
        patterns = 1 if kind == 2 else 1 + round(7 * difficulty)
        return {
            "grid_size_x": side, "grid_size_y": side, "difficulty": kind, "num_oscillators": patterns,
            "max_simulation_steps": 20,
        }  # fmt: skip

    def expert(self, problem: Problem) -> Solution:
        return Solution.of(*write(_walk(problem.text)))

    def grade(self, problem: Problem, answer: str | None) -> float:
        return super().grade(problem, answer) if answer in ("True", "False") else 0.0

    def check(self, text, previous, step):
        return follows(_walk(text), previous, step)

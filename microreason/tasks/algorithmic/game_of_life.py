"""game_of_life: a board after some steps of the Game of Life.

The lines list the living cells, then after ` step 1` the rows around them with what lives next, as life.py says; the
next step begins from that. The answer draws the last list. Does not cover boards less than three wide or high.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic import life
from microreason.tasks.algorithmic.replay import follows, write
from microreason.tasks.base import GymTask


def _walk(text):
    board = [row.replace(",", "") for row in re.findall(r"\[([01,]+)\]", text.partition("\n\n")[2])]
    live = yield from life.listing(board)
    for step in range(int(GameOfLife.pattern.search(text)[1])):
        yield f" step {step + 1}"
        live = yield from life.generation(live, len(board), len(board[0]))
    rows = [",".join(str(int(j in live.get(i, ()))) for j in range(len(row))) for i, row in enumerate(board)]
    return "[" + ",".join(f"[{row}]" for row in rows) + "]"


class GameOfLife(GymTask):
    name, category = "game_of_life", "algorithmic"
    pattern = re.compile(r"^What will this Game of Life board look like after (\d+) steps of simulation\?")
    hard = {"grid_size_x": 50, "grid_size_y": 50, "filled_cells_weights": 0.2, "simulation_steps": 2}

    def params(self, difficulty, rng):
        side = round(4 * 12.5**difficulty)
        steps = rng.randint(1, 1 + round(2 * difficulty))
        return {
            "grid_size_x": side, "grid_size_y": side, "filled_cells": rng.randint(3, 10), "simulation_steps": steps
        }  # fmt: skip

    def expert(self, problem: Problem) -> Solution:
        return Solution.of(*write(_walk(problem.text)))

    def check(self, text, previous, step):
        return follows(_walk(text), previous, step)

"""rearc: grids drawn anew by the rules of 400 ARC tasks; the lines are those of rules.py.

Its questions look as those of arc_agi do and are recognised as that task's, whose checker is the same. Does not cover
most rules of ARC: where none is found the answer comes from the metadata.
"""

import re

from microreason.tasks.arc.rules import GridTask


class Rearc(GridTask):
    name, category, unexplained = "rearc", "arc", True
    pattern = re.compile(r"(?!)")
    hard = {"pso_difficulty_weights": [0, 0, 0, 1, 0, 0, 0], "rng_difficulty_weights": [0, 0, 0, 1, 0, 0, 0]}

    def params(self, difficulty, rng):
        levels = [rng.randint(0, round(6 * difficulty)) for _ in range(2)]
        names = ("pso_difficulty_weights", "rng_difficulty_weights")
        return {name: [int(i == level) for i in range(7)] for name, level in zip(names, levels, strict=True)}

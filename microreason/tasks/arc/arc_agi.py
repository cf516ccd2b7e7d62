"""arc_agi: grids of the ARC-AGI-1 tasks, turned, mirrored and recoloured; the lines are those of rules.py.

Its questions look as those of rearc do, so that either's are recognised as this task's. Does not cover most rules of
ARC: where none is found the answer comes from the metadata.
"""

import re

from microreason.tasks.arc.rules import GridTask


class ArcAgi(GridTask):
    name, category, unexplained = "arc_agi", "arc", True
    pattern = re.compile(
        r"^Find the common rule that maps an input grid to an output grid[^\n]*\n\nExample 1:\n\nInput:\n"
    )
    hard = {"rotations_weights": [0.15, 0.3, 0.25, 0.3], "mirrors_weights": [0.2] * 5}

    def params(self, difficulty, rng):
        d = round(2 * difficulty) / 2  # few values, as each makes the library load all tasks
        return {
            "rotations_weights": [1 - 0.85 * d, 0.3 * d, 0.25 * d, 0.3 * d],
            "mirrors_weights": [1 - 0.8 * d] + [0.2 * d] * 4,
        }

"""aiw: how many sisters (female friends, female colleagues) somebody's brother (friend, colleague) has.

The path copies the number that the first person has and adds that person. As in the
library, Matilda comes on top of the colleagues counted. Does not cover other kin or circles.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_COUNT = re.compile(r"(\d+) (sisters|female friends|female colleagues)")


def _known(text):
    return f"{_COUNT.search(text)[0]} and {text.split()[0]}"


class Aiw(GymTask):
    name, category, determined = "aiw", "logic", True
    pattern = re.compile(r"^\w+ has \d+ (?:brothers|sisters|male friends|male colleagues) and she also has \d+ ")
    hard = {"task_type_weights": [0.5, 0.25, 0.25], "max_entities": 10}

    def params(self, difficulty, rng):
        other = min(0.25, difficulty)
        return {"task_type_weights": [1 - 2 * other, other, other], "max_entities": 2 + round(9 * difficulty)}

    def expert(self, problem: Problem) -> Solution:
        number = int(_COUNT.search(problem.text)[1])
        return Solution.of([_known(problem.text), f"{number}+1={number + 1}"], number + 1)

    def check(self, text, previous, step):
        return step == _known(text) if " and " in step else None

"""quantum_lock: the shortest sequence of buttons from 0 to a target, by breadth-first search.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask


def _read(text):
    target = int(re.search(r"\nTarget: (-?\d+)", text)[1])
    buttons = re.findall(r"\n([A-C]): (\w+) (\d+) \(when (\w+)\)", text)
    return target, [(name, op, int(n), when) for name, op, n, when in buttons]


def _press(value, op, n):
    return value + n if op == "Add" else value - n if op == "Subtract" else value * n

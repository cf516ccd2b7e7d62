"""quantum_lock: the shortest sequence of buttons from 0 to a target, by breadth-first search.

The first line bounds the numbers worth keeping: 0 and the target where no button subtracts, else 3 below 0
and 9 above the target. A line `g2A4B5` takes the next number waiting, here 2 with the light green, and writes
each button that works then with the number it leads to, if that is within bounds and new with that light.
When the target is met, lines `5B2g` follow the way back to 0; their buttons, last line first, are the answer.
The bounds miss about one shortest sequence in five hundred easy problems; there they are widened.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_OTHER = {"r": "g", "g": "r"}


def _read(text):
    buttons = re.findall(r"\n([A-C]): (\w+) (\d+) \(when (\w+)\)", text)
    return int(re.search(r"\nTarget: (\d+)", text)[1]), [(name, op, int(n), when) for name, op, n, when in buttons]


def _press(value, op, n):
    return value + n if op == "Add" else value - n if op == "Subtract" else value * n


def _expand(target, buttons, low, high, seen, light, value):
    """The line for a number taken from the queue; adds what is new to `seen`."""
    line = f"{light}{value}"
    for name, op, n, when in buttons:
        new = (_OTHER[light], _press(value, op, n))
        if when[0] in (light, "a") and low <= new[1] <= high and new not in seen:
            seen.append(new)
            line += f"{name}{new[1]}"
            if new[1] == target:
                break
    return line


def _search(target, buttons, low, high):
    """The search's lines up to the target, or None if it is not met."""
    seen, lines = [("r", 0)], [f"{low},{high}"]
    for light, value in seen:
        lines.append(_expand(target, buttons, low, high, seen, light, value))
        if seen[-1][1] == target:
            return lines
    return None


def _back(lines, light, value):
    """The line saying where the search first met a number with that light."""
    for line in lines:
        for button, child in re.findall(r"([A-C])(-?\d+)", line):
            if line[0] == _OTHER[light] and int(child) == value:
                return f"{value}{button}{re.match(r'[rg](-?[0-9]+)', line)[1]}{line[0]}"
    return None


class QuantumLock(GymTask):
    name, category = "quantum_lock", "graphs"
    pattern = re.compile(r"^In front of you are some buttons, a light, and a number\.")
    hard = {"difficulty": 5}

    def params(self, difficulty, rng):
        return {"difficulty": 1 + round(9 * difficulty)}

    def expert(self, problem: Problem) -> Solution:
        target, buttons = _read(problem.text)
        lines, low, high = None, 0, target
        if any(op == "Subtract" for _, op, _, _ in buttons):
            low, high = -3, target + 9
        while not (lines := _search(target, buttons, low, high)):
            low, high = low - 10, high + 10
        light, value, back = _OTHER[lines[-1][0]], target, []
        while (light, value) != ("r", 0):
            back.append(_back(lines, light, value))
            light, value = back[-1][-1], int(re.search(r"[A-C](-?\d+)", back[-1])[1])
        return Solution.of(lines + back, " → ".join(re.search("[A-C]", line)[0] for line in reversed(back)))

    def check(self, text, previous, step):
        target, buttons = _read(text)
        subtracts = any(op == "Subtract" for _, op, _, _ in buttons)
        if not previous:
            bounds = re.fullmatch(r"(-?\d+),(\d+)", step)
            widths = [(-3 - 10 * k, target + 9 + 10 * k) for k in range(9)] if subtracts else [(0, target)]
            return bool(bounds) and (int(bounds[1]), int(bounds[2])) in widths
        low, high = map(int, previous[0].split(","))
        searched = [line for line in previous[1:] if line[0] in "rg"]
        seen = [("r", 0)]
        for line in searched:
            seen += [(_OTHER[line[0]], int(child)) for child in re.findall(r"[A-C](-?\d+)", line)]
        if step[0].isalpha():
            if len(searched) >= len(seen) or seen[-1][1] == target:
                return False
            return step == _expand(target, buttons, low, high, seen, *seen[len(searched)])
        if not re.fullmatch(r"-?\d+[A-Z]-?\d+[a-z]", step) or not searched:
            return None
        last = previous[-1]
        if last[0] in "rg":
            return seen[-1][1] == target and step == _back(searched, seen[-1][0], target)
        return step == _back(searched, last[-1], int(re.search(r"[A-C](-?\d+)", last)[1]))

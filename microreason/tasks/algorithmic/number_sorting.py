"""number_sorting: a list of numbers in ascending or descending order.

The numbers are put into groups by sign and leading place (hundreds where any number has hundreds, else tens, else
units), a line a group in the order asked for: `4:473,457,436`. The line holds their whole parts, or the numbers where
two share one, as they occur and, after `|`, sorted where there are several. The answer lists the numbers in full.
Does not cover hard lists within a short context: list and answer alone are about 1,500 tokens.
"""

import re
from collections import Counter

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import is_next
from microreason.tasks.base import GymTask


def _groups(numbers, descending):
    """The lines by group, and the sorted numbers."""
    wholes = [n.partition(".")[0] for n in numbers]
    shared = Counter(wholes)
    place = max(len(w.lstrip("-")) for w in wholes) - 1
    groups, lines = {}, []
    for number, whole in zip(numbers, wholes, strict=True):
        key = "-" * (whole[0] == "-") + str(int(whole.lstrip("-")) // 10**place)
        groups.setdefault(key, []).append((number, number if shared[whole] > 1 else whole))
    for key in sorted(groups, key=lambda k: (k[0] != "-", int(k)), reverse=descending):
        names = [name for _, name in groups[key]]
        lines.append(f"{key}:{','.join(names)}")
        if len(names) > 1:
            lines[-1] += "|" + ",".join(n for _, n in _ordered(groups[key], descending))
    return lines, [n for n, _ in _ordered([(n, n) for n in numbers], descending)]


def _ordered(pairs, descending):
    return sorted(pairs, key=lambda p: float(p[0]), reverse=descending)


class NumberSorting(GymTask):
    name, category = "number_sorting", "algorithmic"
    pattern = re.compile(r"^Sort these numbers in (a|de)scending order: (.*)\nPlease follow")
    hard = {"min_numbers": 50, "max_numbers": 100, "min_decimals": 2, "max_decimals": 4, "min_value": -500,
            "max_value": 500}  # fmt: skip

    def params(self, difficulty, rng):
        top, value = round(3 * 34**difficulty), round(10 * 50**difficulty)
        decimals = round(4 * min(1, 1.5 * difficulty))
        return {"min_numbers": max(2, top // 2), "max_numbers": top, "min_decimals": decimals // 2,
                "max_decimals": decimals, "min_value": -value if rng.random() < 0.3 + difficulty else 0,
                "max_value": value}  # fmt: skip

    def _lines(self, text):
        found = self.pattern.search(text)
        return _groups(found[2].split(", "), found[1] == "de")

    def expert(self, problem: Problem) -> Solution:
        lines, ordered = self._lines(problem.text)
        return Solution.of(lines, ordered)

    def check(self, text, previous, step):
        if not re.match(r"-?\d:", step):
            return None
        lines, _ = self._lines(text)
        return is_next(lines, previous, step)

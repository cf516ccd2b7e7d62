"""number_sorting: a list of numbers in ascending or descending order.

Up to ten numbers are inserted one after the other: a line has the next number of the question and, after `:`, those
up to it in order, as `15:-10<8<15<84` (`>` where descending). More are put into groups by sign and leading place
(hundreds where any number has hundreds, else tens, else units), a line a group in the order asked for:
`4:473,457,436`, as they occur and, after `|`, sorted where there are several. Lines hold whole parts, or the numbers
where two share one. The answer lists the numbers in full. Does not cover hard lists within a short context: list and
answer alone are about 1,500 tokens.
"""

import re
from collections import Counter

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import is_next
from microreason.tasks.base import GymTask


def _named(numbers):
    """Each number and what lines call it."""
    wholes = [n.partition(".")[0] for n in numbers]
    shared = Counter(wholes)
    return [(number, number if shared[whole] > 1 else whole) for number, whole in zip(numbers, wholes, strict=True)]


def _insertions(pairs, descending):
    """A line a number, with all numbers up to it in order."""
    for i, (_, name) in enumerate(pairs, 1):
        yield f"{name}:{_row(pairs[:i], descending)}"


def _groups(pairs, descending):
    """A line a group."""
    place = max(len(number.partition(".")[0].lstrip("-")) for number, _ in pairs) - 1
    groups = {}
    for number, name in pairs:
        key = "-" * (number[0] == "-") + str(int(number.partition(".")[0].lstrip("-")) // 10**place)
        groups.setdefault(key, []).append((number, name))
    for key in sorted(groups, key=lambda k: (k[0] != "-", int(k)), reverse=descending):
        line = f"{key}:{','.join(name for _, name in groups[key])}"
        if len(groups[key]) > 1:
            line += "|" + _row(groups[key], descending)
        yield line


def _row(pairs, descending):
    return "<>"[descending].join(name for _, name in _ordered(pairs, descending))


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
        """The lines, and the sorted numbers."""
        found = self.pattern.search(text)
        pairs, descending = _named(found[2].split(", ")), found[1] == "de"
        lines = (_groups if len(pairs) > 10 else _insertions)(pairs, descending)
        return list(lines), [number for number, _ in _ordered(pairs, descending)]

    def expert(self, problem: Problem) -> Solution:
        return Solution.of(*self._lines(problem.text))

    def check(self, text, previous, step):
        if not re.match(r"-?[\d.]+:", step):
            return None
        lines, _ = self._lines(text)
        return is_next(lines, previous, step)

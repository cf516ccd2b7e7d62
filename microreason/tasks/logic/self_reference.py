"""self_reference: how many truth assignments of seven statements about their own truth are consistent.

The path turns the counts of false statements into counts of true ones (`7-2=5`), lists the four numbers, then
supposes 0 to 7 true statements: `4:1122334,0` gives the supposed number, the running count of true statements
after each of the seven, and the consistent suppositions so far (last count equal to the supposed number).
Statement 5 holds where statements 3 and 4 raised the count by exactly one. The library has one difficulty only.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask


def _bounds(text):
    """Statements 1 to 4 as bounds on the number of true statements: at least, at least, exactly, exactly."""
    a, b, c, d = (int(n) for n in re.findall(r"'\w+(?: \w+)? (\d) of these 7", text))
    return a, 7 - b, c, 7 - d


def _counts(bounds, true):
    a, b, c, d = bounds
    third, fourth = true == c, true == d
    holds = [true >= a, true >= b, third, fourth, third != fourth, true in (2, 3, 5, 7), 7 - true in (4, 6)]
    return [sum(holds[: i + 1]) for i in range(7)]


def _lines(bounds):
    solutions = 0
    for true in range(8):
        counts = _counts(bounds, true)
        solutions += counts[-1] == true
        yield f"{true}:{''.join(map(str, counts))},{solutions}"


class SelfReference(GymTask):
    name, category, determined = "self_reference", "logic", True
    pattern = re.compile(r"^Given the truthfulness of these statements, please tell me the number of")
    hard = {"difficulty": 5}

    def params(self, difficulty, rng):
        return {"difficulty": 1 + round(4 * difficulty)}

    def expert(self, problem: Problem) -> Solution:
        bounds = a, b, c, d = _bounds(problem.text)
        lines = [f"7-{7 - b}={b}", f"7-{7 - d}={d}", f"{a},{b},{c},{d}", *_lines(bounds)]
        return Solution.of(lines, lines[-1][-1])

    def check(self, text, previous, step):
        bounds = _bounds(text)
        if re.fullmatch(r"\d,\d,\d,\d", step):
            return step == ",".join(map(str, bounds))
        if re.fullmatch(r"\d:\d{7},\d", step):
            return step in list(_lines(bounds))
        return None

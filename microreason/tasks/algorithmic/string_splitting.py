"""string_splitting: parts that are left when machines A, B, C are taken apart by five rules.

Each rule is applied as often as it can be at once; a line holds the count that changes. `B:87=2*43+1` halves with
remainder, `Z:159>107` compares X with Y, the smaller of which becomes Z. Rule 4 can only ever use one B and one C.
Does not cover stopping after the 1000 single applications that the problem allows: such counts do not occur.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask


def _walk(a, b, c):
    """Yields each line; is sent the line that was really written and goes on from its last number."""

    def value(line, otherwise):
        number = re.search(r"\d+$", line)
        return int(number[0]) if number else otherwise

    x, y = value((yield f"X=2*{a}={2 * a}"), 2 * a), a
    left = value((yield f"B:{b}=2*{b // 2}+{b % 2}"), b % 2)
    x = value((yield f"X={x}+{b // 2}={x + b // 2}"), 0)
    right = value((yield f"C:{c}=2*{c // 2}+{c % 2}"), c % 2)
    y = value((yield f"Y={y}+{c // 2}={y + c // 2}"), 0)
    if left and right:
        x = value((yield f"X={x}+2={x + 2}"), 0)
        y = value((yield f"Y={y}+1={y + 1}"), 0)
        left = right = 0
    yield f"Z:{x}{'<' if x < y else '>' if x > y else '='}{y}"
    z = min(x, y)
    if x < y:
        y = value((yield f"Y={y}-{x}={y - x}"), 0)
        x = 0
    else:
        x = value((yield f"X={x}-{y}={x - y}"), 0)
        y = 0
    return f"0 {left} {right} {x} {y} {z}"


class StringSplitting(GymTask):
    name, category = "string_splitting", "algorithmic"
    pattern = re.compile(r"^There is a dismantling engineer who has old machines A, B, and C\.")
    hard = {"min_initial_machines": 50, "max_initial_machines": 100}

    def params(self, difficulty, rng):
        top = round(3 * 34**difficulty)
        return {"min_initial_machines": round(top / 2 * difficulty), "max_initial_machines": top}

    def _counts(self, text):
        return map(int, re.search(r"you have (\d+) machine A, (\d+) machine B, and (\d+) machine C", text).groups())

    def expert(self, problem: Problem) -> Solution:
        walk, lines = _walk(*self._counts(problem.text)), []
        try:
            lines.append(next(walk))
            while True:
                lines.append(walk.send(lines[-1]))
        except StopIteration as end:
            return Solution.of(lines, end.value)

    def check(self, text, previous, step):
        if not re.match(r"[A-Z][=:]", step):
            return None
        walk = _walk(*self._counts(text))
        try:
            wanted = next(walk)
            for line in previous:
                wanted = walk.send(line)
        except StopIteration:
            return False
        return step == wanted

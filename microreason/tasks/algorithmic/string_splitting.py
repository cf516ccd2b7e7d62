"""string_splitting: parts that are left when machines A, B, C are taken apart by five rules.

Each rule is applied as often as it can be at once; a line holds the count that changes. `B:87=2*43+1` halves with
remainder, `Z:159>107` compares X with Y, the smaller of which becomes Z. Rule 4 can only ever use one B and one C.
Does not cover stopping after the 1000 single applications that the problem allows: such counts do not occur.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import follows, last_number, write
from microreason.tasks.base import GymTask


def _walk(a, b, c):
    """Yields each line; is sent the line that was really written and goes on from its last number."""

    x, y = last_number((yield f"X=2*{a}={2 * a}"), 2 * a), a
    left = last_number((yield f"B:{b}=2*{b // 2}+{b % 2}"), b % 2)
    x = last_number((yield f"X={x}+{b // 2}={x + b // 2}"), 0)
    right = last_number((yield f"C:{c}=2*{c // 2}+{c % 2}"), c % 2)
    y = last_number((yield f"Y={y}+{c // 2}={y + c // 2}"), 0)
    if left and right:
        x = last_number((yield f"X={x}+2={x + 2}"), 0)
        y = last_number((yield f"Y={y}+1={y + 1}"), 0)
        left = right = 0
    yield f"Z:{x}{'<' if x < y else '>' if x > y else '='}{y}"
    z = min(x, y)
    if x < y:
        y = last_number((yield f"Y={y}-{x}={y - x}"), 0)
        x = 0
    else:
        x = last_number((yield f"X={x}-{y}={x - y}"), 0)
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
        return Solution.of(*write(_walk(*self._counts(problem.text))))

    def check(self, text, previous, step):
        if not re.match(r"[A-Z][=:]", step):
            return None
        return follows(_walk(*self._counts(text)), previous, step)

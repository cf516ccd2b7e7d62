"""string_synthesis: blocks that are left when [A], [B], [C] are combined by six rules.

Each rule is applied as often as it can be at once. A line beginning with a digit says by which counts rule 1 to 6 is
limited: `1:58<86` and `1:58<98` (the smallest of three), `4:13=2*6+1` (pairs). Lines with a letter hold the counts that
change; nothing is written where a rule cannot be used. Does not cover stopping after 1000 single applications.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import follows, last_number, write
from microreason.tasks.base import GymTask


def _order(rule, x, y):
    return f"{rule}:{x}{'<' if x < y else '>' if x > y else '='}{y}"


def _walk(a, b, c):
    """Yields each line; is sent the line that was really written and goes on from its last number."""

    have = {"A": a, "B": b, "C": c}

    def take(used, blocks):
        for block in blocks if used else "":
            left = have[block] - used
            have[block] = last_number((yield f"{block}={have[block]}-{used}={left}"), left)

    made = []
    for rule, blocks in ((1, "ABC"), (2, "AB"), (3, "BC")):
        used = have[blocks[0]]
        for block in blocks[1:]:
            yield _order(rule, used, have[block])
            used = min(used, have[block])
        yield from take(used, blocks)
        made.append(used)
    c = have["C"]
    c = last_number((yield f"4:{c}=2*{c // 2}+{c % 2}"), c % 2)
    curly_a, curly_c = made[0], made[1] + have["C"] // 2
    if made[1] and have["C"] // 2:
        curly_c = last_number((yield f"4:{made[1]}+{have['C'] // 2}={curly_c}"), curly_c)
    yield _order(5, curly_a, curly_c)
    used = min(curly_a, curly_c)
    if used:
        large = max(curly_a, curly_c)
        left = last_number((yield f"5:{large}-{used}={large - used}"), 0)
        curly_a, curly_c = (0, left) if curly_a < curly_c else (left, 0)
    curly_b = last_number((yield f"6:{made[2]}=2*{made[2] // 2}+{made[2] % 2}"), made[2] % 2)
    counts = (have["A"], have["B"], c, curly_a, curly_b, curly_c, used, used, made[2] // 2)
    return " ".join(map(str, counts))


class StringSynthesis(GymTask):
    name, category = "string_synthesis", "algorithmic"
    pattern = re.compile(r"^There are nine different blocks \[A\] \[B\] \[C\]")
    hard = {"min_initial_blocks": 50, "max_initial_blocks": 100}

    def params(self, difficulty, rng):
        top = round(3 * 34**difficulty)
        return {"min_initial_blocks": round(top / 2 * difficulty), "max_initial_blocks": top}

    def _counts(self, text):
        return map(int, re.search(r"you have (\d+) \[A\], (\d+) \[B\], and (\d+) \[C\] blocks", text).groups())

    def expert(self, problem: Problem) -> Solution:
        return Solution.of(*write(_walk(*self._counts(problem.text))))

    def check(self, text, previous, step):
        if not re.match(r"[A-Z]=|\d+:", step):
            return None
        return follows(_walk(*self._counts(text)), previous, step)

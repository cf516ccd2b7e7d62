"""jugs: measure a target amount with jugs that can only be filled, emptied and poured into one another.

Lines such as `A>B:7 3 10` find a plan: jug A is filled again and again and poured into B, which is emptied when
full; the numbers are what B then holds, up to the target (found) or a repetition (not so). Where no two jugs do,
some pours of another jug go first: `A>C:9 6 B>C:2 10`. Then the plan is acted out, a line a move with what the
source and the destination hold after it (` pour A->B:0,7`), until one of them holds the target. The first plan
found is taken, not the shortest. Where the library gives up and says "No solution", which its own grader refuses, the
problem has no gold answer here.
"""

import json
import re
from itertools import permutations

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import follows, last_number, write
from microreason.tasks.base import GymTask, Level


def _read(text):
    jugs = re.search(r"this many litres of water: (.*)", text)[1]
    return {k: int(v) for k, v in re.findall(r"([A-Z]):(\d+)", jugs)}, int(re.search(r"target is: (\d+)", text)[1])


def _amounts(held, source, jug, target):
    """What a jug holds after each time the source was poured into it."""
    out = []
    while target not in out:
        held = (held + source) % jug
        out.append(held)
        if held == 0 or held in out[:-1]:
            break
    return out


def _plans(jugs, target):
    """Sources with the amounts they lead to, and the destination; plans with two jugs first."""
    pairs = [p for p in permutations(jugs, 2) if jugs[p[1]] >= target and jugs[p[0]] != jugs[p[1]]]
    single = {(a, b): _amounts(0, jugs[a], jugs[b], target) for a, b in pairs}
    for (a, b), amounts in single.items():
        yield [(a, amounts)], b
    for (a, b), amounts in single.items():
        for i in range(1, len(amounts)):
            for c in jugs:
                if c not in (a, b):
                    yield [(a, amounts[:i]), (c, _amounts(amounts[i - 1], jugs[c], jugs[b], target))], b


def _walk(jugs, target):
    for jug, capacity in jugs.items():
        if capacity == target:
            yield f" fill {jug}:{target},0"
            return
    for plan, to in _plans(jugs, target):
        line = yield " ".join(f"{a}>{to}:{' '.join(map(str, amounts))}" for a, amounts in plan)
        if last_number(line, 0) == target:
            break
    held = 0
    for source, amounts in plan:
        for _ in amounts:
            left = None
            while left != 0:
                if left is None:
                    line = yield f" fill {source}:{jugs[source]},{held}"
                elif held == jugs[to]:
                    line = yield f" empty {to}:{left},0"
                else:
                    part = min(left, jugs[to] - held)
                    line = yield f" pour {source}->{to}:{left - part},{held + part}"
                left, held = (int(n) for n in re.search(r"(\d+),(\d+)$", line).groups())
                if target in (left, held):
                    return


class Jugs(GymTask):
    name, category = "jugs", "algorithmic"
    pattern = re.compile(r"A maniac has planted a bomb next to a public fountain")
    hard = {"num_jugs": 4, "difficulty": 10}

    def params(self, difficulty, rng):
        return {"num_jugs": 3 + (rng.random() < difficulty), "difficulty": rng.randint(1, 2 + round(9 * difficulty))}

    def generate(self, seed: int, index: int, level: Level) -> Problem:
        problem = super().generate(seed, index, level)
        return problem.model_copy(update={"answer": None}) if problem.answer == '["No solution"]' else problem

    def expert(self, problem: Problem) -> Solution:
        lines, _ = write(_walk(*_read(problem.text)))
        return Solution.of(lines, json.dumps([line[1:].split(":")[0] for line in lines if line[0] == " "]))

    def check(self, text, previous, step):
        if not re.fullmatch(r" (fill|empty|pour) .*|[A-Z]>[A-Z]:.*", step):
            return None
        return follows(_walk(*_read(text)), previous, step)

"""propositional_logic: any conclusion that follows from some premises and is neither a tautology nor a bare symbol.

The grader accepts every such conclusion, so the path picks two short premises, copies them by number, and concludes
that both hold (introduction of a conjunction). Does not look for the strongest or the most telling conclusion, nor
for links between premises. There is no gold answer in the library; the expert's stands in for it. Where all premises
are tautologies (about 1 easy problem in 250) no answer can score 1; such problems are passed over for training.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask


def _premises(text):
    return [p.replace(" ", "") for p in re.findall(r"^\.?\d+\. (.*)$", text, re.M)]


def _tautology(formula):
    """Whether a formula without spaces, its binary operations in parentheses, holds whatever its symbols are."""
    symbols = sorted(set(re.findall(r"[A-Z]", formula)))
    everything = (1 << 2 ** len(symbols)) - 1
    column = {s: sum(1 << row for row in range(2 ** len(symbols)) if row >> i & 1) for i, s in enumerate(symbols)}
    chars = iter(formula)

    def value():
        char = next(chars)
        if char == "¬":
            return everything ^ value()
        if char != "(":
            return column[char]
        left, op, right = value(), next(chars), value()
        next(chars)
        table = {"∧": left & right, "∨": left | right, "→": everything ^ left | right, "↔": everything ^ left ^ right}
        return table[op]

    return value() == everything


class PropositionalLogic(GymTask):
    name, category = "propositional_logic", "logic"
    pattern = re.compile(r"^The following question is a propositional logic reasoning question\.")
    hard = {
        "min_vars": 4, "max_vars": 8, "min_statements": 4, "max_statements": 8,
        "min_complexity": 2, "max_complexity": 4,
    }  # fmt: skip

    def params(self, difficulty, rng):
        size = 2 + round(2 * difficulty)
        wide = size + round(4 * difficulty)
        low = 1 + round(difficulty)
        return {
            "min_vars": size, "max_vars": wide, "min_statements": size, "max_statements": wide,
            "min_complexity": low, "max_complexity": 2 + round(2 * difficulty),
        }  # fmt: skip

    def generate(self, seed, index, level):
        problem = super().generate(seed, index, level)
        while not isinstance(level, str) and all(map(_tautology, _premises(problem.text))):
            seed += 1_000_003
            problem = super().generate(seed, index, level)
        return problem.model_copy(update={"answer": self.expert(problem).answer})

    def expert(self, problem: Problem) -> Solution:
        premises = _premises(problem.text)
        order = sorted(range(len(premises)), key=lambda i: (_tautology(premises[i]), len(premises[i]), i))
        first = order[0]
        second = next((i for i in order if premises[i] != premises[first]), order[-1])
        first, second = sorted((first, second))
        lines = [f"{i + 1}:{premises[i]}" for i in (first, second)]
        return Solution.of(lines, f"({premises[first]}∧{premises[second]})")

    def check(self, text, previous, step):
        number, colon, formula = step.partition(":")
        if not colon or not number.isdigit():
            return None
        return _premises(text)[int(number) - 1 : int(number)] == [formula]

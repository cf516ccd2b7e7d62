"""string_insertion: insert a letter after each four letters that follow each other in the cycle A B C D E.

The letter inserted is the first of the four. The path copies the string; where four letters of the line
complete such a substring, `+` and the letter inserted follow and a new line begins, so that the search never
looks back past an insertion. The answer is the lines without `+`. For practice problems (not easy, not hard)
half are drawn again, up to 39 times, until they hold an insertion: these are rare in short strings. Does not
cover other rules than the five of the task.
"""

import random
import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_RULE = re.compile("ABCD|BCDE|CDEA|DEAB|EABC")


def _segment(string):
    """The first line for this string and the part of the string behind it."""
    found = _RULE.search(string)
    return (string[: found.end()] + "+" + found[0][0], string[found.end() :]) if found else (string, "")


class StringInsertion(GymTask):
    name, category = "string_insertion", "algorithmic"
    pattern = re.compile(r"your job is to insert a character according to the following pattern:")
    hard = {"min_string_length": 50, "max_string_length": 100}

    def params(self, difficulty, rng):
        top = round(6 * (100 / 6) ** difficulty)
        return {"min_string_length": max(5, top // 2), "max_string_length": top}

    def generate(self, seed, index, level):
        problem = super().generate(seed, index, level)
        if isinstance(level, str) or random.Random(f"{seed}/{index}").random() < 0.5:
            return problem
        for k in range(1, 40):
            if _RULE.search(self._string(problem.text)):
                break
            problem = super().generate(seed + 1_000_003 * k, index, level)
        return problem.model_copy(update={"seed": seed})

    def _string(self, text):
        return text.rpartition(":")[2].strip()

    def expert(self, problem: Problem) -> Solution:
        rest, lines = self._string(problem.text), []
        while rest:
            line, rest = _segment(rest)
            lines.append(line)
        return Solution.of(lines, "".join(lines).replace("+", ""))

    def check(self, text, previous, step):
        done = sum(len(line.partition("+")[0]) for line in previous)
        rest = self._string(text)[done:]
        return bool(rest) and step == _segment(rest)[0]

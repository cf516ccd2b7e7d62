"""needle_haystack: who, of many people in many short statements, loves or hates one thing.

The first line copies what is asked (` basks in watering the garden.`); then the statements are copied, a line each,
up to the one that ends so: its first word is the answer. To begin with that name, it would have to be found by what
follows it. Where a verb stands twice in the library's list, two people may fit the same question and its gold answer
is either one of them (below 1% of hard problems); the path takes the first. Covers names of one word, which all names
are.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import is_next
from microreason.tasks.base import GymTask


def _read(text):
    """The lines: what is asked, as a statement ends with it, and the statements up to the first that fits."""
    statements, _, question = text.rpartition("\nWho ")
    asked = f" {question.partition('?')[0]}."
    lines = [asked]
    for statement in re.findall(r"[^.]+\.", statements):
        lines.append(f" {statement.strip()}")
        if lines[-1].endswith(asked) and lines[-1].count(" ") == asked.count(" ") + 1:
            return lines
    raise ValueError("no statement fits")


class NeedleHaystack(GymTask):
    name, category, exact = "needle_haystack", "cognition", False
    spaced = named = True
    pattern = re.compile(r"\nWho [^\n?]+\? Reply only with a name\.$")
    hard = {"min_num_statements": 100, "max_num_statements": 500}

    def params(self, difficulty, rng):
        top = round(3 * (500 / 3) ** difficulty)
        return {"min_num_statements": max(1, top // 5), "max_num_statements": top}

    def expert(self, problem: Problem) -> Solution:
        lines = _read(problem.text)
        return Solution.of(lines, lines[-1].split()[0])

    def check(self, text, previous, step):
        return is_next(_read(text), previous, step)

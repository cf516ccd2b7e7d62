"""needle_haystack: who, of many people in many short statements, loves or hates one thing.

The first line copies what is asked (` basks in watering the garden.`); the second is the statement that ends so,
and its first word is the answer. Where a verb stands twice in the library's list, two people may fit the same
question and its gold answer is either one of them (below 1% of hard problems); the path takes the first.
Covers names of one word, which all names are.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask


def _read(text):
    """What is asked, as a statement ends with it, and the names of all that fit."""
    asked = re.search(r"\nWho ([^\n?]+)\?", text)[1]
    return f" {asked}.", re.findall(rf"(?:^|\. )(\S+) {re.escape(asked)}\.", text)


class NeedleHaystack(GymTask):
    name, category, exact = "needle_haystack", "cognition", False
    spaced = named = True
    pattern = re.compile(r"\nWho [^\n?]+\? Reply only with a name\.$")
    hard = {"min_num_statements": 100, "max_num_statements": 500}

    def params(self, difficulty, rng):
        top = round(3 * (500 / 3) ** difficulty)
        return {"min_num_statements": max(1, top // 5), "max_num_statements": top}

    def expert(self, problem: Problem) -> Solution:
        asked, names = _read(problem.text)
        return Solution.of([asked, f" {names[0]}{asked}"], names[0])

    def check(self, text, previous, step):
        asked, names = _read(text)
        return step in ([f" {name}{asked}" for name in names] if previous else [asked])

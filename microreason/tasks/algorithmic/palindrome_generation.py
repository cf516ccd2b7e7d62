"""palindrome_generation: put given letters into an order that reads the same both ways.

The letters are read in order, ten a line, each with how often it came so far. Then a line for each letter
that occurs, in alphabetical order: its count and, as capitals, half as many of it; `+` marks an odd count.
The answer is these capitals, the letter marked by `+`, and the capitals backward: capitals, as each is one
token and the grader does not tell them from small letters. Covers small letters that can form a palindrome.
"""

import re
from collections import Counter

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_ITEM = re.compile(r" [a-z]\d+")


def _tally(letters):
    seen, items = Counter(), []
    for letter in letters:
        seen[letter] += 1
        items.append(f" {letter}{seen[letter]}")
    halves = [f" {c}{n}{c.upper() * (n // 2)}{'+' * (n % 2)}" for c, n in sorted(seen.items())]
    return items, halves


class PalindromeGeneration(GymTask):
    name, category = "palindrome_generation", "algorithmic"
    pattern = re.compile(r"^Your task is, given a list of letters, to form a valid palindrome\.")
    hard = {"min_length": 50, "max_length": 100}

    def params(self, difficulty, rng):
        top = round(3 * (100 / 3) ** difficulty)
        return {"min_length": max(1, top // 2), "max_length": top}

    def _letters(self, text):
        return text.rpartition("following letters:")[2].strip().split(", ")

    def expert(self, problem: Problem) -> Solution:
        items, halves = _tally(self._letters(problem.text))
        half = "".join(re.findall("[A-Z]", "".join(halves)))
        middle = "".join(line[1].upper() for line in halves if line[-1] == "+")
        rows = ["".join(items[i : i + 10]) for i in range(0, len(items), 10)]
        return Solution.of(rows + halves, half + middle + half[::-1])

    def check(self, text, previous, step):
        items, halves = _tally(self._letters(text))
        start = sum(len(_ITEM.findall(line)) for line in previous)
        if start >= len(items):
            written = sum(line in halves for line in previous)
            return written < len(halves) and step == halves[written]
        found = _ITEM.findall(step)
        return "".join(found) == step and found == items[start : start + len(found)]

"""letter_counting: how often a letter appears in a text.

One line spells one word, in small letters; after each letter that is the one asked for stands the total so
far. Reads words separated by spaces; does not keep capitals apart, as the task does not.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import is_next
from microreason.tasks.base import GymTask


def _rows(letter, words):
    """One spelled line a word, and the total."""
    rows, total = [], 0
    for word in words:
        row = ""
        for c in word.lower():
            total += c == letter
            row += f" {c}{total}" if c == letter else f" {c}"
        rows.append(row)
    return rows, total


class LetterCounting(GymTask):
    name, category = "letter_counting", "algorithmic"
    pattern = re.compile(r'^How many times does the letter "(.)" appear in the text: "([^"]*)"\?')
    hard = {"min_words": 25, "max_words": 50}

    def params(self, difficulty, rng):
        top = round(2 * 25**difficulty)
        return {"min_words": max(1, top // 2), "max_words": top}

    def _rows(self, text):
        found = self.pattern.search(text)
        return _rows(found[1].lower(), found[2].split())

    def expert(self, problem: Problem) -> Solution:
        return Solution.of(*self._rows(problem.text))

    def check(self, text, previous, step):
        rows, _ = self._rows(text)
        return is_next(rows, previous, step)

"""word_sequence_reversal: a list of words in reverse order.

The words are numbered from 0, one ten to a line, then gone through by falling numbers: each word is looked up
by its number, so that repeated words cannot mislead. The answer is the second list without numbers.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import is_next
from microreason.tasks.base import GymTask


def _rows(words):
    """The numbered words, a line for each ten, forward and then backward."""
    items = [f"{i} {word}" + " " * word[-1:].isdigit() for i, word in enumerate(words)]
    tens = [items[k : k + 10] for k in range(0, len(items), 10)]
    return ["".join(row).rstrip() for row in tens + [row[::-1] for row in tens[::-1]]]


class WordSequenceReversal(GymTask):
    name, category = "word_sequence_reversal", "algorithmic"
    spaced = named = True
    pattern = re.compile(r"^Solve the following problem\.\n\nProvide you answer as a comma-separated list")
    hard = {"min_words": 25, "max_words": 50}

    def params(self, difficulty, rng):
        top = round(3 * (50 / 3) ** difficulty)
        return {"min_words": max(2, top // 2), "max_words": top}

    def _words(self, text):
        return text.partition("Reverse this list of words:")[2].strip().split(", ")

    def expert(self, problem: Problem) -> Solution:
        words = self._words(problem.text)
        return Solution.of(_rows(words), ", ".join(words[::-1]))

    def check(self, text, previous, step):
        rows = _rows(self._words(text))
        return is_next(rows, previous, step)

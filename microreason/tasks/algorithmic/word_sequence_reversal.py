"""word_sequence_reversal: a list of words in reverse order.

The words are numbered from 0, ten to a line, then gone through by falling numbers: each word is looked up by its
number, so that repeated words cannot mislead. The answer is the second list without numbers.
"""

import re

from microreason.tasks.base import GymTask

_ITEM = re.compile(r"(\d+) ([^ ]*[^ \d]|\d+?(?=\d+ |$))(?=\d+ |$)")


def _rows(items):
    return ["".join(f"{i} {word}" for i, word in items[k : k + 10]) for k in range(0, len(items), 10)]


class WordSequenceReversal(GymTask):
    name, category = "word_sequence_reversal", "algorithmic"
    pattern = re.compile(r"^Solve the following problem\.\n\nProvide you answer as a comma-separated list of words with")
    hard = {"min_words": 25, "max_words": 50}

    def params(self, difficulty, rng):
        top = round(3 * (50 / 3) ** difficulty)
        return {"min_words": max(2, top // 2), "max_words": top}

    def _words(self, text):
        return text.partition("Reverse this list of words:")[2].strip().split(", ")

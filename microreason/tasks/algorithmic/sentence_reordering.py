"""sentence_reordering: put the words of a sentence in order.

One line a word: the word that comes next and, after `|`, the words that are still left, in the order of the question
(` Wilkins| makes examination. another`). A word that occurs more than once is taken with all its copies where it
first comes (` the the| ...`), because the library's own answers sort the copies together, even where the sentence
does not. Which word comes next is knowledge that no line derives: all sentences come from one book of the
library, which expert and checker read to name it. Covers sentences of that book only.
"""

import re
from functools import lru_cache
from importlib.resources import files

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import is_next
from microreason.tasks.base import GymTask


@lru_cache(maxsize=1)
def _book():
    """Each sentence's words in order, by its sorted words."""
    text = files("reasoning_gym.data").joinpath("in_the_year_2889.txt").read_text("utf-8")
    sentences = (found.split() for found in re.findall(r"[^.!?]+[.!?]", text))
    return {tuple(sorted(words)): words for words in sentences}


def _rows(text):
    """The lines, and the words in order."""
    left, lines, out = text.partition("sentence: ")[2].split(), [], []
    for word in dict.fromkeys(_book()[tuple(sorted(left))]):
        copies = [word] * left.count(word)
        left = [w for w in left if w != word]
        out += copies
        lines.append("".join(f" {w}" for w in copies) + "|" + "".join(f" {w}" for w in left))
    return lines, out


class SentenceReordering(GymTask):
    name, category, unexplained = "sentence_reordering", "algorithmic", True
    spaced = True
    pattern = re.compile(r"^Restore the correct order of words in the following sentence: ")
    hard = {"min_words_in_sentence": 20, "max_words_in_sentence": 50}

    def params(self, difficulty, rng):
        difficulty = round(difficulty, 1)  # few different values: each loads the book once
        top = round(5 * 10**difficulty)
        return {"min_words_in_sentence": max(3, round(0.4 * top)), "max_words_in_sentence": top}

    def expert(self, problem: Problem) -> Solution:
        lines, words = _rows(problem.text)
        return Solution.of(lines, " ".join(words))

    def check(self, text, previous, step):
        lines, _ = _rows(text)
        return is_next(lines, previous, step)

"""letter_jumble: unscramble the letters of each word of a passage.

One line a word: its letters as given, after `=` the same letters in alphabetical order as capitals, then the
word that has these letters (` o e r f=EFOR= fore`). Words with the same letters (on, no) are told apart by the
passage. Which word has which letters is knowledge that no line derives: the passages all come from one book of
the library, which expert and checker read to name the words. Covers passages of that book only.
"""

import re
from functools import lru_cache
from importlib.resources import files

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import is_next
from microreason.tasks.base import GymTask


@lru_cache(maxsize=1)
def _book():
    text = files("reasoning_gym.data").joinpath("in_the_year_2889.txt").read_text("utf-8")
    return [(word, sorted(word)) for word in re.findall(r"\b\w+\b", text) if word.isalpha()]


@lru_cache(maxsize=64)
def _rows(text):
    """The lines, and the words; only words of fitting length count, as the generator may leave others out."""
    jumbled = text.rpartition(":")[2].split()
    keys = [sorted(word) for word in jumbled]
    lengths = range(min(map(len, keys)), max(map(len, keys)) + 1)
    book = [entry for entry in _book() if len(entry[0]) in lengths]
    for i in range(len(book) - len(keys) + 1):
        if all(book[i + k][1] == key for k, key in enumerate(keys)):
            words = [word for word, _ in book[i : i + len(keys)]]
            break
    spelled = ("".join(f" {c}" for c in word) for word in jumbled)
    letters = ("".join(sorted(word.upper())) for word in jumbled)
    return [f"{s}={k}= {w}" for s, k, w in zip(spelled, letters, words, strict=True)], words


class LetterJumble(GymTask):
    name, category = "letter_jumble", "algorithmic"
    spaced = True
    pattern = re.compile(r"^Your task is to unsramble words in a sentence\.")
    hard = {
        "min_word_len": 5, "max_word_len": 30, "min_words": 25, "max_words": 50,
        "min_corruption_level": 0.3, "max_corruption_level": 0.6,
    }  # fmt: skip

    def params(self, difficulty, rng):
        difficulty = round(difficulty, 1)  # few different values: each loads the book once
        top = round(2 * 25**difficulty)
        return {
            "min_word_len": 5 if rng.random() < difficulty / 2 else 1,
            "max_word_len": 5 + round(25 * difficulty), "min_words": max(1, top // 4), "max_words": top,
            "min_corruption_level": 0.1, "max_corruption_level": round(0.1 + 0.8 * difficulty, 2),
        }  # fmt: skip

    def expert(self, problem: Problem) -> Solution:
        lines, words = _rows(problem.text)
        return Solution.of(lines, " ".join(words))

    def check(self, text, previous, step):
        lines, _ = _rows(text)
        return is_next(lines, previous, step)

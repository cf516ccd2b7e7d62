"""spell_backward: a word with its letters in reverse order.

The first line spells the word with the place of each letter before it, from 0; the second goes through the
places downwards, so that each letter is looked up by its place. The answer is the second line without the
places, in capitals: the grader does not tell capitals from small letters, and a capital is always one token,
where small letters without spaces would be joined into pieces that hide them. From the eleventh letter on
only the last digit of a place is written. Does not keep the case of the word.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask


def _lines(word):
    """The spelling forward and backward, places and letters."""
    items = [f"{i % 10} {letter}" for i, letter in enumerate(word.lower())]
    return ["".join(items), "".join(items[::-1])]


class SpellBackward(GymTask):
    name, category = "spell_backward", "algorithmic"
    pattern = re.compile(r"^Spell this word backward \(example: sun -> nus\): ")
    hard = {"min_word_len": 5, "max_word_len": 20}

    def params(self, difficulty, rng):
        return {"min_word_len": round(3 + 2 * difficulty), "max_word_len": round(3 + 9 * difficulty)}

    def _word(self, text):
        return text.partition("): ")[2].strip()

    def expert(self, problem: Problem) -> Solution:
        word = self._word(problem.text)
        return Solution.of(_lines(word), word[::-1].upper())

    def check(self, text, previous, step):
        return len(previous) < 2 and step == _lines(self._word(text))[len(previous)]

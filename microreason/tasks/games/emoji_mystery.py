"""emoji_mystery: a sentence hidden in the variation selectors behind an emoji.

One line a word: each selector followed by the letter that it stands for. The answer is written a letter a token.
A first selector 15 is part of the emoji itself: it asks for colour. Does not cover letters of more than one byte
beyond giving all their selectors first.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import is_next
from microreason.tasks.base import GymTask

_SELECTORS = "[\ufe00-\ufe0f\U000e0100-\U000e01ef]+"
_HIDDEN = re.compile("\ufe0f?(" + _SELECTORS + ")")


def _byte(selector):
    point = ord(selector)
    return point - 0xFE00 if point < 0xFE10 else point - 0xE0100 + 16


def _lines(selectors):
    """One line a word, and the text; selectors of one letter stand before it."""
    lines, line, letter = [], "", b""
    text = bytes(map(_byte, selectors)).decode("utf-8", "replace")
    run = ""
    for s in selectors:
        run, letter = run + s, letter + bytes([_byte(s)])
        try:
            char = letter.decode()
        except UnicodeDecodeError:
            continue
        if char == " ":
            lines.append(line)
            line = ""
        else:
            line += run + char
        run, letter = "", b""
    return [w for w in [*lines, line] if w], text


class EmojiMystery(GymTask):
    name, category = "emoji_mystery", "games"
    pattern = re.compile("^The following emoji is encoded with a sentence\\.\n")
    hard = {"min_words_in_sentence": 10, "max_words_in_sentence": 30}
    spelled = True

    def params(self, difficulty, rng):
        low = 3 + round(7 * difficulty)
        return {"min_words_in_sentence": low, "max_words_in_sentence": low + 2 + round(18 * difficulty)}

    def expert(self, problem: Problem) -> Solution:
        lines, text = _lines(_HIDDEN.search(problem.text)[1])
        return Solution.of(lines, text)

    def check(self, text, previous, step):
        if not re.match(_SELECTORS, step):
            return None
        lines, _ = _lines(_HIDDEN.search(text)[1])
        return is_next(lines, previous, step)

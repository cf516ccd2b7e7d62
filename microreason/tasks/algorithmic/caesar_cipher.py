"""caesar_cipher: a text in which every letter is moved by the same distance in the alphabet.

The first lines move the first letters of the text on, all by one, until they read like English. Then one line holds
the alphabet in pairs of cipher letter and plain letter, and one line a word follows in such pairs. The answer is
written a letter a token. How to know English is not written down; the expert weighs letters and common words.
Does not cover letters outside A to Z (one word of the library's source has one, which cannot be recovered).
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_COMMON = dict(zip("ETAOINSHRDLCUMWFGYPBVKJXQZ", map(int, "87777766666555555554431100"), strict=True))
_WORDS = re.findall(
    r"\w+",
    "THE OF TO A I IN AND YOU IS OR WITH FOR THAT THIS NOT BY ARE IT BE AT HE ALL WAS ANY AS HIS FROM WHICH DO HAVE IF "
    "WILL OUR WE ON AN THEY ONE YOUR MUST BUT MAY THESE HAS CAN NO THEIR WHAT SHE HER MY SO UP LET SIR MR FEW",
)


def _move(letters, by=1):
    return "".join(chr((ord(c) - 65 + by) % 26 + 65) if "A" <= c <= "Z" else c for c in letters)


def _english(text):
    """The plain text, moved by the distance under which most reads like English."""

    def score(plain):
        return sum(2 * len(w) * (w in _WORDS) for w in plain.split()) + sum(_COMMON.get(c, 0) for c in plain)

    return max((_move(text, k) for k in range(1, 26)), key=score)


def _head(text):
    """The letters that are tried: whole words until there are three letters, but at most five."""
    letters = ""
    for word in text.split():
        letters += word if len(letters) < 3 else ""
    return letters[:5]


def _spell(letters):
    return "".join(f" {c}" for c in letters.lower())


def _pairs(cipher, plain):
    return "".join(f" {c} {p.lower()}" for c, p in zip(cipher, plain, strict=True))


class CaesarCipher(GymTask):
    name, category = "caesar_cipher", "algorithmic"
    pattern = re.compile(r"^Decrypt this Caesar cipher text: (.*)\. Provide only")
    hard = {"min_rotation": 15, "max_rotation": 25, "min_words": 15, "max_words": 25}
    spelled = True

    def params(self, difficulty, rng):
        words = round(4 + 21 * difficulty**1.5)
        return {"delimiter": "." if rng.random() < difficulty else ",",
                "min_words": max(3, round(0.6 * words)), "max_words": words,
                "min_rotation": round(24 - 14 * difficulty) if rng.random() < 0.8 else 1,
                "max_rotation": 25}  # fmt: skip

    def expert(self, problem: Problem) -> Solution:
        text = self.pattern.search(problem.text)[1]
        plain = _english(text)
        tried, end = _head(text), _head(plain)
        lines = [_spell(tried)]
        while tried != end:
            tried = _move(tried)
            lines.append(_spell(tried))
        by = (ord(plain[0]) - ord(text[0])) % 26
        alphabet = "".join(_move(text[0], k) for k in range(26))
        lines.append(_pairs(alphabet, _move(alphabet, by)))
        lines += [_pairs(word, _move(word, by)) for word in text.split()]
        return Solution.of(lines, plain)

    def check(self, text, previous, step):
        text = self.pattern.search(text)[1]
        if re.fullmatch(r"( [a-z])+", step):
            tried = [line for line in previous if line.islower()]
            letters = _move(tried[-1].replace(" ", "").upper()) if tried else _head(text)
            return len(tried) == len(previous) and step == _spell(letters)
        if not re.fullmatch(r"( [A-Z] [a-z])+", step):
            return None
        tried = [line for line in previous if line.islower()]
        if not tried:
            return False
        row = len(previous) - len(tried)
        if not row:
            by = (ord(tried[-1][1].upper()) - ord(text[0])) % 26
            cipher = "".join(_move(text[0], k) for k in range(26))
        else:
            table = previous[len(tried)].split()
            by = (ord(table[1].upper()) - ord(table[0])) % 26
            cipher = (text.split()[row - 1 :] or [""])[0]
        return step == _pairs(cipher, _move(cipher, by))

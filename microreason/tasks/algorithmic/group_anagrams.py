"""group_anagrams: put words with the same letters together.

One line a word, in the order of the list: the word, its letters, after `=` the letters in alphabetical order
as capitals, and the number of its group: that of an earlier line with the same capitals, or else the next
new number (`"tan t a n=ANT2`). The answer writes the groups by their numbers. Covers words of small letters.
"""

import json
import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_LINE = re.compile(r'"\w+(?: \w)+=([A-Z]+)(\d+)')


def _line(word, known):
    """The line of a word; `known` is the number of each group's letters."""
    letters = "".join(sorted(word)).upper()
    number = known.get(letters, max(known.values(), default=0) + 1)
    return f'"{word}{"".join(f" {c}" for c in word)}={letters}{number}'


def _known(lines):
    return {found[1]: int(found[2]) for line in lines if (found := _LINE.fullmatch(line))}


class GroupAnagrams(GymTask):
    name, category = "group_anagrams", "algorithmic"
    pattern = re.compile(r"Group the following list of words into anagrams:\n(\[.*\])")
    hard = {
        "min_anagram_groups": 10, "max_anagram_groups": 50, "min_words_per_group": 2, "max_words_per_group": 5,
    }  # fmt: skip

    def params(self, difficulty, rng):
        step = round(4 * difficulty)  # few different values: each loads the library's 8 MB of anagrams once
        top = (2, 4, 10, 20, 50)[step]
        return {
            "min_anagram_groups": max(2, top // 5), "max_anagram_groups": top,
            "min_words_per_group": 2, "max_words_per_group": (2, 3, 4, 5, 5)[step],
        }  # fmt: skip

    def expert(self, problem: Problem) -> Solution:
        words, lines, known, groups = json.loads(self.pattern.search(problem.text)[1]), [], {}, {}
        for word in words:
            lines.append(_line(word, known))
            known |= _known(lines[-1:])
            groups.setdefault(_LINE.fullmatch(lines[-1])[2], []).append(word)
        return Solution.of(lines, json.dumps(list(groups.values())))

    def check(self, text, previous, step):
        words = json.loads(self.pattern.search(text)[1])
        return len(previous) < len(words) and step == _line(words[len(previous)], _known(previous))

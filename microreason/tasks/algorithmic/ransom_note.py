"""ransom_note: whether the letters of a magazine suffice for a note.

Lines with `+` read the note: each letter with how many of it the note holds so far. Lines with `-` read the
magazine: each letter that is still needed with how many are needed after it, other letters bare. The last
line, with `=`, goes through the letters of the note in the order they first came, with what is still needed
of each, to the first that is not 0. All letters are read, so the longest hard problems exceed 1000 tokens.
Covers small letters only.
"""

import re
from collections import Counter

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_ITEM = re.compile(r" [a-z]\d*")


def _items(note, magazine):
    """The items of the three kinds of line."""
    need, plus, minus, rest = Counter(), [], [], []
    for letter in note:
        need[letter] += 1
        plus.append(f" {letter}{need[letter]}")
    for letter in magazine:
        wanted = need[letter] > 0
        need[letter] -= wanted
        minus.append(f" {letter}{need[letter] if wanted else ''}")
    for letter in dict.fromkeys(note):
        rest.append(f" {letter}{need[letter]}")
        if need[letter]:
            break
    return {"+": plus, "-": minus, "=": rest}


class RansomNote(GymTask):
    name, category = "ransom_note", "algorithmic"
    pattern = re.compile(r"^Given two strings representing a ransom note and a magazine, return True")
    hard = {
        "min_note_length": 50, "max_note_length": 100, "min_magazine_length": 100, "max_magazine_length": 500,
    }  # fmt: skip

    def params(self, difficulty, rng):
        note, magazine = round(2 * 50**difficulty), round(4 * 125**difficulty)
        return {
            "min_note_length": max(1, note // 2), "max_note_length": note,
            "min_magazine_length": max(2, magazine // 5), "max_magazine_length": magazine,
        }  # fmt: skip

    def _strings(self, text):
        found = re.search(r"Ransom note: ?(.*)\nMagazine: ?(.*)", text)
        return found[1].strip(), found[2].strip()

    def expert(self, problem: Problem) -> Solution:
        items = _items(*self._strings(problem.text))
        rows = [(sign, row[i : i + 20]) for sign, row in items.items() for i in range(0, len(row), 20)]
        return Solution.of([sign + "".join(row) for sign, row in rows], items["="][-1][2:] == "0")

    def check(self, text, previous, step):
        items = _items(*self._strings(text))
        sign, found = step[0], _ITEM.findall(step)
        if sign not in items or sign + "".join(found) != step:
            return False
        done = Counter()
        for line in previous:
            done[line[0]] += len(_ITEM.findall(line))
        if any(done[earlier] < len(items[earlier]) for earlier in "+-="[: "+-=".index(sign)]):
            return False
        return found == items[sign][done[sign] : done[sign] + len(found)]

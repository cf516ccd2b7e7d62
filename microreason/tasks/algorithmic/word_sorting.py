"""word_sorting: words in ascending or descending ASCII order.

First a line for every word in the order given, after its first letter, or after the last word before it with that
letter: ` s: seats`, ` seats: seated`. Then the alphabet is walked in the order asked for, and a line ends with each
letter that words begin with: ` t u v w:`, those words one after another, after `;` the word before these in the
sorted list (none at first), after a comma each these words in order, so that any two neighbours of the answer stand
on one line: `g h i j k l m: makes; front, makes`. Where a letter has several words, each is followed by its next two
letters, or by as many more as it takes to differ from those before it on the line. The last line is the rest of the
alphabet. Capitals and digits are walked where any word begins with one. What is not spelled out: comparing letters
within a line.
"""

import re
import string

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import is_next
from microreason.tasks.base import GymTask


def _tagged(word, earlier):
    """The word and, spelled, its second letter and those after it up to one that no earlier word shares."""
    end = 3
    while end < len(word) and any(other.startswith(word[:end]) for other in earlier):
        end += 1
    return " " + " ".join([word, *word[1:end]])


def _alphabet(words, descending):
    """What the first letters are looked for in."""
    letters = {word[0] for word in words}
    for kind in (string.digits, string.ascii_uppercase, string.ascii_lowercase):
        if letters & set(kind):
            letters |= set(kind)
    return sorted(letters, reverse=descending)


def _paths(words, descending):
    """The lines, and the words in order."""
    groups, lines, out, passed = {}, [], [], ""
    for word in words:
        group = groups.setdefault(word[0], [])
        lines.append(f" {group[-1] if group else word[0]}: {word}")
        group.append(word)
    for letter in _alphabet(words, descending):
        passed += f" {letter}"
        if group := groups.get(letter):
            tagged = [_tagged(word, group[:i]) for i, word in enumerate(group)] if len(group) > 1 else [f" {group[0]}"]
            group.sort(reverse=descending)
            neighbours = "".join(f", {word}" for word in group)
            lines.append(f"{passed}:{''.join(tagged)};" + "".join(f" {word}" for word in out[-1:]) + neighbours)
            out += group
            passed = ""
    return lines + [passed] * bool(passed), out


class WordSorting(GymTask):
    name, category = "word_sorting", "algorithmic"
    spaced = True
    pattern = re.compile(r"^Your task is to sort words in ascending or descending order using ASCII")
    hard = {"min_words": 25, "max_words": 50, "min_word_length": 5, "max_word_length": 10}

    def params(self, difficulty, rng):
        top = round(3 * (50 / 3) ** difficulty)
        return {
            "min_words": max(2, top // 2), "max_words": top,
            "min_word_length": round(3 + 2 * difficulty), "max_word_length": round(5 + 5 * difficulty),
        }  # fmt: skip

    def _read(self, text):
        found = re.search(r"sort these words in (\w+) order .*?list: (.*)", text)
        return found[2].strip().split(", "), found[1] == "descending"

    def expert(self, problem: Problem) -> Solution:
        lines, words = _paths(*self._read(problem.text))
        return Solution.of(lines, ", ".join(words))

    def check(self, text, previous, step):
        lines, _ = _paths(*self._read(text))
        return is_next(lines, previous, step)

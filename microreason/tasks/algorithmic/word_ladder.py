"""word_ladder: turn a word into another by changing one letter at a time, every step an English word.

Each word that can be reached from others has one next word on its way to a hub, the word with most neighbours. The
path walks from the first word to the hub, then from the last word until it meets that walk: the word, then one line
a change, the place and the new letter and the word they make (`2A MASH`). The answer goes up the first walk to
where they meet and down the second. It need not be the shortest, which nobody asks for. Which words there are is
knowledge that no line derives: expert and checker read the library's list of words of 3 to 5 letters.
"""

import copy
import csv
import re
from collections import defaultdict
from functools import lru_cache
from importlib.resources import files

from microreason.errors import UnknownTask
from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask, _dataset


@lru_cache(maxsize=3)
def _nearer(size):
    """For each word of this many letters, its neighbours one step nearer to the hub, the best connected first."""
    with files("reasoning_gym.data").joinpath("words.csv").open(encoding="utf-8") as file:
        words = sorted({row[f"{size}_letter"].upper() for row in csv.DictReader(file)} - {""})
    alike = defaultdict(list)
    for word in words:
        for i in range(size):
            alike[word[:i] + "_" + word[i + 1 :]].append(word)
    near = {w: [v for i in range(size) for v in alike[w[:i] + "_" + w[i + 1 :]] if v != w] for w in words}
    far = {}
    for hub in sorted(words, key=lambda w: -len(near[w])):
        row = [] if hub in far else [hub]
        far.setdefault(hub, 0)
        for word in row:  # grows while it is read
            new = [v for v in near[word] if v not in far]
            far |= dict.fromkeys(new, far[word] + 1)
            row += new
    order = {w: (-len(near[w]), w) for w in words}
    return {w: sorted((v for v in near[w] if far[v] < far[w]), key=order.__getitem__) for w in words}


def _line(before, after):
    place = next(i for i in range(len(before)) if before[i] != after[i])
    return f"{place + 1}{after[place]} {after}"


def _walk(word, stop, nearer):
    words = [word]
    while words[-1] not in stop and nearer[words[-1]]:
        words.append(nearer[words[-1]][0])
    return words


class WordLadder(GymTask):
    name, category = "word_ladder", "algorithmic"
    pattern = re.compile(r"^Transform the word ladder '([A-Z]+)' to '([A-Z]+)' by changing one letter at a time\.")
    hard = {"min_word_length": 3, "max_word_length": 5}

    def params(self, difficulty, rng):
        return {"min_word_length": 3, "max_word_length": 3 + (difficulty >= 0.3) + (difficulty >= 0.6)}

    def generate(self, seed, index, level):
        """The library allows 20,000 items only; but the sum of seed and number alone decides which is drawn."""
        if not (level in ("easy", "hard") or (isinstance(level, float | int) and 0 <= level <= 1)):
            raise UnknownTask(f"Level {level!r} is unknown: use easy, hard or a number from 0 to 1.")
        params = {"easy": {}, "hard": self.hard}[level] if isinstance(level, str) else self.params(level, None)
        data = copy.copy(_dataset(self.name, 0, 1, tuple(params.items())))
        data.seed = seed + index
        item = data[0]
        return Problem(
            text=item["question"], task=self.name, level=level, seed=seed, index=index, answer=item["answer"],
            data={"metadata": item["metadata"], "params": params, "gold": item["answer"]},
        )  # fmt: skip

    def grade(self, problem, answer):
        """The library's default grader knows words of four letters only."""
        entry = {"answer": problem.answer, "metadata": problem.data["metadata"]}
        return float(_dataset(self.name, 0, 1, tuple(self.hard.items())).score_answer(answer, entry))

    def expert(self, problem: Problem) -> Solution:
        start, end = self.pattern.search(problem.text).groups()
        nearer = _nearer(len(start))
        up = _walk(start, (), nearer)
        down = _walk(end, up, nearer)
        lines = [row for walk in (up, down) for row in (walk[0], *map(_line, walk, walk[1:]))]
        return Solution.of(lines, ",".join(up[: up.index(down[-1])] + down[::-1]))

    def check(self, text, previous, step):
        start, end = self.pattern.search(text).groups()
        nearer, words = _nearer(len(start)), [line.split()[-1] for line in previous]
        second = [i for i in range(1, len(words)) if previous[i] == words[i]]
        if not words:
            return step == start
        if not second and not nearer.get(words[-1], [""]):
            return step == end
        if second and words[-1] in words[: second[0]]:
            return False
        return step in [_line(words[-1], word) for word in nearer.get(words[-1], ())]

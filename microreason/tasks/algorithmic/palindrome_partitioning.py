"""palindrome_partitioning: all ways to cut a string into palindromes.

The first line spells the string and gives each place a capital (`A tB zC t`). Then every palindrome is grown from
its middle: the two ends, their letters, `=` where they are alike (` BC t t= AD z z=`), `/` where they differ. Then each
place lists where palindromes that start there may end (`A:AC`). Then come the partitions, each as the places
where its pieces end, from single letters on: the next one lengthens the last piece that has a longer choice and cuts
what follows into single letters. The answer writes the letters of each line's pieces.
The answer alone may exceed 5,000 characters (100 partitions and more). Covers strings of up to 26 letters.
"""

import re
from functools import lru_cache
from itertools import pairwise

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_PLACES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@lru_cache(maxsize=8)
def _study(string):
    """The lines before the partitions, and the places where pieces from each place may end."""
    size = len(string)
    lines = ["".join(f"{p} {c}" for p, c in zip(_PLACES, string, strict=False))]
    ends = {i: [i] for i in range(size)}
    for middle in range(1, 2 * size - 2):
        i, j = (middle - 1) // 2, middle // 2 + 1
        line = ""
        while i >= 0 and j < size and not line.endswith("/"):
            alike = string[i] == string[j]
            line += f" {_PLACES[i]}{_PLACES[j]} {string[i]} {string[j]}" + ("=" if alike else "/")
            if alike:
                ends[i].append(j)
            i, j = i - 1, j + 1
        lines.append(line)
    ends = {i: "".join(_PLACES[j] for j in sorted(row)) for i, row in ends.items()}
    return [*lines, *(f"{_PLACES[i]}:{row}" for i, row in ends.items())], ends


def _next(ends, cuts):
    """The partition after this one (None after the last one), both as the places where pieces end."""
    for k in range(len(cuts) - 1, -1, -1):
        start = _PLACES.index(cuts[k - 1]) + 1 if k else 0
        if longer := ends[start].partition(cuts[k])[2]:
            return cuts[:k] + longer[0] + _PLACES[_PLACES.index(longer[0]) + 1 : len(ends)]
    return None


class PalindromePartitioning(GymTask):
    name, category, spelled = "palindrome_partitioning", "algorithmic", True
    pattern = re.compile(r"^Given a string, partition it such that every substring is a palindrome\.")
    hard = {
        "min_string_len": 5, "max_string_len": 15,
        "min_substring_palindrome_len": 1, "max_substring_palindrome_len": 5,
    }  # fmt: skip

    def params(self, difficulty, rng):
        top = round(2 + 13 * difficulty)
        return {
            "min_string_len": max(1, top // 3), "max_string_len": top,
            "min_substring_palindrome_len": 1, "max_substring_palindrome_len": min(top, 3 + round(2 * difficulty)),
        }  # fmt: skip

    def _string(self, text):
        return text.rpartition(":")[2].strip()

    def expert(self, problem: Problem) -> Solution:
        string = self._string(problem.text)
        lines, ends = _study(string)
        cuts, parts, pieces = _PLACES[: len(string)], [], []
        while cuts:
            parts.append(cuts)
            at = [0, *(_PLACES.index(c) + 1 for c in cuts)]
            pieces.append(",".join(f'"{string[i:j]}"' for i, j in pairwise(at)))
            cuts = _next(ends, cuts)
        return Solution.of(lines + parts, "[" + ",".join(f"[{row}]" for row in pieces) + "]")

    def check(self, text, previous, step):
        string = self._string(text)
        lines, ends = _study(string)
        if len(previous) < len(lines):
            return step == lines[len(previous)]
        if len(previous) == len(lines):
            return step == _PLACES[: len(string)]
        before, start = previous[-1], 0
        for cut in before:
            if cut not in ends.get(start, ""):
                return None
            start = _PLACES.index(cut) + 1
        return start == len(string) and step == _next(ends, before)

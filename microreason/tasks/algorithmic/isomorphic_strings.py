"""isomorphic_strings: whether one string becomes the other when each letter is always replaced alike.

The strings are read together, five pairs of letters a line; the second string's letters are written as
capitals, so that the two cannot be confused. A letter met before is followed by what it stood for and by what
it stands for now (` dVV`); a new one by `-`, by what it stands for, and by that letter's earlier partner or
`-` for none (` d-V-`). The path ends at the first conflict (` dVX` or ` d-V q`). Does not cover strings of
anything but small letters.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_PAIR = re.compile(r" [a-z](?:-[A-Z](?:-| [a-z])|[A-Z][A-Z])")


def _pairs(s, t):
    """The pairs up to the first conflict, and whether there was one."""
    to, back, out = {}, {}, []
    for a, b in zip(s, t, strict=False):
        if a in to:
            out.append(f" {a}{to[a].upper()}{b.upper()}")
        else:
            out.append(f" {a}-{b.upper()}" + (f" {back[b]}" if b in back else "-"))
        if to.get(a, b) != b or back.get(b, a) != a:
            return out, True
        to[a], back[b] = b, a
    return out, len(s) != len(t)


class IsomorphicStrings(GymTask):
    name, category = "isomorphic_strings", "algorithmic"
    pattern = re.compile(r"Return True if the following two strings are isomorphic, or False otherwise:")
    hard = {"min_string_length": 50, "max_string_length": 100}

    def params(self, difficulty, rng):
        top = round(3 * (100 / 3) ** difficulty)
        return {"min_string_length": max(2, top // 2), "max_string_length": top}

    def _strings(self, text):
        return text.partition("False otherwise:")[2].split()[:2]

    def expert(self, problem: Problem) -> Solution:
        pairs, conflict = _pairs(*self._strings(problem.text))
        return Solution.of(["".join(pairs[i : i + 5]) for i in range(0, len(pairs), 5)], not conflict)

    def check(self, text, previous, step):
        pairs, _ = _pairs(*self._strings(text))
        found = _PAIR.findall(step)
        if "".join(found) != step:
            return False
        start = sum(len(_PAIR.findall(line)) for line in previous)
        return found == pairs[start : start + len(found)]

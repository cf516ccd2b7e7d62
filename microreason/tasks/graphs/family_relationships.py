"""family_relationships: what one member of a family is to another, in one word.

The path looks up parents and spouses in a fixed order (parents of the second, parents and spouse of the first,
then their grandparents, the spouse's parents) until the two meet; the last line names the kind of relation and the
person whose sex decides the word. As in the library, that person is the second one for niece, nephew and
in-laws ("How is Sarah related to Jayden?" "father-in-law" where Jayden is the father of her husband).
Does not cover names outside the library's list or relations that the library never asks for.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_FEMALE = """Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Emma Lisa Anna Margaret
Victoria Charlotte Sophia Isabella Olivia Ava Mia Emily Abigail Amelia Eleanor Grace Alice Lucy Chloe Sophie Lily
Hannah Zoe Luna Nova Aria Willow Aurora Sage River Winter Sky Rain""".split()  # noqa: SIM905
_WORDS = {
    "parent": ("mother", "father"), "child": ("daughter", "son"), "spouse": ("wife", "husband"),
    "sibling": ("sister", "brother"), "grandparent": ("grandmother", "grandfather"), "uncle": ("aunt", "uncle"),
    "nephew": ("niece", "nephew"), "inlaw": ("mother-in-law", "father-in-law"),
}  # fmt: skip
_ASKED = re.compile(r"(?:What is|How is|What relation is) (\w+) (?:related )?to (\w+)\?")
_COUPLE = re.compile(r"(\w+) is married to (\w+)\.(?: They have (?:a child|children) called ([^.]+)\.)?")


def _read(text):
    parents, spouse = {}, {}
    for a, b, children in _COUPLE.findall(text):
        spouse[a], spouse[b] = b, a
        for child in re.findall(r"[A-Z]\w*", children):
            parents[child] = (a, b)
    return parents, spouse, *_ASKED.search(text).groups()


def _looks(parents, spouse, a, b):
    """Each lookup (person, is it the parents?) with the kind of relation that its outcome proves, or None."""

    def up(person):
        return parents.get(person, ())

    yield b, True, "parent" if a in up(b) else None
    yield a, True, "child" if b in up(a) else "sibling" if up(a) and up(a) == up(b) else None
    yield a, False, "spouse" if spouse.get(a) == b else None
    for p in up(b):
        yield p, True, "grandparent" if a in up(p) else "uncle" if up(a) and up(a) == up(p) else None
    for p in up(a):
        yield p, True, "nephew" if up(b) and up(b) == up(p) else None
    if a in spouse:
        yield spouse[a], True, "inlaw" if b in up(spouse[a]) else None


class FamilyRelationships(GymTask):
    name, category, determined = "family_relationships", "graphs", True
    pattern = re.compile(r" is married to [^\n]*\n\n(?:What|How|What relation) is \w+ (?:related )?to \w+\? ")
    hard = {"min_family_size": 5, "max_family_size": 9}

    def params(self, difficulty, rng):
        return {"min_family_size": 3 + round(2 * difficulty), "max_family_size": 4 + round(5 * difficulty)}

    def expert(self, problem: Problem) -> Solution:
        parents, spouse, a, b = _read(problem.text)
        lines = []
        for person, above, kind in _looks(parents, spouse, a, b):
            found = parents.get(person, ["none"]) if above else [spouse.get(person, "none")]
            lines.append(f"{person} {'parents' if above else 'married'} {' '.join(found)}")
            if kind:
                who = b if kind in ("nephew", "inlaw") else a
                female = who in _FEMALE
                lines.append(f"{kind} {who} {'female' if female else 'male'}")
                return Solution.of(lines, _WORDS[kind][0 if female else 1])
        raise ValueError("these two are not related")

    def check(self, text, previous, step):
        parents, spouse, a, b = _read(text)
        words = step.split()
        if len(words) > 2 and words[1] in ("parents", "married"):
            truth = parents.get(words[0]) if words[1] == "parents" else [spouse.get(words[0], "none")]
            return words[0] in text and sorted(words[2:]) == sorted(truth or ["none"])
        if len(words) == 3 and words[0] in _WORDS:
            kind = next((kind for _, _, kind in _looks(parents, spouse, a, b) if kind), None)
            who = b if words[0] in ("nephew", "inlaw") else a
            return words[0] == kind and words[1:] == [who, "female" if who in _FEMALE else "male"]
        return None

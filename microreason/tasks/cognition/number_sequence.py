"""number_sequence: the next term, each term being made from the one before by a few operations.

One line tries one kind of rule: its operations from left to right (`+p` add the term before, 0 at first; `/2`
halve downwards; `^2` square; `+n`, `*n` with one number that fits), then how each term gives the next, up to the
first that is wrong, marked `!` (`/2+n:10/2=5+4=9 9/2=4+4=8 8/2=4+4=8`). The numbers are those that fit most terms;
`:!` says that none fits the first two. Kinds are tried in a fixed order, roughly the frequent ones first; the first
that gives all terms gives the next one too. A rule outside this list (1% of problems) is named at once, without
the search for it. Where several rules fit, the library's answer follows the one it drew, perhaps another.
"""

import re
from functools import lru_cache
from itertools import product

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_SIGNS = {"p": "+p", "h": "/2", "d": "*2", "s": "^2", "a": "+n", "m": "*n"}
_KINDS = (
    "p h d a m ap ha hp hh ph pp ma ah hm mp pm mh s hs sh mhm mhp mha map ahh pmh amh ppm hhm ham hhp aph hap hph"
    " dph phh sp shp php hpp sah has hda phd pda hsp hhh"
)
_NUMBERS = {"m": [k * s for k in range(1, 11) for s in (1, -1)], "a": [k * s for k in range(1, 21) for s in (1, -1)]}
LARGEST = 1000
"""The library shows no sequence with a larger term."""


@lru_cache(maxsize=1)
def _bound():
    """Let the generator give up a sequence at its first too large term.

    It drops such a sequence anyway, but only after computing all terms, and repeated squares take for ever.
    """
    from reasoning_gym.cognition.number_sequences import PatternRule

    apply = PatternRule.apply

    def bounded(self, sequence, position):
        term = apply(self, sequence, position)
        if abs(term) > LARGEST:
            raise OverflowError
        return term

    PatternRule.apply = bounded


def _terms(text):
    return tuple(map(int, re.findall(r"-?\d+", text)))


def _apply(kind, numbers, term, before):
    """The chain of operations as text and the next term."""
    numbers, chain = iter(numbers), str(term)
    for op in kind:
        operand = before if op == "p" else next(numbers) if op in "am" else 2
        if op in "pa":
            term += operand
        elif op == "s":
            term *= term
        else:
            term = term // 2 if op == "h" else term * operand
        chain += f"{_SIGNS[op][0]}{operand}={term}"
    return chain, term


def _chains(kind, numbers, terms):
    """The chains for each term up to the first wrong one, and the term that the last chain gives."""
    out = []
    for i, term in enumerate(terms):
        chain, value = _apply(kind, numbers, term, terms[i - 1] if i else 0)
        out.append(chain)
        if terms[i + 1 : i + 2] not in ((), (value,)):
            return [*out[:-1], chain + "!"], None
    return out, value


@lru_cache(maxsize=512)
def _line(kind, terms):
    """The line that tries a kind of rule, and the next term if it fits."""
    tried, value = [], None
    for numbers in product(*(_NUMBERS[op] for op in kind if op in "am")):
        chains, value = _chains(kind, numbers, terms)
        if len(chains) > len(tried):
            tried = chains
        if value is not None:
            break
    if len(tried) == 1 and set(kind) & set("am"):
        tried = ["!"]
    return "".join(_SIGNS[op] for op in kind) + ":" + " ".join(tried), value


class NumberSequence(GymTask):
    name, category, exact = "number_sequence", "cognition", False
    pattern = re.compile(r"^-?\d+(?:, -?\d+)+, \?$")
    hard = {"min_terms": 5, "max_terms": 10, "min_value": -500, "max_value": 500, "max_complexity": 3}

    def params(self, difficulty, rng):
        return {
            "min_terms": 4 + (difficulty > 0.5), "max_terms": 5 + round(5 * difficulty),
            "max_complexity": 1 + round(2 * difficulty),
        }  # fmt: skip

    def generate(self, seed, index, level):
        _bound()
        return super().generate(seed, index, level)

    def expert(self, problem: Problem) -> Solution:
        terms, lines = _terms(problem.text), []
        for kind in _KINDS.split():
            line, value = _line(kind, terms)
            lines.append(line)
            if value is not None:
                return Solution.of(lines, value)
        for kind in map("".join, (k for n in (2, 3, 4) for k in product(_SIGNS, repeat=n))):
            if len(set("am") & set(kind)) < 2 and kind.count("a") + kind.count("m") < 2:
                line, value = _line(kind, terms)
                if value is not None:
                    return Solution.of([*lines, line], value)
        return Solution.of(lines, terms[-1])

    def check(self, text, previous, step):
        header = step.partition(":")[0]
        signs = re.findall(r"\+p|/2|\*2|\^2|\+n|\*n", header)
        if "".join(signs) != header or len(signs) > 4 or header.count("n") > 2:
            return False
        kind = "".join(op for sign in signs for op, own in _SIGNS.items() if own == sign)
        return step not in previous and step == _line(kind, _terms(text))[0]

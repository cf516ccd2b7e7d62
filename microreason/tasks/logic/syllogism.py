"""syllogism: whether a conclusion follows from two statements with All, No, Some and Some ... not.

The path names the statements used and what follows from them for the terms asked about, then looks up the form asked:
`1 All 2 No gives No, Some not` or, where one statement alone has both terms turned round, `2 All gives Some`.
Follows the library's rules, which do not ask that the middle term be distributed: All A are B, Some B are C
gives Some A are C. Does not cover figures other than A-B, B-C, A-C, nor one statement repeated unturned.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_STATEMENT = re.compile(r"(All|No|Some) (\w+) are (not )?(\w+)")
_TURNED = {"All": ["Some"], "No": ["No"], "Some": ["Some"], "Some not": []}
_UNIVERSAL, _NEGATIVE = ("All", "No"), ("No", "Some not")


def _follows(first, second):
    """Forms of A-C that the forms of A-B and B-C allow."""
    universal = first in _UNIVERSAL and second in _UNIVERSAL
    negative = first in _NEGATIVE or second in _NEGATIVE
    if {first, second} <= {*_NEGATIVE} or not {first, second} & {*_UNIVERSAL}:
        return []
    if negative:
        return [] if second not in _NEGATIVE else ["No", "Some not"] if universal else ["Some not"]
    return ["All", "Some"] if universal else ["Some"]


def _steps(text):
    one, two, asked = ((f"{q} not" if n else q, a, b) for q, a, n, b in _STATEMENT.findall(text)[-3:])
    for number, (form, a, b) in enumerate((one, two), 1):
        if asked[1:] == (b, a):
            given, gives = f"{number} {form}", _TURNED[form]
            break
    else:
        given, gives = f"1 {one[0]} 2 {two[0]}", _follows(one[0], two[0])
    verdict = "Yes" if asked[0] in gives else "No"
    return [f"{given} gives {', '.join(gives) or 'nothing'}", f"{asked[0]}: {verdict}"], verdict


class Syllogism(GymTask):
    name, category, determined = "syllogism", "logic", True
    pattern = re.compile(r"^Consider these statements:\n1\. [^\n]*\n2\. [^\n]*\n\nDoes it logically follow that:\n")
    hard = {"allow_all": True, "allow_no": True, "allow_some": False, "allow_some_not": False}

    def params(self, difficulty, rng):
        some, some_not = rng.choice([(False, False), (True, False), (True, True)])
        return {"allow_all": True, "allow_no": True, "allow_some": some, "allow_some_not": some_not}

    def expert(self, problem: Problem) -> Solution:
        return Solution.of(*_steps(problem.text))

    def check(self, text, previous, step):
        (given, verdict), _ = _steps(text)
        return step == given if " gives " in step else step == verdict if ": " in step else None

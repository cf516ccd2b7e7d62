"""base_conversion: write a number in another base, through its decimal value.

To decimal, a line holds the value of the digits read so far and the digits to come: from `4,13,3,17` in base 18 to
`85,3,17`, where `4*8=32` and `32+40=72` are the product and the last addition is made by the line itself.
From decimal, a line holds the quotient and the digits found so far, first digit first: `1533;17`, then by
`1533-18*80=1533-1440=93`, `93-18*5=93-90=3` and `1533=18*85+3` the line `85;3,17`. Digits above 9 are numbers until
the answer, and digits are set apart by commas only in bases above 10. Base 2 needs no lines of arithmetic.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.arithmetic.written import subtractions
from microreason.tasks.base import GymTask

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_NAMES = {"binary": 2, "hexadecimal": 16}


def _base(name):
    return _NAMES.get(name) or int(name.removeprefix("base-"))


def _join(digits, base):
    return ("," if base > 10 else "").join(map(str, digits))


def _split(digits, base):
    return [int(d) for d in (digits.split(",") if base > 10 else digits) if d]


class BaseConversion(GymTask):
    name, category, determined, spelled = "base_conversion", "algorithmic", True, True
    pattern = re.compile(r"^Your task is to convert .*\n\n.*\n\nNow, convert the (\S+) number (\w+) to (\S+)")
    hard = {"min_base": 9, "max_base": 18, "min_value": 10000, "max_value": 100000}

    def params(self, difficulty, rng):
        top = round(40 * 2500**difficulty)
        low = 9 if rng.random() < difficulty else rng.choice([2, 2, 5])
        return {"min_base": low, "max_base": round(10 + 8 * difficulty), "min_value": top // 10, "max_value": top}

    def _read(self, text):
        source, digits, target = self.pattern.search(text).groups()
        return _base(source), [_DIGITS.index(d) for d in digits], _base(target)

    def expert(self, problem: Problem) -> Solution:
        source, digits, target = self._read(problem.text)
        value, lines = int(_join(digits, 10)) if source == 10 else digits[0], []
        if source != 10:
            for i in range(len(digits)):
                if i:
                    if source > 2:
                        lines.append(f"{value}*{source % 10}={value * (source % 10)}")
                    if source > 10:
                        tens = source // 10 * value * 10
                        lines.append(f"{value * (source % 10)}+{tens}={value * source}")
                    value = value * source + digits[i]
                rest = _join(digits[i + 1 :], source)
                lines.append(f"{value},{rest}" if rest else f"{value}")
        if target == 10:
            return Solution.of(lines, value)
        found = []
        while value >= target:
            if target > 2:
                lines += [*subtractions(value, target), f"{value}={target}*{value // target}+{value % target}"]
            found.insert(0, value % target)
            value //= target
            lines.append(f"{value};{_join(found, target)}")
        return Solution.of(lines, "".join(_DIGITS[d] for d in [value, *found]))

    def check(self, text, previous, step):
        source, digits, target = self._read(text)
        number = 0
        for digit in digits:
            number = number * source + digit
        if re.fullmatch(r"\d+(,\d+)*", step):
            value, _, rest = step.partition(",")
            for digit in (rest := _split(rest, source)):
                value = int(value) * source + digit
            return rest == digits[len(digits) - len(rest) :] and int(value) == number
        if re.fullmatch(r"\d+;\d+(,\d+)*", step):
            value, _, found = step.partition(";")
            for digit in (found := _split(found, target)):
                value = int(value) * target + digit
            return int(value) == number and max(found) < target
        return None

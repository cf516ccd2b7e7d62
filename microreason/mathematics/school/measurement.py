"""Units of measurement converted rung by rung of a ladder, and times of day.

A rung is a line such as ` week=7*day` or ` day=week/7` and the arithmetic for it. Decimals are multiplied or divided at
each rung; a fraction of a unit multiplies the factors of all rungs, divides the product by the denominator, and takes
the numerator times that. Times go by way of the 24-hour clock: minutes first, an hour borrowed or carried where needed.
Does not cover fractions of a unit that are converted upwards, or units of different ladders.
"""

from __future__ import annotations

import re
from fractions import Fraction

from microreason.mathematics.school.expressions import decimal
from microreason.mathematics.school.numbers import SMALL, Solver, long_division, quotient_lines
from microreason.tasks.arithmetic.written import product, signed_sum

LADDERS: list[list[tuple[str, int]]] = [
    [("kilometer", 1000), ("meter", 100), ("centimeter", 10), ("millimeter", 1000), ("micrometer", 1000),
     ("nanometer", 1)],
    [("week", 7), ("day", 24), ("hour", 60), ("minute", 60), ("second", 1000), ("millisecond", 1000),
     ("microsecond", 1000), ("nanosecond", 1)],
    [("millennium", 10), ("century", 10), ("decade", 10), ("year", 12), ("month", 1)],
    [("tonne", 1000), ("kilogram", 1000), ("gram", 1000), ("milligram", 1000), ("microgram", 1000), ("nanogram", 1)],
    [("litre", 1000), ("millilitre", 1)],
]  # fmt: skip
"""Units from the largest down, each with how many of the next it holds."""

SYMBOLS = {
    "km": "kilometer", "m": "meter", "cm": "centimeter", "mm": "millimeter", "um": "micrometer", "nm": "nanometer",
    "s": "second", "ms": "millisecond", "us": "microsecond", "ns": "nanosecond", "t": "tonne", "kg": "kilogram",
    "g": "gram", "mg": "milligram", "ug": "microgram", "ng": "nanogram", "l": "litre", "ml": "millilitre",
}  # fmt: skip

_TEENS = [
    "eleven", "twelve", "thirteen", "fourteeen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
]  # fmt: skip
_TENS = ["twenty", "thirty", "fourty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_PARTS = [
    "half", "third", "quarter", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelth",
    "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth",
]  # fmt: skip
"""The generator's spelling of numbers from 11 on, of tens from 20 on, and of fractions from a half on."""


def _unit(word: str) -> str:
    singular = {"centuries": "century", "millennia": "millennium"}.get(word) or SYMBOLS.get(word) or word.rstrip("s")
    if not any(singular == name for ladder in LADDERS for name, _ in ladder):
        raise ValueError(f"unknown unit {word!r}")
    return singular


def _rungs(source: str, target: str) -> tuple[list[tuple[str, int]], bool]:
    """A line and a factor for each rung between two units, and whether they go down the ladder."""
    for ladder in LADDERS:
        names = [name for name, _ in ladder]
        if source not in names or target not in names:
            continue
        start, end = names.index(source), names.index(target)
        if start < end:
            return [(f" {ladder[i][0]}={ladder[i][1]}*{names[i + 1]}", ladder[i][1]) for i in range(start, end)], True
        rungs = range(start - 1, end - 1, -1)
        return [(f" {names[i + 1]}={ladder[i][0]}/{ladder[i][1]}", ladder[i][1]) for i in rungs], False
    raise ValueError(f"no ladder from {source} to {target}")


def _is_power_of_ten(number: int) -> bool:
    return str(number).strip("0") == "1"


def times_lines(number: str, factor: int) -> tuple[list[str], str]:
    """Lines for a decimal times a whole number, and the product.

    >>> times_lines("0.35", 24)
    (['35*2=70', '35*4=140', '700+140=840', '0.35*24=8.4'], '8.4')
    """
    whole, value = int(number.replace(".", "")), decimal(Fraction(number) * factor)
    lines = [] if _is_power_of_ten(factor) else product(whole, factor)
    claim = f"{number}*{factor}={value}"
    return lines if lines[-1:] == [claim] else [*lines, claim], value


def divided_lines(number: str, divisor: int) -> tuple[list[str], str]:
    """Lines for a decimal over a whole number, and the quotient. Raises ValueError where it does not end.

    >>> divided_lines("2.52", 24)
    (['252-24*10=252-240=012=12', '252=24*10+12', '120=24*5', '2.52/24=0.105'], '0.105')
    """
    value = decimal(Fraction(number) / divisor)
    lines = [] if _is_power_of_ten(divisor) else long_division(int(number.replace(".", "")), divisor, 40)[0]
    return [*lines, f"{number}/{divisor}={value}"], value


def convert_lines(number: str, source: str, target: str) -> tuple[list[str], str]:
    """Lines that convert a decimal from one unit to another, rung by rung."""
    rungs, down = _rungs(source, target)
    lines = []
    for line, factor in rungs:
        steps, number = times_lines(number, factor) if down else divided_lines(number, factor)
        lines += [line, *steps]
    return lines, number


def fraction_lines(top: int, bottom: int, source: str, target: str) -> tuple[list[str], str]:
    """Lines for how many of one unit are in a fraction of a larger one."""
    rungs, down = _rungs(source, target)
    lines, factor = [f" {top}/{bottom}"], 1
    for line, more in rungs:
        lines.append(line)
        if factor > 1:
            lines += times_lines(str(factor), more)[0]
        factor *= more
    if not down or factor % bottom:
        raise ValueError(f"no whole number of {target}s")
    lines += quotient_lines(factor, bottom)
    if top > 1:
        lines += product(factor // bottom, top)
    return lines, str(factor // bottom * top)


def _number_word(word: str) -> int:
    """A number up to 199 in words joined by hyphens."""
    names = [*SMALL, *_TEENS]
    if word in names:
        return names.index(word)
    if word.startswith("one-hundred"):
        rest = word.removeprefix("one-hundred").removeprefix("-and-")
        return 100 + (_number_word(rest) if rest else 0)
    tens, _, ones = word.partition("-")
    return 10 * _TENS.index(tens) + 20 + (SMALL.index(ones) if ones else 0)


def read_fraction(text: str) -> Fraction:
    """A fraction in digits or words. Raises ValueError.

    >>> read_fraction("3/4"), read_fraction("twenty-one fifths")
    (Fraction(3, 4), Fraction(21, 5))
    """
    if "/" in text:
        return Fraction(text)
    top, _, part = text.partition(" ")
    singular = "half" if part == "halves" else part if part in _PARTS else part.removesuffix("s")
    return Fraction(_number_word(top), _PARTS.index(singular) + 2)


def _conversion(text: str) -> tuple[list[str], str]:
    if found := re.search(r"(\d+/\d+|[a-z-]+ [a-z]+) of an? ([a-z]+)", text):
        target = re.search(r"How many ([a-z]+)|in ([a-z]+)\?", text)
        if not target:
            raise ValueError(f"no unit to convert to in {text!r}")
        value = read_fraction(found[1])
        unit = _unit(target[1] or target[2])
        lines, answer = fraction_lines(value.numerator, value.denominator, _unit(found[2]), unit)
        return lines, answer
    found = re.search(r"(\d+(?:\.\d+)?) ?([a-z]+)(?: (?:in|to) ([a-z]+))?", text)
    target = re.search(r"How many ([a-z]+)", text)
    if not found or not (target or found[3]):
        raise ValueError(f"nothing to convert in {text!r}")
    lines, answer = convert_lines(found[1], _unit(found[2]), _unit(target[1] if target else found[3]))
    return lines, answer


def _clock(text: str) -> tuple[int, int, bool]:
    hours, minutes, half = re.split("[: ]", text)
    return int(hours), int(minutes), half == "PM"


def _to_24(hours: int, afternoon: bool) -> tuple[list[str], int]:
    """A line for the hour on the 24-hour clock where it differs."""
    if afternoon and hours < 12:
        return [f"{hours}+12={hours + 12}"], hours + 12
    return (["12-12=0"], 0) if not afternoon and hours == 12 else ([], hours)


def _to_12(hours: int, minutes: int) -> tuple[list[str], str]:
    """Lines that write a time of day with AM or PM."""
    lines = [f"{hours}:{minutes:02d}"]
    hour = hours - 12 if hours > 12 else hours or 12
    if hour != hours:
        lines.append(f"{hours}{'-' if hours > 12 else '+'}12={hour}")
    return lines, f"{hour}:{minutes:02d} {'PM' if hours >= 12 else 'AM'}"


def shift_lines(time: str, duration: int, sign: str) -> tuple[list[str], str]:
    """Lines for the time of day so many minutes before (`-`) or after (`+`) another.

    >>> shift_lines("3:05 PM", 123, "-")
    (['123=60*2+3', '3+12=15', '5-3=2', '15-2=13', '13:02', '13-12=1'], '1:02 PM')
    """
    hours, minutes, afternoon = _clock(time)
    more_hours, more = divmod(duration, 60)
    first, hours = _to_24(hours, afternoon)
    lines = [f"{duration}=60*{more_hours}+{more}", *first]

    def step(value: int, other: int, sign: str) -> int:
        line, result = signed_sum(value, sign, other)
        lines.append(line)
        return result

    minutes = step(minutes, more, sign)
    over = minutes < 0 or minutes > 59
    back = "+" if sign == "-" else "-"
    if over:
        minutes = step(minutes, 60, back)
    hours = step(hours, more_hours, sign)
    if over:
        hours = step(hours, 1, sign)
    if not 0 <= hours < 24:
        hours = step(hours, 24, back)
    steps, answer = _to_12(hours, minutes)
    return lines + steps, answer


def between_lines(start: str, end: str) -> tuple[list[str], str]:
    """Lines for the minutes from one time of day to the next such time.

    >>> between_lines("11:50 PM", "1:10 AM")
    (['11+12=23', '1-23=-(23-1)=-22', '-22+24=24-22=2', '10-50=-(50-10)=-40', '2*60=120', '120-40=080=80'], '80')
    """
    (first, minute, late), (second, last, later) = _clock(start), _clock(end)
    lines, first = _to_24(first, late)
    steps, second = _to_24(second, later)
    line, hours = signed_sum(second, "-", first)
    lines += [*steps, line]
    if hours < 0:
        line, hours = signed_sum(hours, "+", 24)
        lines.append(line)
    line, minutes = signed_sum(last, "-", minute)
    lines += [line, f"{hours}*60={hours * 60}"]
    line, total = signed_sum(hours * 60, "-" if minutes < 0 else "+", abs(minutes))
    return [*lines, line], str(total)


def _time(text: str) -> tuple[list[str], str]:
    times = re.findall(r"\d+:\d\d [AP]M", text)
    if len(times) == 2 and "between" in text:
        return between_lines(*times)
    found = re.search(r"(\d+) minutes (before|after)", text)
    if len(times) != 1 or not found:
        raise ValueError(f"no times in {text!r}")
    return shift_lines(times[0], int(found[1]), "-" if found[2] == "before" else "+")


SOLVERS: dict[str, Solver] = {"measurement__conversion": _conversion, "measurement__time": _time}

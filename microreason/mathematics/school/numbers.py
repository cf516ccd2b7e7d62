"""Whole numbers: bases, remainders, divisors and multiples, primes, place values, rounding.

Remainders by a divisor up to 12 are one chain, by longer ones a product and a difference for each digit of the
quotient; greatest common divisors are Euclid's. Primes are tried by division as in the task prime_factorization, a
base is changed as in the task base_conversion. A place value comes from a bar that moves from the end through the
digits (`318|59:5 tens`), rounding from the digit after a bar that moves from the point to the cut (`35.2|398:0.1`,
`35.23|98:1`, `9>4`).
Large numbers are tried by small primes alone, which often leaves open whether what is left is prime: the answer is
empty then, for the lines don't decide it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

from microreason.mathematics.school.expressions import decimal
from microreason.solution import Problem
from microreason.tasks.algorithmic.base_conversion import BaseConversion
from microreason.tasks.arithmetic.written import by_subtractions, division, euclid, product, remainder, subtractions

_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
_LARGE, _LARGEST_TRIED = 1000, 13
"""From which number on only primes up to which one are tried."""
TABLES = 12
"""Divisors up to here are known by heart."""

_FACTORS = ["", "ten ", "hundred "]
_THOUSANDS = ["thousands", "millions", "billions", "trillions", "quadrillions", "quintillions", "sextillions"]
PLACES = ["units", "tens", "hundreds", *(factor + name for name in _THOUSANDS for factor in _FACTORS)]
SMALL = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_ZEROS = {"integer": 0, "one": 0, "ten": 1, "hundred": 2, "thousand": 3, "million": 6, "billion": 9}

Solver = Callable[[str], tuple[list[str], str]]


def whole_numbers(text: str, count: int) -> list[int]:
    """The whole numbers of a question. Raises ValueError where there are not so many, or others too."""
    found = re.findall(r"(?<![\w.])-?\d+(?:[./]\d+)*", text)
    if len(found) != count:
        raise ValueError(f"not {count} numbers in {text!r}")
    return [int(number) for number in found]


def remainder_lines(a: int, b: int) -> list[str]:
    """Lines whose last one ends in the remainder of `a` by `b`.

    >>> remainder_lines(3811, 43), remainder_lines(3811, 7)
    (['3811-43*80=3811-3440=0371=371', '371-43*8=371-344=027=27'], ['3811%7=311%7=31%7=3'])
    """
    if a < 0 or b <= 0:
        raise ValueError(f"{a}%{b} has no written remainder")
    if b in (1, 2, 5, 10):
        return [f"{a}%{b}={a % b}"]
    return [remainder(a, b)] if b <= TABLES or a < b else subtractions(a, b)


def quotient_lines(a: int, b: int) -> list[str]:
    """Lines whose last one is `a=b*quotient`, with `+rest` where one is left.

    >>> quotient_lines(3811, 43)[-1], quotient_lines(91, 7)
    ('3811=43*88+27', ['91=7*10+21=7*13'])
    """
    return [division(a, b)] if b <= TABLES or a < b else by_subtractions(a, b)


def gcd_lines(a: int, b: int) -> tuple[list[str], int]:
    """Euclid's remainders and the greatest common divisor of two whole numbers from 1 on."""
    if min(a, b) < 1:
        raise ValueError("no whole numbers from 1 on")
    return euclid(a, b, remainder_lines)


def lcm_lines(a: int, b: int) -> tuple[list[str], int]:
    """Lines of the least common multiple: the greatest common divisor, then the larger number times what the smaller
    one has besides it."""
    lines, common = gcd_lines(a, b)
    large, small = max(a, b), min(a, b)
    if common > 1:
        lines += quotient_lines(small, common)
    return [*lines, *product(large, small // common)], large * small // common


def reduce_lines(top: int, bottom: int) -> tuple[list[str], str]:
    """Lines that bring a fraction to its lowest terms, the last one ending in the fraction; `0` or `3` is one too.

    >>> reduce_lines(12, 40)
    (['40%12=4', '12%4=0', '12=4*3', '40=4*10', '12/40=3/10'], '3/10')
    """
    if top == 0 or bottom == 1:
        return [f"{top}/{bottom}={top}"], f"{top}"
    lines, common = gcd_lines(top, bottom)
    if common == 1:
        return [*lines, f"{top}/{bottom}"], f"{top}/{bottom}"
    for number in (top, bottom):
        lines += quotient_lines(number, common) if number > common else []
    short = f"{top // common}/{bottom // common}".removesuffix("/1")
    return [*lines, f"{top}/{bottom}={short}"], short


def long_division(number: int, divisor: int, places: int) -> tuple[list[str], str, bool]:
    """Lines of a quotient digit by digit, the quotient cut off after so many places, and whether it is exact.

    >>> long_division(17, 3, 2)
    (['17=3*5+2', '20=3*6+2', '20=3*6+2'], '5.66', False)
    """
    lines = quotient_lines(number, divisor) if number >= divisor else []
    rest, digits = number % divisor, ""
    while rest and len(digits) < places:
        digit, after = divmod(rest * 10, divisor)
        lines.append(f"{rest * 10}={divisor}*{digit}" + (f"+{after}" if after else ""))
        digits, rest = digits + str(digit), after
    return lines, f"{number // divisor}" + (f".{digits}" if digits else ""), rest == 0


def _trial(number: int, prime: int) -> str:
    return f"{number}%{prime}={number % prime}" if prime in (2, 5) else remainder(number, prime)


def _trials(number: int, first: int = 2) -> tuple[list[str], int, bool]:
    """Trial divisions from a prime up to the smallest factor found, or the number itself, and whether that is proven
    prime. Raises ValueError below 2."""
    if number < 2:
        raise ValueError(f"{number} is neither prime nor composite")
    lines: list[str] = []
    for prime in (prime for prime in _PRIMES if prime >= first):
        if prime * prime > number:
            return [*lines, f"{prime}*{prime}>{number}"], number, True
        if number >= _LARGE and prime > _LARGEST_TRIED:
            break
        lines.append(_trial(number, prime))
        if number % prime == 0:
            return lines, prime, True
    return lines, number, False


def factor_lines(number: int) -> tuple[list[str], list[int], bool]:
    """Trial divisions and the factors of a number from 2 on, and whether all are proven prime; a line such as
    `2*2*1046` follows each factor."""
    lines, prime, proven = _trials(number)
    factors, rest = [prime], number // prime
    while rest > 1:
        lines += [division(rest * prime, prime)] if prime > 2 else []
        lines.append("*".join(map(str, [*factors, rest])))
        more, prime, proven = _trials(rest, prime)
        lines += more
        factors, rest = [*factors, prime], rest // prime
    return lines, factors, proven


def place_lines(number: int, place: str) -> tuple[list[str], str]:
    """Lines that move a bar from the end to the place asked for, each with the digit after it, and the last digit.

    >>> place_lines(31859, "hundreds")
    (['31859|', '3185|9:9 units', '318|59:5 tens', '31|859:8 hundreds'], '8')
    """
    digits, at = str(abs(number)), PLACES.index(place)
    if at >= len(digits):
        raise ValueError(f"{number} has no {place}")
    bars = [f"{digits[:-i]}|{digits[-i:]}:{digits[-i]} {PLACES[i - 1]}" for i in range(1, at + 2)]
    return [f"{digits}|", *bars], digits[-1 - at]


def _unit(power: int) -> str:
    return f"1{'0' * power}" if power >= 0 else f"0.{'1'.rjust(-power, '0')}"


def _bars(number: str, power: int) -> tuple[list[str], str, str]:
    """Lines that move a bar through a decimal without sign, from its point to a power of ten, each with the power that
    is left to go, 1 at the end; the digits before and after the bar."""
    whole, _, places = number.partition(".")
    if power > 0:
        whole = whole.rjust(power + 1, "0")
        ends = [(whole[: len(whole) - i], whole[len(whole) - i :], power - i) for i in range(power + 1)]
        return [f"{kept}|{rest}:{_unit(left)}" for kept, rest, left in ends], whole[:-power], whole[-power:]
    places = places.ljust(1 - power, "0")
    bars = [f"{whole}.{places[:i]}|{places[i:]}:{_unit(power + i)}" for i in range(1 - power)]
    return bars, whole + (f".{places[:-power]}" if power else ""), places[-power:]


def round_lines(number: str, power: int) -> tuple[list[str], str]:
    """Lines that round a decimal to a power of ten, halves away from zero, and the rounded number.

    >>> round_lines("-35.2398", -2)
    (['0.01', '35.|2398:0.01', '35.2|398:0.1', '35.23|98:1', '9>4', '35.23+0.01=35.24', '-35.24'], '-35.24')
    >>> round_lines("31859.4", 2)
    (['100', '31859|:100', '3185|9:10', '318|59:1', '5>4', '318+1=319', '319*100=31900'], '31900')
    """
    unit = _unit(power)
    bars, kept, rest = _bars(number.lstrip("-"), power)
    lines = [unit, *bars, f"{rest[0]}>4" if rest[0] > "4" else f"{rest[0]}<5"]
    if rest[0] > "4":
        step = unit if power < 0 else "1"
        up = decimal(Fraction(kept) + Fraction(step), max(0, -power))
        lines.append(f"{kept}+{step}={up}")
        kept = up
    if power > 0:
        lines.append(f"{kept}*{unit}={int(kept) * 10**power}")
        kept = str(int(kept) * 10**power)
    value = decimal(Fraction(kept))
    if value != kept:
        lines.append(f"{kept}={value}")
    if number[0] == "-" and value != "0":
        value = f"-{value}"
        lines.append(value)
    return lines, value


def _power(description: str) -> int:
    """The power of ten of `the nearest one hundred`, `the nearest integer`, `two dps`."""
    if found := re.fullmatch(r"(\w+) (?:dps?|decimal places?)", description):
        return -(int(found[1]) if found[1].isdigit() else SMALL.index(found[1]))
    unit = description.removeprefix("the nearest ")
    return len(unit) - 1 if unit.isdigit() else sum(_ZEROS[word] for word in unit.split())


def _base_conversion(text: str) -> tuple[list[str], str]:
    found = re.search(r"(-?)([0-9a-f]+) \(base (\d+)\) (?:to|in) base (\d+)", text)
    if not found:
        raise ValueError(f"no number in a base in {text!r}")
    sign, digits, source, target = found.groups()
    int(digits, int(source))  # refuses digits that the base lacks
    if not 2 <= int(target) <= 16:
        raise ValueError(f"no base {target}")
    wording = f"Now, convert the base-{source} number {digits} to base-{target}"
    solution = BaseConversion().expert(Problem(text=f"Your task is to convert a number.\n\n\n\n{wording}"))
    return [step.text for step in solution.steps], f"{sign}{solution.answer}"


def _div_remainder(text: str) -> tuple[list[str], str]:
    a, b = whole_numbers(text, 2)
    return remainder_lines(a, b), str(a % b)


def _gcd(text: str) -> tuple[list[str], str]:
    lines, common = gcd_lines(*whole_numbers(text, 2))
    return lines, str(common)


def _lcm(text: str) -> tuple[list[str], str]:
    found = re.findall(r"-?\d+(?:/(\d+))?", text)
    if len(found) != 2:
        raise ValueError(f"not two numbers in {text!r}")
    fractions = "denominator" in text
    numbers = [int(bottom or 1) for bottom in found] if fractions else whole_numbers(text, 2)
    lines, multiple = lcm_lines(*numbers)
    return lines, str(multiple)


def _is_factor(text: str) -> tuple[list[str], str]:
    if " even" in text:
        (number,), factor = whole_numbers(text, 1), 2
    else:
        factor, number = whole_numbers(text, 2)
        if " multiple of " in text:
            factor, number = number, factor
    return remainder_lines(number, factor), str(number % factor == 0)


def _is_prime(text: str) -> tuple[list[str], str]:
    (number,) = whole_numbers(text, 1)
    lines, factor, proven = _trials(number)
    return lines, str((factor == number) == (" prime" in text)) if proven else ""


def _list_prime_factors(text: str) -> tuple[list[str], str]:
    (number,) = whole_numbers(text, 1)
    lines, factors, proven = factor_lines(number)
    return lines, ", ".join(map(str, sorted(set(factors)))) if proven else ""


def _place_value(text: str) -> tuple[list[str], str]:
    found = re.search(r"the ([a-z ]+) digit of", text)
    if not found or found[1] not in PLACES:
        raise ValueError(f"no place in {text!r}")
    (number,) = whole_numbers(text, 1)
    return place_lines(number, found[1])


def _round_number(text: str) -> tuple[list[str], str]:
    found = re.search(r"(?:Round|is) (-?\d+(?:\.\d+)?) (?:rounded )?to (.+)[.?]", text)
    if not found:
        raise ValueError(f"nothing to round in {text!r}")
    try:
        return round_lines(found[1], _power(found[2]))
    except KeyError:
        raise ValueError(f"cannot round to {found[2]!r}") from None


SOLVERS: dict[str, Solver] = {
    "numbers__base_conversion": _base_conversion,
    "numbers__div_remainder": _div_remainder,
    "numbers__gcd": _gcd,
    "numbers__is_factor": _is_factor,
    "numbers__is_prime": _is_prime,
    "numbers__lcm": _lcm,
    "numbers__list_prime_factors": _list_prime_factors,
    "numbers__place_value": _place_value,
    "numbers__place_value_big": _place_value,
    "numbers__round_number": _round_number,
    "numbers__round_number_big": _round_number,
}

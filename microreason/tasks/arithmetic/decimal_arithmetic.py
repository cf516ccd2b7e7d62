"""decimal_arithmetic: an expression of decimal numbers with + - * / and parentheses, to 10 or 12 significant digits.

As in basic_arithmetic: the leftmost innermost parenthesis first, from left to right, products and quotients before
sums, then a line with the whole expression and the value in place. Zeros at the end of a number are dropped, but
the numbers of a sum have equally many places (`signed_sum` of written.py). A product is a written one of whole numbers,
then `1.855*4.04=7.4942`. A quotient is a long division of whole numbers, a digit a line: after `27.7/4.545=27700/4545`
come `27700-4545*6=27700-27270=00430=430`, `4300:0` (a digit 0), `:60` (the digits so far, from two on),
`43000-4545*9=43000-40905=02095=2095`, up to one digit more than asked for or until nothing is left, then
`27.7/4.545~6.094609460946`. What has too many digits is rounded, half up: `6.094609460946~6.09460946095`. Does not
cover powers or a division by zero.
"""

import re
from decimal import localcontext

from microreason.solution import Problem, Solution
from microreason.tasks.arithmetic.written import product, signed_sum, subtractions
from microreason.tasks.base import GymTask

_GROUP = re.compile(r"\(([^()]*)\)")
_NUMBER = r"-?\d+(?:\.\d+)?"


def _read(text):
    """A decimal as a whole number and its places, without zeros at the end."""
    whole, _, places = text.partition(".")
    places = places.rstrip("0")
    return int(whole + places), len(places)


def _write(number, places):
    digits = str(abs(number)).rjust(places + 1, "0")
    digits = digits[:-places] + "." + digits[-places:] if places else digits
    return ("-" if number < 0 else "") + digits


def _short(text):
    return _write(*_read(text))


def _round(text, limit):
    """A decimal with at most so many significant digits, rounded half up."""
    number, places = _read(text)
    cut = max(0, len(str(abs(number))) - limit)
    value = (abs(number) + 10**cut // 2) // 10**cut * 10 ** max(0, cut - places) * (-1 if number < 0 else 1)
    return _short(_write(value, max(0, places - cut)))


def _whole(left, right):
    """The two numbers of a quotient without signs, as whole numbers of the same quotient."""
    (a, p), (b, q) = _read(left.lstrip("-")), _read(right.lstrip("-"))
    return a * 10 ** max(0, q - p), b * 10 ** max(0, p - q)


def _differences(lines):
    """The lines of a long division that have a digit each."""
    return [line for line in lines if line[0] != ":"]


def _digits(lines):
    """The quotient so far, a digit for each of these lines."""
    out = ""
    for line in _differences(lines):
        times = re.match(r"\d+-\d+\*(\d)=", line)
        out += "0" if line.endswith(":0") else times[1] if times else "1"
    return out


def _take(a, b, lines):
    """The number to divide next after some lines of a long division, and how many digits of `a` and zeros it took."""
    digits, lines = str(a), _differences(lines)
    at = next((i for i in range(1, len(digits)) if int(digits[:i]) >= b), len(digits))
    if not lines:
        return int(digits[:at]), at
    rest = int(re.search(r"(\d+)(?::0)?$", lines[-1])[1])
    at += len(lines)
    return rest * 10 + int(digits[at - 1 : at] or 0), at


def _quotient(left, right, limit):
    """Lines of the long division of two decimals, the quotient cut off, and whether nothing was left."""
    (a, b), lines, quotient, rest, at = _whole(left, right), [], "", 1, 0
    while at < len(str(a)) or (rest and len(quotient.lstrip("0")) <= limit):
        number, at = _take(a, b, lines)
        lines += [f":{quotient}"] * (len(quotient) > 1)
        rest = number % b
        quotient += str(number // b)
        lines += subtractions(number, b) or [f"{number}:0"]
    sign = "-" if (left[0] == "-") != (right[0] == "-") else ""
    lines.insert(0, f"{left.lstrip('-')}/{right.lstrip('-')}={a}/{b}")
    return lines, sign + _short(_write(int(quotient), at - len(str(a)))), rest == 0


def _operate(left, sign, right, limit, lines):
    (a, p), (b, q) = _read(left), _read(right)
    if sign in "+-":
        places = max(p, q)
        a, b = a * 10 ** (places - p), b * 10 ** (places - q)
        line, total = signed_sum(a, sign, b, lambda number: _write(number, places))
        lines.append(line)
        value = _write(total, places)
    elif sign == "*":
        big, small = max(abs(a), abs(b)), min(abs(a), abs(b))
        value = _short(_write(a * b, p + q))
        lines += [*product(big, small), f"{_write(a, p)}*{_write(b, q)}={value}"]
    else:
        left, right = _write(a, p), _write(b, q)
        steps, value, whole = _quotient(left, right, limit)
        lines += [*steps, f"{left}/{right}{'=' if whole else '~'}{value}"]
    if _round(value, limit) != _short(value):
        lines.append(f"{value}~{_round(value, limit)}")
    return _round(value, limit)


def _flat(expression, limit, lines):
    """Value of an expression without parentheses or spaces."""
    first, *rest = re.findall(rf"(?<!\d){_NUMBER}|[-+*/]|\d+(?:\.\d+)?", expression)
    items, total, i = [("+", first), *zip(rest[::2], rest[1::2], strict=True)], None, 0
    while i < len(items):
        sign, value = items[i]
        i += 1
        while i < len(items) and items[i][0] in "*/":
            value = _operate(value, *items[i], limit, lines)
            i += 1
        total = value if total is None else _operate(total, sign, value, limit, lines)
    return total


class DecimalArithmetic(GymTask):
    name, category, determined = "decimal_arithmetic", "arithmetic", True
    pattern = re.compile(
        r"^Please solve this problem to a maximum of (\d+) significant digits, .*\n([-+*/().\d]+) = \?"
    )
    hard = {
        "min_num_decimal_places": 5, "max_num_decimal_places": 8, "precision": 10, "min_terms": 5, "max_terms": 8,
    }  # fmt: skip

    def params(self, difficulty, rng):
        terms = rng.randint(2, round(2 + 6 * difficulty))
        places = rng.randint(round(2 + 3 * difficulty), round(2 + 6 * difficulty))
        return {
            "min_num_decimal_places": max(2, places - 1), "max_num_decimal_places": places, "min_terms": terms,
            "max_terms": terms, "precision": rng.choice([10, 12]) if rng.random() < difficulty else places + 6,
        }  # fmt: skip

    def generate(self, seed, index, level):
        with localcontext():  # the library changes the precision of all decimals
            return super().generate(seed, index, level)

    def expert(self, problem: Problem) -> Solution:
        limit, expression = self.pattern.search(problem.text).groups()
        lines, limit = [], int(limit)
        while group := _GROUP.search(expression):
            value = _flat(group[1], limit, lines)
            expression = f"{expression[: group.start()]}{value}{expression[group.end() :]}"
            if not re.fullmatch(_NUMBER, expression):
                lines.append(expression)
        return Solution.of(lines, _flat(expression, limit, lines))

    def check(self, text, previous, step):
        limit, expression = self.pattern.search(text).groups()
        if found := re.fullmatch(rf"({_NUMBER})/({_NUMBER})~({_NUMBER})", step):
            return found[3] == _quotient(found[1], found[2], int(limit))[1]
        if re.fullmatch(r":\d+|\d+:0", step):
            start = max(i for i, line in enumerate(previous) if re.fullmatch(r"[\d.]+/[\d.]+=\d+/\d+", line))
            lines = previous[start + 1 :]
            if step[0] == ":":
                return len(step) > 2 and step == f":{_digits(lines)}" != lines[-1]
            a, b = map(int, previous[start].partition("=")[2].split("/"))
            number = _take(a, b, lines)[0]
            return number < b and step == f"{number}:0"
        if found := re.fullmatch(rf"({_NUMBER})~({_NUMBER})", step):
            stated = re.split("[=~]", previous[-1])[-1]
            return found[1] == stated != found[2] == _round(stated, int(limit))
        if not re.fullmatch(r"[-+*/().\d]+", step):
            return None
        expression = next((line for line in reversed(previous) if not re.search("[=~:]", line)), expression)
        if not (group := _GROUP.search(expression)) or previous[-1] == expression:
            return False
        value = _short(re.split("[=~]", previous[-1])[-1])
        return step == f"{expression[: group.start()]}{value}{expression[group.end() :]}"

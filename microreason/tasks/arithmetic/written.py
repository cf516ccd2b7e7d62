"""Written arithmetic as lines that any checker of arithmetic can judge: remainder, division, product, Euclid, sums.

A quotient of several digits is found digit by digit, each link of the chain one digit:
`3811%43=371%43=27` and `1271=31*40+31=31*41`. A product of several digits goes through the digits of the second
number, the sum so far moving one place to the left: `57*2=114`, `57*3=171`, `1140+171=1311`; what is added to a sum of
five digits or more has as many, `68910+03234=72144`.
Where divisors are long, each digit of the quotient is a product and a difference (`subtractions`, `long_division`).
A difference is written with as many digits as the larger number first, `9730-9727=0003=3`, so that each digit stands
where its digits stand, however many cancel; not below 100. Numbers of a sum or difference have equally many digits
where one has five, `12237-02289`.
A sum of more than eight digits goes in blocks of four from the right (`long_sum`). What is carried comes last,
`2570+7456+1=10026+1=10027`; a block that is too small borrows, `1013-6631+10000=11013-6631=4382`.
Whole numbers from 0 on, but for sums (`signed_sum`, `long_sum`).
"""

import re

AT_ONCE, BLOCK = 8, 4
"""Most digits of a sum in one line; digits of a block of a longer one."""


def reduced(number, divisor):
    """`number` less the first digit of its quotient: the digit, its place value, and what is left."""
    digits = str(number)
    size = len(str(divisor))
    if int(digits[:size]) < divisor:
        size += 1
    place = 10 ** (len(digits) - size)
    digit = int(digits[:size]) // divisor
    return digit * place, number - digit * place * divisor


def remainder(number, divisor):
    """A line such as `3811%43=371%43=27`."""
    line = f"{number}%{divisor}"
    if number < divisor:
        return f"{line}={number}"
    while number >= divisor:
        _, number = reduced(number, divisor)
        line += f"={number}%{divisor}" if number >= divisor else f"={number}"
    return line


def division(number, divisor):
    """A line such as `27611=18*1000+9611=18*1500+611=18*1530+71=18*1533+17`; halves go at once."""
    if divisor == 2 and not number % 2:
        return f"{number}=2*{number // 2}"
    line, quotient = f"{number}", 0
    while number >= divisor:
        part, number = reduced(number, divisor)
        quotient += part
        line += f"={divisor}*{quotient}" + (f"+{number}" if number else "")
    return line if quotient else f"{line}={divisor}*0+{number}"


def filled(rest, larger):
    """The result of a difference and the larger number, both written with equally many places: with zeros in front if
    it is shorter, and as it is, `0003=3` or `-0003=-3`."""
    size = len(larger) + rest.startswith("-")
    short = len(rest) < size and len(larger.replace(".", "")) > 2
    return f"{rest.zfill(size)}={rest}" if short else rest


def subtractions(number, divisor):
    """Lines that take the divisor off for each digit of the quotient, `3685-67*50=3685-3350=0335=335` and
    `335-67*5=335-335=000=0`, or `52-26=26`."""
    lines = []
    while number >= divisor:
        part, rest = reduced(number, divisor)
        times = f"-{divisor}*{part}={number}" if part > 1 else ""
        lines.append(f"{number}{times}-{divisor * part}={filled(str(rest), str(number))}")
        number = rest
    return lines


def by_subtractions(number, divisor):
    """The lines of `subtractions`, and one such as `3685=67*55` or `3811=43*88+27`."""
    rest = f"+{number % divisor}" if number % divisor else ""
    return [*subtractions(number, divisor), f"{number}={divisor}*{number // divisor}{rest}"]


def quotient(number, divisor):
    """Lines of a division: halves at once, else `by_subtractions`."""
    return [division(number, 2)] if divisor == 2 else by_subtractions(number, divisor)


def long_division(number, divisor):
    """Lines for each digit of the quotient, from the first on: a difference as in `subtractions`, or `40:0` for a 0,
    before it the digits so far if there are several, `:23`; and one such as `18000=76*236+64`."""
    lines, rest, quotient = [], 0, ""
    for digit in str(number):
        rest = 10 * rest + int(digit)
        if rest >= divisor or quotient:
            lines += [f":{quotient}"] * (len(quotient) > 1)
            lines += subtractions(rest, divisor) or [f"{rest}:0"]
            quotient += str(rest // divisor)
            rest %= divisor
    return [*lines, f"{number}={divisor}*{number // divisor}" + (f"+{rest}" if rest else "")]


def unsigned(left, sign, right, show=str):
    """A line for `left` plus or minus `right` as a claim about numbers without signs, the larger first: `4-9=-(9-4)`,
    `-4+9=9-4`, `-4-9=-(4+9)`, `4--9=4+9`; its value; and the larger number of a difference, empty for a sum. `show`
    writes a number."""
    value = left + right if sign == "+" else left - right
    other, larger = value - left, ""
    if left >= 0 and other >= 0:
        way = f"{show(left)}+{show(other)}"
    elif left < 0 and other <= 0:
        way = f"-({show(-left)}+{show(-other)})"
    else:
        up, down = max(left, other), -min(left, other)
        way = f"{show(up)}-{show(down)}" if up >= down else f"-({show(down)}-{show(up)})"
        larger = show(max(up, down))
    line = f"{show(left)}{sign}{show(right)}"
    return line if way == line else f"{line}={way}", value, larger


def signed_sum(left, sign, right, show=str):
    """The line of `unsigned` with its result, `4-9=-(9-4)=-5`, `97-100=-(100-97)=-003=-3`, and the value."""
    line, value, larger = unsigned(left, sign, right, show)
    before, equals, claim = line.rpartition("=")
    return f"{before}{equals}{level(claim)}={filled(show(value), larger)}", value


def level(claim):
    """A sum or difference with zeros before the shorter number, from five digits of the longer one on:
    `25279+08422`."""
    numbers = re.findall(r"[\d.]+", claim)
    size = max(map(len, numbers))
    if max(len(number.replace(".", "")) for number in numbers) < 5:
        return claim
    return re.sub(r"[\d.]+", lambda number: number[0].zfill(size), claim)


def long_sum(left, sign, right, show=str):
    """The line of `signed_sum` and the value; where the numbers have more than `AT_ONCE` digits, the line of
    `unsigned`, one for each block of digits, `4209+0000=4209` or `1000-361=639`, and one with the result as in
    `signed_sum`. `show` writes all numbers with equally many decimal places."""
    if len(re.findall(r"\d", show(max(abs(left), abs(right))))) <= AT_ONCE:
        line, value = signed_sum(left, sign, right, show)
        return [line], value
    line, value, larger = unsigned(left, sign, right, show)
    claim = line.rpartition("=")[2]
    up, operation, down = re.findall(r"[\d.]+|(?<=\d)[-+]", claim)
    return [line, *_block_lines(up, operation, down), f"{claim}={filled(show(value), larger)}"], value


def _block_lines(up, sign, down):
    """Lines of a sum, or of a difference that is not negative, block by block."""
    lines, carry = [], 0
    tops, bottoms = _blocks(up), _blocks(down)
    for at in range(max(len(tops), len(bottoms))):
        if at >= min(len(tops), len(bottoms)) and not carry:
            break
        top, bottom = (side[at] if at < len(side) else "" for side in (tops, bottoms))
        size, whole = max(len(top), len(bottom)), 0
        before = int(top or 0) + int(f"{sign}{bottom or 0}")
        total = before + int(f"{sign}{carry}")
        line = claim = sign.join(filter(None, (top, bottom, str(carry or ""))))
        if total < 0:
            whole = 10**size
            line += f"+{whole}=1{claim}"
        if top and bottom and carry:
            line += f"={str(whole + before).zfill(size)}{sign}1"
        lines.append(f"{line}={str(whole + total).zfill(size)}")
        carry = int(whole > 0) if sign == "-" else total // 10**size
    return lines


def _blocks(number):
    """Blocks of digits from the last to the first, cut so that the point lies between two of them."""
    whole, _, places = number.partition(".")
    return [*cut(whole, BLOCK), *re.findall(rf"\d{{1,{BLOCK}}}", places)][::-1]


def cut(digits, size):
    """Digits cut from the right into parts of so many, the first with what is left."""
    first = len(digits) % size
    return [digits[:first]] * (first > 0) + [digits[at : at + size] for at in range(first, len(digits), size)]


def product(left, right):
    """Lines whose last one ends in `left` times `right`."""
    lines, total, shift = [], 0, 0
    for digit in str(right):
        total, shift = total * 10, shift + 1
        if part := left * int(digit):
            lines.append(f"{left}*{digit}={part}")
            if total:
                size = len(str(total)) if total >= 10000 else 0
                lines.append(f"{total}+{str(part).zfill(size)}={total + part}")
            total += part
            shift = 0
    return [*lines, f"{left}*{right}={total}"] if shift or not total else lines


def euclid(a, b, steps=lambda number, divisor: [remainder(number, divisor)]):
    """Remainders until one is 0 or 1, each by the lines of `steps`, and the greatest common divisor."""
    a, b, lines = max(a, b), min(a, b), []
    while b > 1:
        lines += steps(a, b)
        a, b = b, a % b
    return lines, b or a

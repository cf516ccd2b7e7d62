"""Polynomials as text and as terms, and the lines that add, multiply and expand them.

A polynomial maps monomials to coefficients, and is written as the answers of the questions are: highest power first
(`-2*c**3-859*c**2+15*c`), but a positive constant before a negative term (`2-l`). Like terms are put together from the
highest power on, a line for each that names it (`c**3:1-3=-(3-1)=-2`); a product is that of each term of the shorter
factor with the other. Does not cover division by polynomials, negative or rational powers, or what the letters stand
for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from microreason.mathematics.school.expressions import add_up, announce, work_out
from microreason.tasks.arithmetic.written import product

Monomial = tuple[tuple[str, int], ...]
"""Letters in order of the alphabet, each with its power."""
Polynomial = dict[Monomial, Fraction]
_TOKEN = re.compile(r"\d+|\*\*|[a-z]|[-+*/()]")


@dataclass
class Call:
    """A function's letter and what stands in its parentheses."""

    name: str
    argument: list[Term]


@dataclass
class Term:
    """A coefficient times powers of letters times factors that are sums in parentheses or calls."""

    coefficient: Fraction = Fraction(1)
    monomial: Monomial = ()
    factors: list[list[Term] | Call] = field(default_factory=list)


def parse(text: str) -> list[Term]:
    """The terms of a sum. Raises ValueError where it cannot be read.

    >>> parse("-2*x**3/3")
    [Term(coefficient=Fraction(-2, 3), monomial=(('x', 3),), factors=[])]
    """
    compact = text.replace(" ", "")
    tokens = _TOKEN.findall(compact)
    if "".join(tokens) != compact:
        raise ValueError(f"cannot read {text!r}")
    terms = _sum(tokens)
    if tokens:
        raise ValueError(f"cannot read {text!r} to its end")
    return terms


def _sum(tokens: list[str]) -> list[Term]:
    terms = [_term(tokens)]
    while tokens and tokens[0] in "+-":
        if tokens[0] == "+":
            tokens.pop(0)
        terms.append(_term(tokens))
    return terms


def _term(tokens: list[str]) -> Term:
    term = Term()
    _factor(term, tokens)
    while tokens and tokens[0] in ("*", "/"):
        if tokens.pop(0) == "*":
            _factor(term, tokens)
        else:
            divisor = Term()
            _factor(divisor, tokens)
            if divisor.monomial or divisor.factors or not divisor.coefficient:
                raise ValueError("no division by a number")
            term.coefficient /= divisor.coefficient
    return term


def _factor(term: Term, tokens: list[str]) -> None:
    """Take the factor at the start of the tokens into a term."""
    token = tokens.pop(0) if tokens else ""
    if token == "-":
        term.coefficient = -term.coefficient
        _factor(term, tokens)
    elif token.isdigit():
        term.coefficient *= int(token)
    elif token == "(":
        inner = _inside(tokens)
        if len(inner) == 1 and not inner[0].monomial and not inner[0].factors:
            term.coefficient *= inner[0].coefficient
        else:
            term.factors.append(inner)
    elif token.isalpha() and tokens[:1] == ["("]:
        tokens.pop(0)
        term.factors.append(Call(token, _inside(tokens)))
    elif token.isalpha():
        power = 1
        if tokens[:1] == ["**"]:
            tokens.pop(0)
            power = _power(tokens)
        term.monomial = times_monomial(term.monomial, ((token, power),) if power else ())
    else:
        raise ValueError(f"{token!r} is no factor")


def _inside(tokens: list[str]) -> list[Term]:
    terms = _sum(tokens)
    if not tokens or tokens.pop(0) != ")":
        raise ValueError("unbalanced parentheses")
    return terms


def _power(tokens: list[str]) -> int:
    token = tokens.pop(0) if tokens else ""
    if not token.isdigit():
        raise ValueError(f"{token!r} is no power")
    return int(token)


def times_monomial(left: Monomial, right: Monomial) -> Monomial:
    """The product of two monomials."""
    powers = dict(left)
    for letter, power in right:
        powers[letter] = powers.get(letter, 0) + power
    return tuple(sorted(powers.items()))


def _descending(monomials: Iterable[Monomial]) -> list[Monomial]:
    """Monomials from the highest power of the first letter down."""
    monomials = list(monomials)
    letters = sorted({letter for monomial in monomials for letter, _ in monomial})
    return sorted(monomials, key=lambda m: [dict(m).get(letter, 0) for letter in letters], reverse=True)


def ordered(polynomial: Polynomial) -> list[tuple[Monomial, Fraction]]:
    """Monomials and coefficients in the order in which they are written."""
    order = _descending(polynomial)
    if len(order) == 2 and not order[1] and len(order[0]) == 1 and polynomial[order[0]] < 0 < polynomial[()]:
        order.reverse()
    return [(monomial, polynomial[monomial]) for monomial in order]


def _write(monomial: Monomial, coefficient: Fraction) -> str:
    """A term without its sign."""
    top, bottom = abs(coefficient.numerator), coefficient.denominator
    factors = [letter if power == 1 else f"{letter}**{power}" for letter, power in monomial]
    if top != 1 or not factors:
        factors.insert(0, str(top))
    return "*".join(factors) + (f"/{bottom}" if bottom > 1 else "")


def write_sum(terms: Iterable[tuple[Monomial, Fraction]], gap: str = "") -> str:
    """A sum of terms in the order given, with `gap` around the signs between them."""
    text = ""
    for monomial, coefficient in terms:
        sign = "-" if coefficient < 0 else "+"
        text += (f"{gap}{sign}{gap}" if text else sign.strip("+")) + _write(monomial, coefficient)
    return text or "0"


def name_of(monomial: Monomial) -> str:
    """A monomial as it stands before a colon, `1` for that of constants."""
    return write_sum([(monomial, Fraction(1))])


def show(polynomial: Polynomial, gap: str = "") -> str:
    """A polynomial as it is written in lines, or with `gap=" "` in answers.

    >>> show({(("c", 3),): Fraction(-741), (): Fraction(2)}, " ")
    '2 - 741*c**3'
    """
    return write_sum(ordered(polynomial), gap)


def say(lines: list[str], text: str) -> None:
    """Add a line, unless the last one ends in it already."""
    if not lines or lines[-1].rpartition("=")[2] != text:
        lines.append(text)


def total(lines: list[str], values: list[Fraction], name: str = "") -> Fraction:
    """The sum of some coefficients; its lines join `lines`, the first of them after a `name` with a colon."""
    if all(value.denominator == 1 for value in values):
        line, number = add_up([int(value) for value in values])
        lines.append(name + line)
        return Fraction(number)
    sum_ = "+".join(f"({value})" for value in values)
    more, value = work_out(sum_)
    lines += [name + sum_, *more] if name else more
    return value


def times_number(lines: list[str], left: Fraction, right: Fraction) -> Fraction:
    """The product of two coefficients; lines are written where both have several digits or one is a fraction."""
    if left.denominator > 1 or right.denominator > 1:
        lines += work_out(f"({left})*({right})")[0]
    elif min(abs(left), abs(right)) > 9:
        lines += product(int(max(abs(left), abs(right))), int(min(abs(left), abs(right))))
    return left * right


def put_together(lines: list[str], terms: list[tuple[Monomial, Fraction]]) -> Polynomial:
    """Like terms added, a line for each power where some power comes twice.

    >>> lines = []
    >>> _ = put_together(lines, flat(parse("16*c - c + 0*c**3 + c**3 - 3*c**3 + 7")))
    >>> lines
    ['c**3:1-3=-(3-1)=-2', 'c:16-1=15', '1:7']
    """
    groups: dict[Monomial, list[Fraction]] = {}
    for monomial, value in terms:
        if value:
            groups.setdefault(monomial, []).append(value)
    order = _descending(groups)
    if all(len(values) == 1 for values in groups.values()):
        return {monomial: groups[monomial][0] for monomial in order}
    sums = {monomial: total(lines, groups[monomial], f"{name_of(monomial)}:") for monomial in order}
    return {monomial: value for monomial, value in sums.items() if value}


def flat(terms: list[Term]) -> list[tuple[Monomial, Fraction]]:
    """Monomials and coefficients of terms without further factors. Raises ValueError for others."""
    if any(term.factors for term in terms):
        raise ValueError("factors are left")
    return [(term.monomial, term.coefficient) for term in terms]


def terms_of(polynomial: Polynomial) -> list[Term]:
    """A polynomial as terms."""
    return [Term(value, monomial) for monomial, value in ordered(polynomial)]


def scaled(lines: list[str], monomial: Monomial, value: Fraction, polynomial: Polynomial) -> Polynomial:
    """A polynomial times one term; written products of coefficients join `lines`."""
    return {
        times_monomial(monomial, other): times_number(lines, value, factor)
        for other, factor in ordered(polynomial)
        if value
    }


def times(lines: list[str], left: Polynomial, right: Polynomial) -> Polynomial:
    """The product of two polynomials, the last line of which ends in it.

    >>> lines, x = [], (("x", 1),)
    >>> _ = times(lines, {x: Fraction(2), (): Fraction(1)}, {x: Fraction(1), (): Fraction(-4)})
    >>> lines
    ['2*x*(x-4)=2*x**2-8*x', '1*(x-4)=x-4', 'x**2:2', 'x:-8+1=-(8-1)=-7', '1:-4', '2*x**2-7*x-4']
    """
    if len(right) < len(left):
        left, right = right, left
    parts: list[tuple[Monomial, Fraction]] = []
    for monomial, value in ordered(left) or [((), Fraction(0))]:
        start = len(lines)
        part = scaled(lines, monomial, value, right)
        lines.append(f"{write_sum([(monomial, value)])}*({show(right)})={show(part)}")
        announce(lines, start)
        parts += ordered(part)
    out = put_together(lines, parts)
    say(lines, show(out))
    return out


def write(terms: list[Term]) -> str:
    """Terms with their factors, sums in parentheses and calls.

    >>> write(parse("-(x - 3)*(2*x) + 5*f(x)"))
    '-(x-3)*(2*x)+5*f(x)'
    """
    text = ""
    for term in terms:
        own = write_sum([(term.monomial, term.coefficient)])
        if term.factors:
            inner = "*".join(f"{f.name}({write(f.argument)})" if isinstance(f, Call) else f"({write(f)})"
                             for f in term.factors)  # fmt: skip
            own = f"{own[:-1]}{inner}" if own in ("1", "-1") else f"{own}*{inner}"
        text += own if own[0] == "-" or not text else f"+{own}"
    return text or "0"


def _put_together_inside(lines: list[str], terms: list[Term]) -> bool:
    """Put like terms together in the innermost parentheses; whether there were any."""
    changed = False
    for term in terms:
        for at, factor in enumerate(term.factors):
            if isinstance(factor, Call):
                raise ValueError("a function is not known")
            if any(inner.factors for inner in factor):
                changed |= _put_together_inside(lines, factor)
                continue
            monomials = [inner.monomial for inner in factor if inner.coefficient]
            if len(set(monomials)) < len(factor):
                lines.append(write(factor))
                term.factors[at] = terms_of(put_together(lines, flat(factor)))
                changed = True
    return changed


def _multiply(lines: list[str], terms: list[Term]) -> list[Term]:
    """The terms with the innermost products worked out, and those that are no more than a sum among the others."""
    out: list[Term] = []
    for term in terms:
        inner = [factor for factor in term.factors if not isinstance(factor, Call)]
        if any(part.factors for factor in inner for part in factor):
            term.factors = [_multiply(lines, factor) for factor in inner]
            out.append(term)
            continue
        polynomials = [put_together(lines, flat(factor)) for factor in inner]
        if polynomials and (term.monomial or term.coefficient != 1):
            polynomials.insert(0, {term.monomial: term.coefficient})
        for right in polynomials[1:]:
            polynomials[0] = times(lines, polynomials[0], right)
        out += terms_of(polynomials[0]) if polynomials else [term]
    return out


def expand(lines: list[str], terms: list[Term]) -> Polynomial:
    """A sum with parentheses worked out from the innermost ones on; the last line ends in it.

    >>> lines = []
    >>> _ = expand(lines, parse("(-x - 1 + 3)*(x + 4*x) - 2*x"))
    >>> lines[:6]
    ['-x-1+3', 'x:-1', '1:-1+3=3-1=2', 'x+4*x', 'x:1+4=5', '(2-x)*(5*x)-2*x']
    >>> lines[6:]
    ['5*x*(2-x)=-5*x**2+10*x', '-5*x**2+10*x-2*x', 'x**2:-5', 'x:10-2=8', '-5*x**2+8*x']
    """
    while any(term.factors for term in terms):
        if not _put_together_inside(lines, terms):
            terms = _multiply(lines, terms)
        if any(term.factors for term in terms):
            say(lines, write(terms))
    if lines and len(terms) > 1:
        say(lines, write(terms))
    out = put_together(lines, flat(terms))
    say(lines, show(out))
    return out

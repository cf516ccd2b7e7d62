"""Questions after sentences that define letters and functions: all modules `..._composed`, polynomials__evaluate, __add
and __compose.

Sentence by sentence: a line with what is defined and the known values in place of their letters (`k:3*k+6=15`,
`f(x):x+1+x`) where there is something to work out, then the steps, and a line with what was found (`k=3`,
`f(x)=2*x+1`). A polynomial is evaluated by Horner's scheme on the line of its coefficients (`f(-4):3,-94,-422,23`).
The question is then asked of the module without `_composed`, with numbers for letters; an answer that names one of
several values is turned back into what stands in the text. Does not cover definitions that no module of the generator
writes (gcd, remainders, products).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

from microreason.mathematics.school import comparison, linear, numbers, roots
from microreason.mathematics.school.expressions import decimal, work_out
from microreason.mathematics.school.factors import horner, written
from microreason.mathematics.school.numbers import Solver
from microreason.mathematics.school.polynomials import ORDINALS, derivative, read
from microreason.mathematics.school.terms import (
    Call,
    Monomial,
    Polynomial,
    Term,
    flat,
    ordered,
    parse,
    put_together,
    say,
    scaled,
    show,
    times,
    write,
)

_LETTER = re.compile(r"(?<![a-z'])([a-z])(?![a-z(])")
_CALL = re.compile(r"([a-z])\((-?\w+)\)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+|/\d+)?")
_ORDINAL = "|".join(ORDINALS)
_BETWEEN = re.compile(
    r"(\ba (?:factor|multiple|prime number|composite number)\b|to \d+ d[a-z ]+|nearest \d+"
    r"|[A-Za-z]{2,}(?:[-'][a-z]+)*|[?:.](?= |$)|, |  \([a-z]\) | (?:<=|>=|!=|<|>|=) )"
)
"""What stands between the operands of a question."""


class Scope:
    """What the sentences so far have defined, and the lines that found it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.values: dict[str, str] = {}
        self.functions: dict[str, tuple[str, Polynomial]] = {}

    def put_in(self, text: str) -> str:
        """An expression with the known values in place of their letters.

        >>> scope = Scope()
        >>> scope.values = {"s": "-4", "t": "7"}
        >>> scope.put_in("s*x + t - s = t*f(s)")
        '(-4)*x + 7 - (-4) = 7*f(-4)'
        """

        def value(found: re.Match[str]) -> str:
            number = self.values.get(found[1])
            if number is None:
                return found[1]
            before, behind = text[: found.start()].rstrip()[-1:], text[found.end() :].lstrip()[:1]
            inside = (before and before in "+-*/") or (behind and behind in "*/")
            apart = "/" in number and behind and behind in "+-"
            return f"({number})" if apart or (inside and not number.isdigit()) else number

        return _LETTER.sub(value, text)

    def name(self, letter: str, value: str) -> None:
        """Define a letter, and say so."""
        self.values[letter] = value
        if self.lines[-1:] != [f"{letter}={value}"]:
            self.lines.append(f"{letter}={value}")

    def number(self, expression: str, name: str = "") -> str:
        """The value of a call or of an expression of numbers and letters, as it is written; its lines begin with a
        `name` and a colon, if it has one."""
        text = self.put_in(expression)
        if call := _CALL.fullmatch(text):
            return str(self.call(call[1], int(call[2])))
        compact = text.replace(" ", "")
        lines, value = work_out(text)
        if name and len(lines) == 1:
            lines = [name + lines[0]]
        elif lines and (name or text != expression):
            lines.insert(0, name + compact)
        self.lines += lines
        return decimal(value) if "." in text and "/" not in text else str(value)

    def call(self, name: str, x: int) -> int:
        """The value of a function at a number."""
        letter, polynomial = self.function(name)
        degree = max((power for monomial in polynomial for _, power in monomial), default=0)
        powers = range(degree, -1, -1)
        coefficients = [polynomial.get(((letter, n),) if n else (), Fraction(0)) for n in powers]
        if any(c.denominator > 1 for c in coefficients):
            raise ValueError("a coefficient is no whole number")
        whole = [int(c) for c in coefficients]
        value = whole[-1]
        if x and degree:
            self.lines.append(f"{name}({x}):{written(whole)}")
            lines, values = horner(whole, x)
            self.lines += lines
            value = values[-1]
        self.lines.append(f"{name}({x})={value}")
        return value

    def function(self, name: str) -> tuple[str, Polynomial]:
        """Letter and polynomial of a function. Raises ValueError for an unknown one."""
        if name not in self.functions:
            raise ValueError(f"{name} is not defined")
        return self.functions[name]

    def equations(self, text: str) -> list[str]:
        """Equations with the known values in place of their letters, each that they change in a line of its own."""
        out = []
        for equation in text.split(", "):
            out.append(self.put_in(equation))
            if out[-1] != equation:
                self.lines.append(out[-1].replace(" ", ""))
        return out

    def polynomial(self, expression: str, name: str = "") -> Polynomial:
        """The polynomial that an expression of terms and calls amounts to; like terms are put together. Its lines begin
        with the expression where it has a `name`, or values took the place of letters."""
        text = self.put_in(expression)
        if name or text != expression:
            self.lines.append(name + text.replace(" ", ""))
        terms = parse(text)
        if not any(term.factors for term in terms):
            return put_together(self.lines, flat(terms))
        if len(terms) == 1 and terms[0].coefficient == 1:
            return self._factor(terms[0])
        parts: list[tuple[Monomial, Fraction]] = []
        for term in terms:
            factor, call, lines = self._factor(term), write([term]), self.lines
            claim = f"{call}={term.coefficient}*({show(factor)})" if term.coefficient != 1 else call
            start = len(lines)
            part = scaled(lines, term.monomial, term.coefficient, factor)
            if len(lines) > start:
                lines.insert(start, claim)
                claim = call
            lines.append(f"{claim}={show(part)}")
            parts += ordered(part)
        return put_together(self.lines, parts)

    def _factor(self, term: Term) -> Polynomial:
        """The polynomial of the call in a term, in the letter it is called with."""
        if len(term.factors) != 1 or not isinstance(term.factors[0], Call) or term.monomial:
            raise ValueError("no multiple of a call")
        name, argument = term.factors[0].name, term.factors[0].argument
        letter, polynomial = self.function(name)
        if len(argument) != 1 or argument[0].coefficient != 1 or not (argument[0].monomial or argument[0].factors):
            raise ValueError("no call of a letter or a call")
        if argument[0].factors:
            inner = self._factor(argument[0])
            body = re.sub(rf"(?<![a-z]){letter}(?![a-z])", f"({show(inner)})", show(polynomial))
            self.lines.append(f"{name}({write(argument)})={body}")
            return self._composed(letter, polynomial, inner)
        return {tuple((argument[0].monomial[0][0], n) for _, n in m): value for m, value in polynomial.items()}

    def _composed(self, letter: str, outer: Polynomial, inner: Polynomial) -> Polynomial:
        """The outer polynomial of the inner one by Horner's scheme."""
        degree = max((power for monomial in outer for _, power in monomial), default=0)
        out: Polynomial = {(): outer.get(((letter, degree),) if degree else (), Fraction(0))}
        for n in range(degree - 1, -1, -1):
            out = inner if out == {(): 1} else times(self.lines, out, inner)
            if constant := outer.get(((letter, n),) if n else ()):
                out = put_together(self.lines, [*ordered(out), ((), constant)])
                say(self.lines, show(out))
        return out

    def define(self, sentence: str, later: str) -> None:
        """Take in a sentence; `later` is the text behind it, which shows what of it is needed."""
        if found := re.fullmatch(r"Suppose (.+)\.", sentence):
            self._suppose(found[1], later)
        elif found := re.fullmatch(rf"Let (\w)\((\w)\) be the ({_ORDINAL}) derivative of (.+)\.", sentence):
            self._derivative(found[1], found[2], ORDINALS[found[3]], found[4])
        elif found := re.fullmatch(r"Let (\w)\((\w)\) = (.+)\.", sentence):
            self._function(found[1], found[2], found[3])
        elif found := re.fullmatch(r"Let (\w) (?:be|=) (.+)\.", sentence):
            self.name(found[1], self.number(found[2], f"{found[1]}:"))
        else:
            raise ValueError(f"no definition: {sentence!r}")

    def _suppose(self, text: str, later: str) -> None:
        equations = [self.put_in(equation) for equation in text.split(", ")]
        unknown = set(_LETTER.findall(" ".join(equations)))
        used = sorted(unknown & set(re.findall(r"(?<![A-Za-z'])[a-z](?![a-z'])", later)))
        if not used:
            raise ValueError(f"nothing of {text!r} is used")
        lines, values = linear.solve_linear(equations, used[-1])
        self.lines += [f"{used[-1]}:{','.join(equations)}".replace(" ", ""), *lines]
        self.name(used[-1], str(values[used[-1]]))

    def _function(self, name: str, letter: str, expression: str) -> None:
        start = len(self.lines)
        polynomial = self.polynomial(expression, f"{name}({letter}):")
        self.functions[name] = letter, polynomial
        if show(polynomial, " ") == expression:
            del self.lines[start:]
        self.lines.append(f"{name}({letter})={show(polynomial)}")

    def _derivative(self, name: str, letter: str, order: int, expression: str) -> None:
        polynomial = derivative(self.lines, self.polynomial(expression, f"{name}({letter}):"), letter, order)
        self.functions[name] = letter, polynomial
        self.lines.append(f"{name}({letter})={show(polynomial)}")


Question = Callable[[Scope, str], str]


def _numbers(scope: Scope, question: str) -> tuple[str, list[tuple[str, str]]]:
    """A question with numbers for all operands, and each number with what it stands for in the text."""
    parts = _BETWEEN.split(question)
    operands: list[tuple[str, str]] = []
    for at in range(0, len(parts), 2):
        if operand := parts[at].strip():
            known = scope.values.get(operand)
            value = known or (operand if _is_number(operand) else scope.number(operand))
            operands.append((value, operand))
            parts[at] = parts[at].replace(operand, value)
    if len(operands) > 1:
        scope.lines.append(",".join(value for value, _ in operands))
    return "".join(parts), operands


def _is_number(text: str) -> bool:
    """Whether a text is a number with nothing to work out."""
    return bool(_NUMBER.fullmatch(text)) and ("/" not in text or str(Fraction(text)) == text)


def _asks(solver: Solver) -> Question:
    """A question that another module answers once its operands are numbers."""

    def answer(scope: Scope, question: str) -> str:
        text, _ = _numbers(scope, question)
        lines, out = solver(text)
        scope.lines += lines
        return out

    return answer


def _compares(solver: Solver) -> Question:
    """A question whose answer names numbers as the text does; what is closest to a number comes after it there."""

    def answer(scope: Scope, question: str) -> str:
        text, operands = _numbers(scope, question)
        lines, out = solver(text)
        scope.lines += lines
        named = ", ".join(dict(operands).get(part, part) for part in out.split(", "))
        if named != out:
            scope.lines.append(named if ", " in named else f"{named}={out}")
        return named

    return answer


def _linear(scope: Scope, question: str) -> str:
    found = read(r"Solve (.+) for ([a-z])\.", question)
    equations = ", ".join(scope.equations(found[1]))
    lines, out = linear.SOLVERS["algebra__linear_2d"](f"Solve {equations} for {found[2]}.")
    scope.lines += lines
    return out


def _roots(scope: Scope, question: str) -> str:
    if found := re.fullmatch(r"Factor (.+)\.", question):
        wording = "Factor {}."
    else:
        found = read(r"(?:Suppose|Let|What is [a-z] in|Solve|Find [a-z]|Determine [a-z])"
                     r"(?:,? (?:such|so|given) that)? (.+) = 0(?: for [a-z])?[.?](?: .*)?", question)  # fmt: skip
        wording = "Solve {} = 0."
    polynomial = scope.polynomial(found[1])
    say(scope.lines, show(polynomial))
    lines, out = roots.SOLVERS["algebra__polynomial_roots"](wording.format(show(polynomial, " ")))
    scope.lines += lines
    return out


def _differentiate(scope: Scope, question: str) -> str:
    found = read(rf"(?:Find|What is|Differentiate)(?: the (?:({_ORDINAL}) )?derivative of)? (.+?) "
                 r"(?:wrt|with respect to) ([a-z])[.?]", question)  # fmt: skip
    polynomial = scope.polynomial(found[2])
    if not _CALL.fullmatch(found[2]):
        say(scope.lines, show(polynomial))
    out = derivative(scope.lines, polynomial, found[3], ORDINALS[found[1] or "first"])
    say(scope.lines, show(out))
    return show(out, " ")


def _evaluate(scope: Scope, question: str) -> str:
    return scope.number(read(r"(?:What is|Calculate|Give|Determine) (.+)[.?]", question)[1])


def _polynomial(scope: Scope, question: str) -> str:
    polynomial = scope.polynomial(read(r"(?:What is|Calculate|Give|Determine) (.+)[.?]", question)[1])
    say(scope.lines, show(polynomial))
    return show(polynomial, " ")


def _solver(question: Question) -> Solver:
    """A solver of texts that end in such a question."""

    def solve(text: str) -> tuple[list[str], str]:
        scope = Scope()
        sentences = re.split(r"(?<=[.?]) (?=[A-Z])", text)
        last = len(sentences) - 1
        if question is _roots and re.fullmatch(r"(?:What is|Calculate) [a-z][.?]", sentences[-1]):
            last -= 1
        for at, sentence in enumerate(sentences[:last]):
            scope.define(sentence, " ".join(sentences[at + 1 :]))
        answer = question(scope, " ".join(sentences[last:]))
        return scope.lines, answer

    return solve


SOLVERS: dict[str, Solver] = {
    "polynomials__evaluate": _solver(_evaluate),
    "polynomials__evaluate_composed": _solver(_evaluate),
    "polynomials__add": _solver(_polynomial),
    "polynomials__compose": _solver(_polynomial),
    "calculus__differentiate_composed": _solver(_differentiate),
    "algebra__linear_1d_composed": _solver(_linear),
    "algebra__linear_2d_composed": _solver(_linear),
    "algebra__polynomial_roots_composed": _solver(_roots),
} | {
    f"{name}_composed": _solver(way(solver))
    for module, way in ((comparison, _compares), (numbers, _asks))
    for name, solver in module.SOLVERS.items()
    if not name.endswith(("_big", "_more", "base_conversion"))
}

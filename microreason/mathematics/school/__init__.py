"""Steps for the questions of Saxton's school mathematics (saxton.py): what a good teacher would write, line by line.

Each module of the package knows some of the generator's modules; `lines` finds the one for a question. What none of
them can read has no steps, nor what would take more than `MAX_CHARACTERS`. Does not cover generating or grading
questions (mathematics/saxton.py).
"""

from microreason.mathematics.school import (
    arithmetic,
    comparison,
    definitions,
    linear,
    measurement,
    numbers,
    polynomials,
    probability,
    roots,
    sequences,
)

SOLVERS = (
    arithmetic.SOLVERS
    | comparison.SOLVERS
    | definitions.SOLVERS
    | linear.SOLVERS
    | measurement.SOLVERS
    | numbers.SOLVERS
    | polynomials.SOLVERS
    | probability.SOLVERS
    | roots.SOLVERS
    | sequences.SOLVERS
)

MAX_CHARACTERS = 1500
"""Longest solution, each line with its end."""


def lines(module: str, text: str) -> tuple[list[str], str]:
    """The lines for a question of a generator's module, and its answer, empty where the lines don't decide it.
    Raises ValueError where there are none.

    >>> lines("polynomials__evaluate", "Let f(a) = 3*a**2 - 94*a + 23. Calculate f(-4).")
    (['f(a)=3*a**2-94*a+23', 'f(-4):3,-94,23', '3*(-4)-94=-12-94=-(12+94)=-106', '-106*(-4)+23=424+23=447', \
'f(-4)=447'], '447')
    """
    if module not in SOLVERS:
        raise ValueError(f"there are no steps for {module!r}")
    steps, answer = SOLVERS[module](text)
    if sum(map(len, steps)) + len(steps) > MAX_CHARACTERS:
        raise ValueError("too long")
    return steps, answer

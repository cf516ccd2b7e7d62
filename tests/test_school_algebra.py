"""Steps of school algebra: equations are solved, polynomials factored and sequences continued as the generator wants,
on fresh questions, and every claim of a line is true.

Does not cover the questions made of several sentences (the composed modules).
"""

from fractions import Fraction

import pytest

from microreason.mathematics.school import linear, roots, sequences
from microreason.mathematics.school.factors import find
from microreason.verification.steps import check_arithmetic

SOLVERS = linear.SOLVERS | roots.SOLVERS | sequences.SOLVERS
SHARE = {"algebra__polynomial_roots": 0.6, "algebra__polynomial_roots_big": 0.3}
"""Of the questions at least this share must have steps; of the other modules all."""
TRAINING, TEST = 10, 4
"""Questions of each module."""

LINES = {
    "algebra__linear_1d": (
        "Solve 887*h = -1449*h + 414*h - 324*h + 67380 for h.",
        "h:887+1449-414+324=2336-414+324=1922+324=2246 / 1:67380 / 2246*h=67380 / 67380-2246*30=67380-67380=00000=0 / "
        "67380/2246=30 / h=30",
        "30",
    ),
    "algebra__linear_2d": (
        "Solve -3*x = -g + 10, 2*x - 19*g - 63 = 22 for x.",
        "-3*x+g=10 / x:2 / g:-19 / 1:63+22=85 / 2*x-19*g=85 / g:1,-19 / 19(1)+(2) / x:-3*19+2 / 19*3=57 / "
        "-57+2=-(57-2)=-55 / 1:10*19+85 / 19*1=19 / 19*10=190 / 190+85=275 / -55*x=275 / 275=55*5 / 275/(-55)=-5 / "
        "x=-5",
        "-5",
    ),
    "algebra__polynomial_roots": (
        "Factor 2*f**3 - 208*f**2 + 410*f - 204.",
        "2,-208,410,-204 / 1,-104,205,-102 / 205-104=101 / 2*101>104 / 104-2=102 / "
        "1*102-104=102-104=-(104-102)=-002=-2 / "
        "-2*102+205=-204+205=205-204=001=1 / 1*102-102=102-102=000=0 / f=102 / 1,-2,1 / 2/2=1 / 1-1=0 / f=1 / f=1 / "
        "2*(f-102)*(f-1)**2",
        "2*(f - 102)*(f - 1)**2",
    ),
    "algebra__polynomial_roots_big": (
        "Solve 2*z**2 - 822364484*z - 4934186976 = 0.",
        "2,-822364484,-4934186976 / 1,-411182242,-2467093488 / "
        "2467093488-411182242*6=2467093488-2467093452=0000000036=36 / "
        "2467093488/411182242>6 / 411182242+6=411182248 / 2467093488-411182248*6=2467093488-2467093488=0000000000=0 / "
        "2467093488/411182248=6 / z=-6 / z=411182248 / -6,411182248",
        "-6, 411182248",
    ),
    "algebra__sequence_next_term": (
        "What is the next term in 1500, 1495, 1482, 1461, 1432, 1395, 1350?",
        "1432-1461=-(1461-1432)=-0029=-29 / 1395-1432=-(1432-1395)=-0037=-37 / 1350-1395=-(1395-1350)=-0045=-45 / "
        "-37--29=-(37-29)=-8 / -45--37=-(45-37)=-8 / -45-8=-(45+8)=-53 / 1350-53=1297",
        "1297",
    ),
    "algebra__sequence_nth_term": (
        "What is the s'th term of -5, -22, -51, -92?",
        "-22--5=-(22-5)=-17 / -51--22=-(51-22)=-29 / -92--51=-(92-51)=-41 / -29--17=-(29-17)=-12 / "
        "-41--29=-(41-29)=-12 / -17--12=-(17-12)=-5 / -5--5=5-5=0 / -12/2=-6 / -5--6=6-5=1 / -6*s**2+s",
        "-6*s**2 + s",
    ),
}


@pytest.mark.parametrize("module", SOLVERS)
def test_lines_of_an_example(module):
    text, lines, answer = LINES[module]
    assert SOLVERS[module](text) == (lines.split(" / "), answer)


def _fresh(module):
    """Questions and answers of training and the tests."""
    saxton = pytest.importorskip("microreason.mathematics.saxton")
    pytest.importorskip("mathematics_dataset")
    sets = [(saxton._train_modules(0.0, 1.0), TRAINING), *((saxton.test_modules()[t], TEST) for t in saxton.TESTS)]
    with saxton._seeded("school algebra"):
        return [saxton._draw(m[module], bool) for m, count in sets if module in m for _ in range(count)]


@pytest.mark.parametrize("module", SOLVERS)
def test_fresh_questions(module):
    solved = asked = 0
    for text, answer in _fresh(module):
        asked += 1
        try:
            lines, found = SOLVERS[module](text)
        except ValueError:
            continue
        solved += 1
        assert found == answer, text
        assert all(check_arithmetic(line) is not False for line in lines), text
        assert lines[-1].replace(" ", "").endswith(answer.replace(" ", "")), text
    assert solved >= SHARE.get(module, 1) * asked


def test_solve_linear_gives_all_unknowns():
    lines, values = linear.solve_linear(["3*u + 2*f - 18 = 0", "4*u = 3*f + 2 + 22"])
    assert values == {"u": 6, "f": 0} and lines[-1] == "f=0" and "u=6" in lines
    assert linear.solve_linear(["0 = 2*x - --4*x - 12"])[1] == {"x": Fraction(-6)}
    lines, values = linear.solve_linear(["-4 = 2*h", "g - (-3)*h = 1"], "h")
    assert values == {"h": -2} and lines[-1] == "h=-2"


@pytest.mark.parametrize(
    "equations",
    [["2*x = 1"], ["x = x"], ["x*x = 1"], ["x = 1", "3 = 3"], ["x + y = 1"], ["x + y = 1", "2*x + 2*y = 2"]],
)
def test_equations_that_do_not_determine_whole_numbers_are_refused(equations):
    with pytest.raises(ValueError):
        linear.solve_linear(equations)


@pytest.mark.parametrize(
    ("leading", "found"),
    [
        (1, [-3, -1, -1, 0, 5]),
        (6, [Fraction(1, 2), Fraction(-4, 3), 7]),
        (1, [48, 169, 169]),
        (3, [351, 351, 351]),
        (7, [66, 11, -2, Fraction(2, 7)]),
        (2, [20, -14, -30]),
        (75, [Fraction(-7, 5), Fraction(-7, 5), Fraction(11, 3)]),
    ],
)
def test_every_way_to_a_root(leading, found):
    coefficients = [leading]
    for root in found:
        coefficients = [a - root * b for a, b in zip([*coefficients, 0], [0, *coefficients], strict=True)]
    lines, roots_ = find([int(c) for c in coefficients], "x")
    assert sorted(roots_) == sorted(found)
    assert all(check_arithmetic(line) is not False for line in lines)


@pytest.mark.parametrize("text", ["Factor x**2 - 2.", "Solve x**2 + 1 = 0.", "Factor x**3 - 7*x + 5.", "Factor 3.", ""])
def test_polynomials_without_rational_roots_are_refused(text):
    with pytest.raises(ValueError):
        roots.SOLVERS["algebra__polynomial_roots"](text)

"""Steps for the arithmetic modules: answers equal to the generator's, sound claims, and one example of each module."""

import re
from fractions import Fraction

import pytest

from microreason.mathematics.school.arithmetic import SOLVERS
from microreason.mathematics.school.expressions import work_out
from microreason.tasks import get_task
from microreason.verification.steps import check_arithmetic, evaluate

QUESTIONS = 10
EXAMPLES = {
    "add_or_sub": (
        "What is 63904344 less than -2.427?",
        [
            "-2.427-63904344.000=-(2.427+63904344.000)",
            "427+000=427",
            "2+4344=4346",
            "-(2.427+63904344.000)=-63904346.427",
        ],
        "-63904346.427",
    ),
    "add_or_sub_in_base": (
        "In base 6, what is 154 + 104?",
        ["154+104", "4+4=8=6+2", "15|10|2", "5+0+1=6=6+0", "1|1|02", "1+1+1=3", "||302", "302"],
        "302",
    ),
    "add_sub_multiple": (
        "Calculate (-2 - (-29 - (6 - 2))) + 8.",
        ["6-2=4", "(-2-(-29-4))+8", "-29-4=-(29+4)=-33", "(-2--33)+8", "-2--33=33-2=31", "31+8=39"],
        "39",
    ),
    "div": (
        "Calculate 1485 divided by -60.",
        [
            "1485/(-60)", "1485-60*20=1485-1200=0285=285", "285-60*4=285-240=045=45", "60%45=15", "45%15=0",
            "1485-15*90=1485-1350=0135=135", "135-15*9=135-135=000=0", "1485=15*99", "1485/(-60)=-(99*15)/(4*15)=-99/4",
        ],
        "-99/4",
    ),
    "mixed": (
        "What is 61 + 7/((-14)/6)?",
        ["-14/6=-(7*2)/(3*2)=-7/3", "61+7/(-7/3)", "7/(-7/3)=7*(-3/7)=-(7/7)*3=-1*3=-3", "61+-3=61-3=58"],
        "58",
    ),
    "mul": (
        "Product of -29.3 and 0.15.",
        ["293*1=293", "293*5=1465", "2930+1465=4395", "1+2=3", "(-29.3)*0.15=-4.395"],
        "-4.395",
    ),
    "mul_div_multiple": (
        "(72/(-10))/3*-5",
        [
            "72/(-10)", "72%10=2", "10%2=0", "72/(-10)=-(36*2)/(5*2)=-36/5", "(-36/5)/3*(-5)",
            "(-36/5)/3=(-36/5)*(1/3)=-(36/3)*(1/5)=-12*(1/5)=-12/5", "(-12/5)*(-5)=12*(5/5)=12*1=12",
        ],
        "12",
    ),
    "nearest_integer_root": (
        "What is the cube root of 6711 to the nearest integer?",
        [
            "6|711", "1*1*1=1", "6-1=5", "1*1=1", "300*1=300", "30*1=30", "300+30*8+8*8=300+240+64=604", "604*8=4832",
            "5711-4832=0879=879", "18*1=18", "18*8=144", "180+144=324", "4*879=3516", "6*324+3*18=1944+54=1998",
            "3516>1998", "18+1=19",
        ],
        "19",
    ),
    "simplify_surd": (
        "Simplify (sqrt(12) - (2 - sqrt(3)))**2.",
        [
            "√12", "12=4*3", "√12=2√3", "√3", "(2√3-(2-√3))**2", "2√3-(2-√3)=-2+3√3", "(-2+3√3)**2", "3*3=9", "9*3=27",
            "2*(-2)=-4", "(-4)*3=-12", "(-2+3√3)**2=(4+27)-12√3=31-12√3",
        ],
        "31 - 12*sqrt(3)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("module", EXAMPLES)
def test_example(module):
    text, lines, answer = EXAMPLES[module]
    assert SOLVERS[f"arithmetic__{module}"](text) == (lines, answer)


def _value(claim):
    """Parts of a claim about roots as floats."""
    for part in claim.split("="):
        yield eval(re.sub(r"√(\d+|\([^()]*\))", r"(\1)**0.5", re.sub(r"(?<=[\d)])√", "*√", part)))


@pytest.mark.parametrize("module", SOLVERS)
def test_answers_are_the_generators_and_claims_are_sound(module):
    pytest.importorskip("mathematics_dataset")
    from microreason.mathematics.saxton import _draw, _seeded, _train_modules, test_modules

    sampler = _train_modules(0.0, 1.0).get(module) or test_modules()["extrapolation"][module]
    for i in range(QUESTIONS):
        with _seeded(f"test/{module}/{i}"):
            question, answer = _draw(sampler, bool)
        lines, found = SOLVERS[module](question)
        assert found == answer, question
        for line in lines:
            assert check_arithmetic(line) is not False, (question, line)
            if "√" in line:
                first, *others = _value(line)
                assert others == pytest.approx([first] * len(others)), (question, line)


@pytest.mark.parametrize("text", ["What is the time?", "Add 3 and x.", "In base 3, what is 1 * 2?"])
def test_other_questions_are_refused(text):
    for solve in SOLVERS.values():
        with pytest.raises(ValueError):
            solve(text)


@pytest.mark.parametrize(
    "expression, value",
    [("3--4", 7), ("(-8)/(-2)*(-3)", -12), ("-(2+3)*4", -20), ("0.6/0.25", "12/5"), ("5/8+1/12", "17/24"), ("0*3", 0)],
)
def test_expressions_end_in_their_value(expression, value):
    lines, found = work_out(expression)
    assert found == Fraction(value) == evaluate(lines[-1].rpartition("=")[2])


@pytest.mark.parametrize("expression", ["1/0", "3+", "(3", "2**2", "x+1", "3)", "1/(2-2)"])
def test_expressions_that_cannot_be_worked_out(expression):
    with pytest.raises(ValueError):
        work_out(expression)


def test_the_drill_of_differences():
    task = get_task("differences")
    for index in range(300):
        problem = task.generate(1, index, "easy")
        solution = task.expert(problem)
        assert task.grade(problem, solution.answer) == 1
        assert all(check_arithmetic(step.text) is not False for step in solution.steps), problem.text
        assert sum(map(str.isdigit, problem.text)) <= 16
        assert evaluate(problem.text.rstrip("=")) == Fraction(solution.answer) or "%" in problem.text

"""Steps for questions about polynomials: literal examples, and fresh questions of each module."""

import pytest

from microreason.mathematics import saxton
from microreason.mathematics.school import lines
from microreason.verification.steps import check_arithmetic

EXAMPLES = {
    "polynomials__collect": (
        "Collect the terms in 0*c**3 + c**3 - 3*c**3 + 16*c - c - 859*c**2.",
        ["c**3:1-3=-(3-1)=-2", "c**2:-859", "c:16-1=15", "-2*c**3-859*c**2+15*c"],
        "-2*c**3 - 859*c**2 + 15*c",
    ),
    "polynomials__expand": (
        "Expand (-4 + 2 + 21)*(-9 + 9 - b + 5*b**2).",
        [
            "-4+2+21", "1:-4+2+21=-(4-2)+21=-2+21=21-2=19", "-9+9-b+5*b**2", "b**2:5", "b:-1", "1:-9+9=9-9=0",
            "(19)*(5*b**2-b)", "19*(5*b**2-b)=95*b**2-19*b",
        ],
        "95*b**2 - 19*b",
    ),
    "polynomials__coefficient_named": (
        "Express -3*g**2 - 8*g**3 - 2*g**3 + 8*g**3 - 10*g in the form j*g**2 + r*g + a + b*g**3 and give b.",
        ["b*g**3", "g**3:-8-2+8=-(8+2)+8=-10+8=-(10-8)=-2", "b=-2"],
        "-2",
    ),
    "polynomials__simplify_power": (
        "Simplify (b**(-19)/b)**(-5/7)*b assuming b is positive.",
        [
            "(-19-1)*(-5/7)+1", "-19-1=-(19+1)=-20", "(-20)*(-5/7)=(20*5)/7=100/7", "(100/7)+1",
            "(100/7)+1=(100+1*7)/7=(100+7)/7=107/7",
        ],
        "b**(107/7)",
    ),
    "polynomials__evaluate": (
        "Let f(a) = 3*a**3 - 422*a + 23. Calculate f(-4).",
        [
            "f(a)=3*a**3-422*a+23", "f(-4):3,0,-422,23", "3*(-4)=-12", "-12*(-4)-422=48-422=-(422-48)=-374",
            "-374*(-4)+23=1496+23=1519", "f(-4)=1519",
        ],
        "1519",
    ),
    "polynomials__add": (
        "Let z(k) = 1 - 3*k. Let i(m) = -371*m - 8. What is i(t) + 7*z(t)?",
        [
            "z(k)=1-3*k", "i(m)=-371*m-8", "i(t)=-371*t-8", "7*z(t)=7*(1-3*t)=7-21*t", "t:-371-21=-(371+21)=-392",
            "1:-8+7=-(8-7)=-1", "-392*t-1",
        ],
        "-392*t - 1",
    ),
    "polynomials__compose": (
        "Let g(w) = -w**2. Let t(u) = -u - 20. Give g(t(s)).",
        [
            "g(w)=-w**2", "t(u)=-u-20", "g(t(s))=-(-s-20)**2", "-1*(-s-20)=s+20", "s*(-s-20)=-s**2-20*s",
            "20*(-s-20)", "20*2=40", "20*20=400",
            "20*(-s-20)=-20*s-400", "s**2:-1", "s:-20-20=-(20+20)=-40", "1:-400", "-s**2-40*s-400",
        ],
        "-s**2 - 40*s - 400",
    ),
    "calculus__differentiate": (
        "Find the second derivative of -28044*h**3*k - 1015*h**2 - 52*h wrt h.",
        [
            "h**3*k:-28044", "(-28044)*3=-84132", "(-84132)*2=-168264", "h**2:-1015", "(-1015)*2=-2030",
            "-168264*h*k-2030",
        ],
        "-168264*h*k - 2030",
    ),
}  # fmt: skip


@pytest.mark.parametrize("module", EXAMPLES)
def test_examples(module: str) -> None:
    text, steps, answer = EXAMPLES[module]
    assert lines(module, text) == (steps, answer)


@pytest.mark.parametrize("module", EXAMPLES)
def test_fresh_questions(module: str) -> None:
    samplers = saxton._train_modules(0.0, 1.0)[module], saxton.test_modules()["interpolation"][module]
    with saxton._seeded(f"school/{module}"):
        drawn = [saxton._draw(sampler, bool) for sampler in samplers for _ in range(4)]
    for question, answer in drawn:
        steps, found = lines(module, question)
        assert found == answer, question
        assert all(check_arithmetic(step) is not False for step in steps), question


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("polynomials__expand", "Expand (x + 1."),
        ("polynomials__expand", "Expand (x + 1)/x."),
        ("polynomials__collect", "Collect the terms in f(x) + 1."),
        ("polynomials__coefficient_named", "Express 2*x as a*x and give b."),
        ("polynomials__compose", "Let f(x) = 2*x. What is f(g(x))?"),
        ("calculus__differentiate", "Find the first derivative of x*y."),
        ("calculus__integrate", "Integrate x."),
    ],
)
def test_what_cannot_be_read(module: str, text: str) -> None:
    with pytest.raises(ValueError):
        lines(module, text)


@pytest.mark.parametrize(
    ("power", "answer"),
    [("x**(-1)", "1/x"), ("x*x", "x**2"), ("x**(1/2)", "sqrt(x)"), ("x/x", "1"), ("x**(-2)", "x**(-2)"), ("x", "x")],
)
def test_powers_are_written_as_answers_are(power: str, answer: str) -> None:
    assert lines("polynomials__simplify_power", f"Simplify {power} assuming x is positive.")[1] == answer

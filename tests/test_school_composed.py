"""Steps for questions after definitions: literal examples, fresh questions of each module, and the whole of `lines`."""

import pytest

from microreason.mathematics import saxton
from microreason.mathematics.school import SOLVERS, lines
from microreason.verification.steps import check_arithmetic

EXAMPLES = {
    "algebra__linear_1d_composed": (
        "Suppose 3*b + 4*b = 35. Solve 10 = -b*j - 0*j for j.",
        ["b:3*b+4*b=35", "b:3+4=7", "1:35", "7*b=35", "35/7=5", "b=5", "10=-5*j-0*j", "5*j=-10", "-10/5=-2", "j=-2"],
        "-2",
    ),
    "algebra__linear_2d_composed": (
        "Let p = -25 + 28. Solve -4*w + 10 = -6, -5*o = -p*w + 2 for o.",
        [
            "p:-25+28=28-25=3", "p=3", "-5*o=-3*w+2", "w:-4", "1:-10-6=-(10+6)=-16", "-4*w=-16", "3*w-5*o=2",
            "-16/(-4)=4", "w=4", "3*4-5*o=2", "4*3=12", "2-12=-(12-2)=-10", "-5*o=-10", "-10/(-5)=2", "o=2",
        ],
        "2",
    ),
    "algebra__polynomial_roots_composed": (
        "Let d be (-2)/(-1). Let 2*x**d - 8*x = 0. What is x?",
        ["d:-2/(-1)=2", "d=2", "2*x**2-8*x"],
        "0, 4",
    ),
    "calculus__differentiate_composed": (
        "Let h(n) be the first derivative of 17/15*n**6 + 29. What is the second derivative of h(w) wrt w?",
        [
            "h(n):17/15*n**6+29", "n**6:17/15", "(17/15)*6=17*(6/15)=17*(2/5)=34/5", "h(n)=34*n**5/5", "w**5:34/5",
            "5*4=20", "(34/5)*20=34*(20/5)=34*4=136", "136*w**3",
        ],
        "136*w**3",
    ),
    "comparison__closest_composed": (
        "Let p be 3 - 2. Let t = 0.5 - 0.1. What is the nearest to p in -4, t, 3?",
        ["p:3-2=1", "p=1", "t:0.5-0.1=0.4", "t=0.4", "1,-4,0.4,3"],
        "t",
    ),
    "comparison__kth_biggest_composed": (
        "Let l = 0.24 - 21.24. Which is the smallest value?  (a) -0.2  (b) 0.3  (c) l",
        ["l:0.24-21.24=-(21.24-0.24)=-21.00", "l=-21", "-0.2,0.3,-21"],
        "c",
    ),
    "comparison__pair_composed": (
        "Let m = -902 - -929. Let s = -81 - -107. Which is smaller: s or m?",
        ["m:-902--929=929-902=027=27", "m=27", "s:-81--107=107-81=026=26", "s=26", "26,27", "26<27", "s=26"],
        "s",
    ),
    "comparison__sort_composed": (
        "Let u = -38.67 - -40. Put 2, -6, u in descending order.",
        ["u:-38.67--40.00=40.00-38.67=01.33=1.33", "u=1.33", "2,-6,1.33"],
        "2, u, -6",
    ),
    "numbers__div_remainder_composed": (
        "Let z(g) = g + 5. What is the remainder when 95 is divided by z(19)?",
        ["z(g)=g+5", "z(19):1,5", "1*19+5=19+5=24", "z(19)=24", "95,24"],
        "23",
    ),
    "numbers__gcd_composed": (
        "Suppose -4*z + 5*m - 67 = -5*z, 158 = 2*z - 2*m. What is the greatest common factor of 11 and z?",
        [
            "z:-4*z+5*m-67=-5*z,158=2*z-2*m", "z:-4+5=5-4=1", "m:5", "1:67", "z+5*m=67", "-2*z+2*m=-158", "m:5,2",
            "2(1)-5(2)", "z:1*2--2*5", "5*2=10", "2+10=12", "1:67*2--158*5", "67*2=134", "158*5=790", "134+790=924",
            "12*z=924", "924=12*70+84=12*77", "924/12=77", "z=77", "11,77",
        ],
        "11",
    ),
    "numbers__is_factor_composed": (
        "Let k be 26/4*2. Is k a multiple of 4?",
        ["k:26/4*2", "26/4=(13*2)/(2*2)=13/2", "(13/2)*2=13*(2/2)=13*1=13", "k=13", "13,4"],
        "False",
    ),
    "numbers__is_prime_composed": (
        "Is 3 + -1 + 23 a prime number?",
        ["3+-1=3-1=2", "2+23=25"],
        "False",
    ),
    "numbers__lcm_composed": (
        "Let z be 3 + 9. What is the least common multiple of z and 2?",
        ["z:3+9=12", "z=12", "12,2"],
        "12",
    ),
    "numbers__list_prime_factors_composed": (
        "Let f = 28 - 14. List the prime factors of f.",
        ["f:28-14=14", "f=14"],
        "2, 7",
    ),
    "numbers__place_value_composed": (
        "Let v = 40000 + 89. What is the tens digit of v?",
        ["v:40000+00089=40089", "v=40089"],
        "8",
    ),
    "numbers__round_number_composed": (
        "Let l = 0.24 - 6. What is l rounded to 1 dp?",
        ["l:0.24-6.00=-(6.00-0.24)=-5.76", "l=-5.76"],
        "-5.8",
    ),
    "polynomials__evaluate_composed": (
        "Let b(t) = 3*t - 3*t + t**2. Let l(d) = 4*d**2 - d. Let z(i) = -7*b(i) + 2*l(i). Calculate z(-4).",
        [
            "b(t):3*t-3*t+t**2", "t**2:1", "t:3-3=0", "b(t)=t**2", "l(d)=4*d**2-d", "z(i):-7*b(i)+2*l(i)",
            "-7*b(i)=-7*(i**2)=-7*i**2", "2*l(i)=2*(4*i**2-i)=8*i**2-2*i", "i**2:-7+8=8-7=1", "i:-2", "z(i)=i**2-2*i",
            "z(-4):1,-2,0", "1*(-4)-2=-4-2=-(4+2)=-6", "-6*(-4)=24", "z(-4)=24",
        ],
        "24",
    ),
}  # fmt: skip
"""Question, the lines it begins with, and answer; what follows is the other module's."""


@pytest.mark.parametrize("module", EXAMPLES)
def test_examples(module: str) -> None:
    text, steps, answer = EXAMPLES[module]
    found, out = lines(module, text)
    assert (found[: len(steps)], out) == (steps, answer)


@pytest.mark.parametrize("module", EXAMPLES)
def test_fresh_questions(module: str) -> None:
    """Numbers too large for steps are the one reason to have none."""
    samplers = saxton._train_modules(0.0, 0.8)[module], saxton.test_modules()["interpolation"][module]
    with saxton._seeded(f"school/{module}"):
        drawn = [saxton._draw(sampler, bool) for sampler in samplers for _ in range(2)]
    for question, answer in drawn:
        try:
            steps, found = lines(module, question)
        except ValueError as error:
            assert str(error) == "too long", question
            continue
        assert found == answer or (not found and "prime" in module), question
        assert all(check_arithmetic(step) is not False for step in steps), question


@pytest.mark.parametrize(
    "text",
    [
        "Let f be 2*x. What is f(2)?",
        "What is f(2)?",
        "Let a be the remainder when 7 is divided by 2. What is a?",
        "Suppose 3*a = 6. Let f(x) = 2*x. What is f(2)?",
        "Suppose 2*a = 2*a. Let f(x) = 2*x. What is f(a)?",
    ],
)
def test_what_cannot_be_read(text: str) -> None:
    with pytest.raises(ValueError):
        lines("polynomials__evaluate_composed", text)


def test_a_target_with_the_value_of_an_option_is_not_the_answer() -> None:
    text = "Let n = -0.2 - -1.2. What is the closest to n in 0.4, 1, 5?"
    assert lines("comparison__closest_composed", text)[1] == "1"


def test_all_modules_are_covered() -> None:
    names = {name for modules in saxton.test_modules().values() for name in modules}
    assert set(SOLVERS) == names
    assert lines("polynomials__collect", "Collect the terms in x + x.") == (["x:1+1=2", "2*x"], "2*x")
    with pytest.raises(ValueError):
        lines("polynomials__divide", "Divide x by x.")

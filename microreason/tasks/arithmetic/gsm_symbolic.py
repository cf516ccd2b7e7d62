"""gsm_symbolic: word problems of about 85 stories with changing names and numbers.

Each line is one operation on numbers of the story or of earlier lines. A product of several digits goes digit by digit
(`written.product`), a quotient is a division line (`120=5*20+20=5*24`), a percentage is a product and then `/100`; a
product with decimals is worked out without the point first; ` 2.12~2` rounds a price (half to even). Knows the stories
of the table below only: what identifies each, and its operations (a, b, c are the numbers in the order of the story, A,
B, C the results of the operations; `/` drops a remainder, `:` keeps decimals). A few answers of the library are one
less than the story's, because it cuts off sums such as 57.9999 that should be whole; negative ones it never accepts.
"""

import re
from fractions import Fraction

from microreason.solution import Problem, Solution
from microreason.tasks.arithmetic.written import division, product
from microreason.tasks.base import GymTask

_STORIES = """
a minute and saute|d/a d/b B*c A+C
tube of bouncy balls|a+b A+c d-B
leave early today|a*b A/100 a-B c*C D/100 B+E
was a pen pal|a-b A*c B*d C*e D/60
s worth of .* should she bake|a*b A/c
autograph books|b+c e-A
times the number of boys|a*b a+A
avid gardener|b*c A+a c*d B-C
teaspoonfuls|a+b c/A a*B
He also buys \\d+ packs|a*b c*d e*f B+C A-D
times as old as|a*c A-b
combined total of|a*b A+b c-d c+C B+D
playing these games|a*c b*d A+B
biggest waterslide|a/b c/d A-B
wants to exercise|b+c a*A
athletic gear|a+b c/2 e-d a+A D+B E+C
times as many \\w+ friends as|c/a b*A
total number of unoccupied|a/c a-A d*7 C*e B-D
points in one game|a/2 A+b a+B
popping popcorn|a*c a*e B/2 C/4 a+A E+B F+C G+D
won't he be able|a*c b-A
flower bed|a/b A-c B*d
brokerage fee which|b*c A:100 b*d C:100 b+B E+D F-a
in missed income|a*b A-c
orbits the sun|b*c A-a
nutritional info|d-e b/c A*B C/a
A juggler|a*b A:100 B*c C:100
collects garbage|b*c A*d B:100 A+C A+D E*f F*g
more expensive brand|a*b A:100 a+B c*7 C*D E+d
puppies|a+c b+d B*100 C/A
various hobbies|c*2 a-b B-c C-A
sliced an|b+c A+d b+A C+B
cash register|a*b A+b B*7
twins each found|b*2 a-A B-c
-item quiz|a*b A:100 a-B B*c D:100 C/2 E+F
knitting|b+c A+d B+e C+f a*D
-graders at|a-b A-d
's cards, there are|a*b A:100 a+B a+C D+D
raising money|b/2 A+a b-B
net proceeds|a*b A:100 a*c C:100 B+D E+d a-F
fewer \\w+ than he has|a-b a+A
balls are sold|a*d b*e c*f A+B D+C
out of plastic|c+b A-a
spill|a-e A*b c*d B+C
school supplies|a*b c*d A+B C+e
loaves|a*c b*d A-B
vending machines|100-e c*A a*d B-C D/b
piece puzzle|a/2 A+b
round of|c*e b+d B+A a/C D-1
re-writing|a*b a*c A+B C*2
-sided die|a-b A*100 B/a C-25
to walk to|a-b A-c
number of insects|a/2 a+A
family is busy|b+c a-A
twice that number|a*2 b+c a+A C+B
did he consume|a*b A*c
fog bank|c/b A*a
walking trail|b*2 c*d B/A d+C
how many days will|b*c A+b a/B
dozens of eggs|a*b c*d A+B C/12
watches TV|a*2 e*2 A+B C+c D*60 f*60 F-E G-d H/b
picks \\d+ .* on \\w+|a+b c*a A+B
infected person|a*b a+A B*b B+C D*b D+E
required to submit|a/c A*b a-B
tripped over|a-b A+c B-d
per dozen|a*b c*d e*f A+B D+C
an unknown number|a*b c-a B-A
for a fundraiser|a+c a+A B*e d-b d+D E*f C+F
tubes of|a/2 b*3 A+B
years apart|a+b A+b B/2
spools of thread|a+b c+d A+B A*100 D/C
works for a year|a*b A*c B*12
emails a day|a*b A:100 a-B C*c
of fence|a-b A/2
the water is cold|a*c A+b B*d a*d C-D
perimeter of the room in feet|b*3 a/A B+A C*2
perimeter of the room in meters|a/b A+b B*2
is holding graduation|b+c a-A B/b
Easter egg hunt|a*12 b*c B-d C/2 b+B E+C F+D A-G
within a year|a*b 12/c A*B
round all his prices|a~ b~ c~ d*A e*B f*C D+E G+F
slew|a*b A*c B*d
shares of a stock|a*b A*c B:100 A+C D*d E:100 D-F
eat in one week|a+b A+c B*7
eat in one month|a+b A+c B*30
feeding his livestock|a*2 A-b B*d a*c C+D
from a bin|b*c a-A
"""
_TABLE = [tuple(line.split("|")) for line in _STORIES.strip().split("\n")]
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_STEP = re.compile(r"([a-zA-Z]|\d+)([-+*/:~])([a-zA-Z]|\d*)")


def _write(value):
    """A number with as few decimals as it needs."""
    return str(value) if value.denominator == 1 else f"{float(value):.6f}".rstrip("0")


def _operate(x, sign, y, lines):
    if sign == "~":
        lines.append(f" {_write(x)}~{round(x)}")
        return Fraction(round(x))
    if sign == "/":
        scale = max(x.denominator, y.denominator)
        lines.append(division(int(x * scale), int(y * scale)))
        return Fraction(x // y)
    if y.denominator == 3:  # thirds are no decimals
        lines.append(f"{x}*{y.numerator}={x * y.numerator}")
        return _operate(x * y.numerator, "/", Fraction(3), lines)
    if 100 % x.denominator:  # hours such as 18.1666666666
        whole, part = _operate(Fraction(x // 1), sign, y, lines), x % 1
        lines.append(f"{y}*{part.numerator}/{part.denominator}={part * y}")
        return _operate(whole, "+", part * y, lines)
    value = x + y if sign == "+" else x - y if sign == "-" else x * y if sign == "*" else x / y
    line = f"{_write(x)}{sign}{_write(y)}={_write(value)}".replace(":", "/")
    if sign != "*" or (min(x, y) < 10 and x.denominator == y.denominator == 1):
        lines.append(line)
        return value
    small, big = sorted(int(re.sub(r"\D", "", _write(n))) for n in (x, y))
    steps = product(big, small)
    lines += steps[:-1] if len(steps) == 1 else steps
    if x.denominator * y.denominator > 1 or len(steps) == 1:
        lines.append(line)
    return value


def _solve(text):
    story = text.rpartition(" Give the result")[0]
    program = next(program for anchor, program in _TABLE if re.search(anchor, story))
    if "raising money" in story:
        story = story.replace("1/2", "half")
    if "re-writing the alphabet" in story:
        story = "26" + story
    numbers = [Fraction(n.replace(",", "")).limit_denominator(100) for n in _NUMBER.findall(story)]
    lines, results = [], []

    def value(name):
        if name.isdigit() or not name:
            return Fraction(name or 0)
        return numbers["abcdefgh".index(name)] if name.islower() else results["ABCDEFGH".index(name)]

    for step in program.split():
        left, sign, right = _STEP.fullmatch(step).groups()
        results.append(_operate(value(left), sign, value(right), lines))
    return lines, _write(results[-1])


class GsmSymbolic(GymTask):
    name, category = "gsm_symbolic", "arithmetic"
    pattern = re.compile(r" Give the result as your final answer\. Do not include units\.$")
    exact = False

    def params(self, difficulty, rng):
        return {}

    def expert(self, problem: Problem) -> Solution:
        return Solution.of(*_solve(problem.text))

    def check(self, text, previous, step):
        lines, _ = _solve(text)
        return step in lines

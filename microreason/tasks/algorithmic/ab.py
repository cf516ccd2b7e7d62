"""ab: the final state of an A::B program, where `X#` and `#X` of one letter cancel and pass the other letter.

So `A#`/`#A` match like brackets, whatever B does. The first line numbers the tokens a, b, c … Then one line
per token: its number, the token, and the state after it. In the state `BB#AAB` the letters before `#` are the
`#X` that met no open partner, those after it are the open `X#`. `#X` closes the last open X; without one it
goes left. Covers what the rules reduce to; programs of the generator always halt. Token numbers repeat after
26.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask


def _number(i):
    return " " + "abcdefghijklmnopqrstuvwxyz"[i % 26]


def _after(state, token):
    left, _, right = state.partition("#")
    letter = token.strip("#")
    if token[0] != "#":
        return f"{left}#{right}{letter}"
    before, found, behind = right.rpartition(letter)
    return f"{left}#{before}{behind}" if found else f"{left}{letter}#{right}"


class AB(GymTask):
    name, category = "ab", "algorithmic"
    pattern = re.compile(r"^A::B is a system with 4 tokens: `A#`, `#A`, `B#` and `#B`\.")
    hard = {"length": 25}

    def params(self, difficulty, rng):
        top = round(2 + 23 * difficulty)
        return {"length": top if rng.random() < 0.5 else rng.randint(max(1, top // 2), top)}

    def _program(self, text):
        return text.partition("following program:")[2].partition("Return")[0].split()

    def expert(self, problem: Problem) -> Solution:
        program, state = self._program(problem.text), "#"
        lines = ["".join(_number(i) + token for i, token in enumerate(program))]
        for i, token in enumerate(program):
            state = _after(state, token)
            lines.append(f"{_number(i)}{token}:{state}")
        left, _, right = state.partition("#")
        return Solution.of(lines, " ".join(["#" + x for x in left] + [x + "#" for x in right]))

    def check(self, text, previous, step):
        program = self._program(text)
        if ":" not in step:
            return step == "".join(_number(i) + token for i, token in enumerate(program))
        done = [line.partition(":")[2] for line in previous if ":" in line]
        if len(done) >= len(program):
            return False
        token = program[len(done)]
        return step == f"{_number(len(done))}{token}:{_after(done[-1] if done else '#', token)}"

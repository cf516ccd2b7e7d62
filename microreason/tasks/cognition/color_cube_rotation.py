"""color_cube_rotation: the colours of a cube after many rotations.

The first line says the colours of top, right, front, left, back and bottom; then one line a rotation: the word the
sentence begins with, the side that comes up, the six colours after it; then a line that names each side, and the side
asked for with its colour. Does not cover sides other than the six.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

SIDES = ("top", "right", "front", "left", "back", "bottom")
_TURN = {"front": (2, 1, 5, 3, 0, 4), "right": (1, 5, 2, 0, 4, 3), "back": (4, 1, 0, 3, 5, 2),
         "left": (3, 0, 2, 5, 4, 1), "bottom": (5, 1, 4, 3, 2, 0)}  # fmt: skip
_ROTATION = re.compile(r"\n(Then|After|Now|Next)\b[^\n]*? (front|right|back|left|bottom) (?:side |face )")
_FIRST = re.compile(r"\n(The) cube is rotated so that the side which was before at the (\w+) is")


def _line(words, colours):
    return "".join(f" {w}" for w in (*words, *colours))


def _named(colours):
    return "".join(f" {side}={colour}" for side, colour in zip(SIDES, colours, strict=True))


def _asked(text, colours):
    side = re.search(r"color of the (\w+) side of the cube\?", text)[1]
    return f" {side}={colours[SIDES.index(side)]}"


def _read(text):
    found = dict((side, colour) for colour, side in re.findall(r"- an? (\w+) (\w+) side", text))
    turns = [m.groups() for m in [*_FIRST.finditer(text)]]
    turns += [m.groups() for m in _ROTATION.finditer(text)]
    return [found[s] for s in SIDES], turns


class ColorCubeRotation(GymTask):
    name, category = "color_cube_rotation", "cognition"
    pattern = re.compile(r"^A cube has:\n- an? ")
    hard = {"min_rotations": 10, "max_rotations": 50}

    def params(self, difficulty, rng):
        return {"min_rotations": 1, "max_rotations": 1 + round(45 * difficulty)}

    def expert(self, problem: Problem) -> Solution:
        colours, turns = _read(problem.text)
        lines = [_line((), colours)]
        for turn in turns:
            colours = [colours[i] for i in _TURN[turn[1]]]
            lines.append(_line(turn, colours))
        lines += [_named(colours), _asked(problem.text, colours)]
        return Solution.of(lines, lines[-1].partition("=")[2])

    def check(self, text, previous, step):
        colours, turns = _read(text)
        if not previous:
            return step == _line((), colours)
        words, before = step.split(), previous[-1].split()[-6:]
        if step.count("=") == 1:
            return "=" in previous[-1] and step == _asked(text, re.findall(r"=(\w+)", previous[-1]))
        if "=" in step:
            return len(previous) == len(turns) + 1 and step == _named(before)
        if len(words) != 8 or len(before) != 6:
            return None
        known = len(previous) <= len(turns) and tuple(words[:2]) == turns[len(previous) - 1]
        return known and words[2:] == [before[i] for i in _TURN[words[1]]]

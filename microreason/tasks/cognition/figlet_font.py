"""figlet_font: read a word drawn in large letters made of signs.

Each letter is copied out of the picture on its own, row by row, without the blank rows and columns around it, and
then named: `=C`. The answer is the letters. The expert finds the font by trying to cover the whole picture with the
glyphs of each font of that height, the next glyph at the leftmost sign that is not covered yet.
Does not cover pictures whose glyphs were fused with each other or with the ground between them: no lines there.
"""

import re
from functools import lru_cache

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import is_next
from microreason.tasks.base import GymTask


@lru_cache(maxsize=1)
def _fonts():
    """For each height the fonts of it: letters with the signs of their glyphs by place, most signs first."""
    from pyfiglet import FigletFont

    fonts = {}
    for name in sorted(FigletFont.getFonts()):
        font = FigletFont(name)
        glyphs = {}
        for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ ":
            rows = [row.replace(font.hardBlank, " ") for row in font.chars.get(ord(letter), [])]
            glyphs[letter] = _signs(rows)
        glyphs = sorted(((k, v) for k, v in glyphs.items() if v), key=lambda item: -len(item[1]))
        fonts.setdefault(font.height, []).append(glyphs)
    return fonts


def _signs(rows):
    """Signs by place, the leftmost at column 0."""
    places = {(r, c): sign for r, row in enumerate(rows) for c, sign in enumerate(row) if not sign.isspace()}
    left = min((c for _, c in places), default=0)
    return {(r, c - left): sign for (r, c), sign in places.items()}


def _cover(glyphs, bands):
    """The glyphs that cover the bands of a picture, or None."""
    out = []
    for band in bands:
        left = _signs(band)
        while left:
            start = min(c for _, c in left)
            fitting = (g for g in glyphs if all(left.get((r, c + start)) == sign for (r, c), sign in g[1].items()))
            if not (glyph := next(fitting, None)):
                return None
            out.append(glyph)
            for r, c in glyph[1]:
                del left[r, c + start]
    return [(letter, signs) for letter, signs in out if letter != " "]


@lru_cache(maxsize=64)
def _solve(text):
    """All lines, and the word."""
    rows = text.partition("\n\n")[2].removesuffix("\n").split("\n")
    for count in range(1, len(rows) + 1):
        height, rest = divmod(len(rows), count)
        bands = [rows[i : i + height] for i in range(0, len(rows), height)] if not rest else []
        for glyphs in _fonts().get(height, []) if bands else []:
            if found := _cover(glyphs, bands):
                lines = [line for letter, signs in found for line in (*_copy(signs), f"={letter}")]
                return lines, "".join(letter for letter, _ in found)
    return [], ""


def _copy(signs):
    rows = [r for r, _ in signs]
    for r in range(min(rows), max(rows) + 1):
        columns = [c for q, c in signs if q == r]
        yield "".join(signs.get((r, c), " ") for c in range(max(columns, default=0) + 1))


class FigletFont(GymTask):
    name, category = "figlet_font", "cognition"
    spelled = True
    exact = False  # some letters look the same in a font, and some fonts fuse them
    pattern = re.compile(r"^(?:What word does this say\?|Please read the following figlet font:)\n\n")
    hard = {"min_word_len": 5, "max_word_len": 10}

    def params(self, difficulty, rng):
        return {"min_word_len": 1 + round(4 * difficulty), "max_word_len": 2 + round(8 * difficulty)}

    def expert(self, problem: Problem) -> Solution:
        return Solution.of(*_solve(problem.text))

    def check(self, text, previous, step):
        lines = _solve(text)[0]
        return is_next(lines, previous, step)

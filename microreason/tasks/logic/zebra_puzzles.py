"""zebra_puzzles: who lives in house 1, from clues about the people of a row of houses.

First every clue in short form: ` carnations@1` (house 1), ` alice= darkness` (same house), ` bob< tea` (directly left
of), ` bob~ tea` (beside each other); children are written ` child bella`. Then the first clue that rules houses out for
its things, with the houses left for them: ` alice= darkness:34`, ` bob< tea:13,24`. When a category can be narrowed by
itself (a house taken, or possible for one thing only), a line says what changed: ` iris:34, lilies:2`. Where nothing
follows, a guess, ` desert:1?`, on a thing with fewest houses; a thing without houses refutes it, and `/` with all
houses left follows. The end is a name fixed to house 1, or under a guess every thing fixed. Up to 7 houses.
"""

import re
from functools import lru_cache

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask

_HOUSES = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh"]
_SPOKEN = {"brit": "british", "swede": "swedish", "roses": "rose"}
_FITS = {"=": lambda a, b: a == b, "<": lambda a, b: a + 1 == b, "~": lambda a, b: abs(a - b) == 1}
_CLUE = re.compile(r" ([a-z\d ]+)([=<~]) ([a-z\d ]+):(\d*)(?:,(\d*))?")
_STATE = re.compile(r" ([a-z\d ]+):(\d*)")


def _thing(phrase, rows):
    """The thing that a phrase such as `the Desert smoothie lover` means, or None."""
    phrase = phrase.lower()
    if phrase in rows[0]:
        return phrase
    child = "child" in phrase or "mother" in phrase
    found = {}
    for thing in (thing for row in rows[1:] for thing in row):
        word = thing.removeprefix("child ")
        word = _SPOKEN.get(word, word)
        if thing.startswith("child ") == child and re.search(rf"\b{word}", phrase):
            found[word] = thing
    return found[max(found, key=len)] if found else None


@lru_cache(maxsize=64)
def _read(text):
    """The categories as lists of things, and the clues in short form."""
    rows = []
    for title, things in re.findall(r"(?m)^ - ([^:\n]*): ([^:\n]+)$", text):
        rows.append([f"child {thing}" if "mother" in title else thing for thing in things.split(", ")])
    clues = []
    for clue in re.findall(r"(?m)^\d+\. (.+)\.$", text):
        if at := re.fullmatch(r"(.+) is in the (\w+) house", clue):
            clues.append((_thing(at[1], rows), "@", str(_HOUSES.index(at[2]) + 1)))
            continue
        two = re.fullmatch(r"(.+) is (directly left of) (.+)|(.+) and (.+) are next to each other", clue)
        if two:
            a, b = (two[1], two[3]) if two[2] else (two[4], two[5])
            clues.append((_thing(a, rows), "<" if two[2] else "~", _thing(b, rows)))
            continue
        for gap in re.finditer(" is ", clue):
            a, b = _thing(clue[: gap.start()], rows), _thing(clue[gap.end() :], rows)
            if a and b and a != b:
                clues.append((a, "=", b))
                break
    return rows, clues


def _narrowed(clue, left):
    """Houses left for the two things of a clue."""
    a, sign, b = clue
    fits = _FITS[sign]
    return (
        "".join(x for x in left[a] if any(fits(int(x), int(y)) for y in left[b])),
        "".join(y for y in left[b] if any(fits(int(x), int(y)) for x in left[a])),
    )


def _short(clue):
    a, sign, b = clue
    return f" {a}{sign}{b}" if sign == "@" else f" {a}{sign} {b}"


def _clue_line(clue, left):
    a, b = _narrowed(clue, left)
    return _short(clue) + (f":{a}" if clue[1] == "=" else f":{a},{b}")


def _row_line(row, left):
    """What changes in a category by itself, or an empty text."""
    now, before = {thing: left[thing] for thing in row}, None
    while now != before:
        before = dict(now)
        for thing in row:
            if len(now[thing]) == 1:
                now |= {other: now[other].replace(now[thing], "") for other in row if other != thing}
        for house in map(str, range(1, len(row) + 1)):
            able = [thing for thing in row if house in now[thing]]
            if len(able) == 1 and all(now.values()):
                now[able[0]] = house
    return _state({thing: houses for thing, houses in now.items() if houses != left[thing]})


def _state(left):
    return ",".join(f" {thing}:{houses}" for thing, houses in left.items())


def _replay(rows, lines):
    """Houses left after some lines, and the states before open guesses with these."""
    left = {thing: "1234567"[: len(rows[0])] for row in rows for thing in row}
    guesses = []
    for line in lines:
        if clue := _CLUE.fullmatch(line):
            left |= {clue[1]: clue[4], clue[3]: clue[4] if clue[2] == "=" else clue[5]}
        elif "@" in line:
            left[line[1:].partition("@")[0]] = line.partition("@")[2]
        elif line.endswith("?"):
            thing, houses = _STATE.findall(line)[0]
            guesses.append((dict(left), thing, houses))
            left[thing] = houses
        else:
            if line.startswith("/"):
                guesses.pop()
            left |= dict(_STATE.findall(line))
    return left, guesses


def _following(puzzle, lines):
    """The lines that may follow; the first is the expert's. None at the end."""
    rows, clues = puzzle
    if len(lines) < len(clues):
        return [_short(clues[len(lines)])]
    left, guesses = _replay(rows, lines)
    if not all(left.values()):
        if not guesses:
            return []
        before, thing, house = guesses[-1]
        return ["/" + _state(before | {thing: before[thing].replace(house, "")})]
    if changes := [line for row in rows if (line := _row_line(row, left))]:
        return changes
    if not guesses and "1" in [left[name] for name in rows[0]]:
        return []
    narrowing = [c for c in clues if c[1] != "@" and _narrowed(c, left) != (left[c[0]], left[c[2]])]
    if narrowing:
        return [_clue_line(clue, left) for clue in narrowing]
    open_things = {thing: houses for thing, houses in left.items() if len(houses) > 1}
    fewest = min(map(len, open_things.values()), default=0)
    return [f" {thing}:{houses[0]}?" for thing, houses in open_things.items() if len(houses) == fewest]


class ZebraPuzzles(GymTask):
    name, category, determined, spaced = "zebra_puzzles", "logic", True, True
    pattern = re.compile(r"^This is a logic puzzle\. There are \d houses \(numbered 1 on the left")
    hard = {"num_people": 5, "num_characteristics": 5}

    def params(self, difficulty, rng):
        top = 2 + round(3 * difficulty)
        return {
            "num_people": rng.randint(max(2, top - 1), top),
            "num_characteristics": rng.randint(max(2, top - 1), top),
        }

    def expert(self, problem: Problem) -> Solution:
        puzzle, lines = _read(problem.text), []
        while following := _following(puzzle, lines):
            lines.append(following[0])
        left, _ = _replay(puzzle[0], lines)
        return Solution.of(lines, next(name for name in puzzle[0][0] if left[name] == "1"))

    def check(self, text, previous, step):
        return step in _following(_read(text), previous)

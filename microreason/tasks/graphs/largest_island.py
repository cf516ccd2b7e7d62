"""largest_island: the number of cells of the largest island in a grid of 0 and 1.

One line a row, its number first. Water stays 0; a run of land bears the letter of the land above it, or the first
letter that is free. Then each letter of the row with its area: the area so far plus the cells in this row
(`A4+2=6`, `B3`); a run below several letters takes the first and adds them all up (`A4+5+3=12`). Letters not in
the row are free again. Behind `;` the largest area so far (`3:0000;12`). Does not need more than 26 letters.
"""

import re
from string import ascii_uppercase

from microreason.solution import Problem, Solution
from microreason.tasks.base import GymTask


def _rows(text):
    return [row.replace(" ", "") for row in re.findall(r"(?m)^[01](?: [01])*$", text)]


def _label(row, above):
    """The row with letters, and for each letter those above it that it takes over."""
    runs = [(m.start(), m.end()) for m in re.finditer("1+", row)]
    groups = []  # sets of letters above, with the runs they reach
    for start, end in runs:
        letters, members = set(above[start:end]) - {"0"}, [(start, end)]
        for group in [g for g in groups if g[0] & letters]:
            groups.remove(group)
            letters, members = letters | group[0], members + group[1]
        groups.append((letters, members))
    free = [c for c in ascii_uppercase if c not in above]
    labelled, taken = list(row), {}
    for letters, members in sorted(groups, key=lambda g: min(g[1])):
        own = min(letters) if letters else free.pop(0)
        taken[own] = sorted(letters)
        for start, end in members:
            labelled[start:end] = own * (end - start)
    return "".join(labelled), taken


def _line(rows, previous):
    """The line of the next row."""
    above, areas, most = "", {}, 0
    if previous:
        row, most = previous[-1].partition(":")[2].split(";")
        above, _, rest = row.partition(" ")
        most = int(most)
        areas = {letter: int(area) for letter, area in re.findall(r"([A-Z])(?:[\d+]*=)?(\d+)(?:,|$)", rest)}
    row = rows[len(previous)]
    labelled, taken = _label(row, above)
    parts = []
    for letter, merged in taken.items():
        terms = [areas.get(c, 0) for c in merged] + [labelled.count(letter)]
        total = sum(terms)
        parts.append(letter + "+".join(map(str, terms)) + (f"={total}" if merged else ""))
        most = max(most, total)
    return f"{len(previous)}:{labelled}" + (f" {','.join(parts)}" if parts else "") + f";{most}"


class LargestIsland(GymTask):
    name, category = "largest_island", "graphs"
    pattern = re.compile(r"^You are given the following \d+ x \d+ binary matrix grid:\n[01 \n]+\nAn island is a group")
    hard = {
        "min_rows": 25, "max_rows": 50, "min_cols": 25, "max_cols": 50,
        "min_num_islands": 5, "max_num_islands": 10, "min_island_size": 5, "max_island_size": 20,
    }  # fmt: skip

    def params(self, difficulty, rng):
        low, high = round(2 * 12.5**difficulty), round(4 * 12.5**difficulty)
        return {
            "min_rows": low, "max_rows": high, "min_cols": low, "max_cols": high,
            "min_num_islands": round(5 * difficulty), "max_num_islands": round(2 + 8 * difficulty),
            "min_island_size": round(5 * difficulty), "max_island_size": round(4 + 16 * difficulty),
        }  # fmt: skip

    def expert(self, problem: Problem) -> Solution:
        rows, lines = _rows(problem.text), []
        for _ in rows:
            lines.append(_line(rows, lines))
        return Solution.of(lines, lines[-1].rpartition(";")[2])

    def check(self, text, previous, step):
        rows = _rows(text)
        return len(previous) < len(rows) and step == _line(rows, previous)

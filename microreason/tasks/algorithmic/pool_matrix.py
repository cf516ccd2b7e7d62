"""pool_matrix: the greatest or the average number of each square block of a matrix of digits.

Each band of blocks begins with a line for each of its rows, which has a letter before the digits of each block
(`4:A72B20C1`). Then a line for each block joins the digits behind its letter. Pooling maxima, those of a band so far
follow (`A76 72>7`, `B71 01>77`). Averages: the rows' running sums and the total of the rows (`A764=13,17 720=9,9
17+9=26`), and the total divided by the number of cells, a decimal at a time with its remainder
(`76/24=3r4,1r16,6r16=3.17`), up to two decimals, rounded by the last remainder. A matrix of up to 12 rows is copied
first, each row with its number (`4 72201`), and each band ends with all rows of the result so far (`3.17 1.5;4.0 2.2`).
A kernel of one cell leaves the matrix as it is (` same`). Blocks at the edges may be smaller. Does not cover numbers
above 9, nor more than 26 blocks side by side.
"""

import re
from itertools import accumulate
from string import ascii_uppercase

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic import matrix
from microreason.tasks.algorithmic.replay import follows, write
from microreason.tasks.base import GymTask


def _sums(block):
    """The running sum of each row and the running total of the rows, and that total."""
    partial = [list(accumulate(map(int, row)))[len(row) > 1 :] for row in block]
    line = " ".join(f"{row}={','.join(map(str, n))}" for row, n in zip(block, partial, strict=True))
    sums = [n[-1] for n in partial]
    total = sums[0]
    if len(sums) > 1:
        line += f" {total}"
    for n in sums[1:]:
        total += n
        line += f"+{n}={total}"
    return line, total


def _division(total, count):
    """A line that divides, ending in the quotient to two decimals, half a hundredth rounded to even."""
    digits, rest = divmod(total, count)
    line, hundredths = f"{total}/{count}={digits}r{rest}", 100 * digits
    for place in (10, 1):
        if rest:
            digits, rest = divmod(10 * rest, count)
            line, hundredths = f"{line},{digits}r{rest}", hundredths + place * digits
    hundredths += 2 * rest > count or (2 * rest == count and hundredths % 2)
    return f"{line}={hundredths / 100}"


def _walk(text):
    kind, size = PoolMatrix.pattern.search(text).groups()
    size, rows, out = int(size), matrix.read(text), []
    if size == 1:
        yield " same"
        return rows
    if len(rows) <= 12:
        for i, row in enumerate(rows, 1):
            yield f"{i} {row}"
    for top in range(0, len(rows), size):
        band = [[row[j : j + size] for j in range(0, len(row), size)] for row in rows[top : top + size]]
        for i, row in enumerate(band, top + 1):
            yield f"{i}:" + "".join(map("".join, zip(ascii_uppercase, row, strict=False)))
        out.append([])
        for letter, block in zip(ascii_uppercase, zip(*band, strict=True), strict=False):
            if kind == "max":
                line = yield f"{letter}{' '.join(block)}>{''.join(out[-1])}{max(map(max, block))}"
                out[-1].append(line[-1:])
            else:
                sums, total = _sums(block)
                line = yield f"{letter}{sums}"
                line = yield _division(int(re.search(r"\d*$", line)[0] or total), len("".join(block)))
                out[-1].append(re.search(r"[\d.]*$", line)[0])
        if len(rows) <= 12:
            yield ";".join(map(" ".join, out))
    return out


class PoolMatrix(GymTask):
    name, category = "pool_matrix", "algorithmic"
    pattern = re.compile(r"\nPerform (average|max) pooling on the following matrix with a kernel size of (\d+):\n")
    hard = {"min_rows": 25, "max_rows": 50, "min_cols": 25, "max_cols": 50, "min_pool_size": 5, "max_pool_size": 7}

    def params(self, difficulty, rng):
        top = matrix.top(difficulty)
        side = {"min_rows": max(2, top // 2), "max_rows": top, "min_cols": max(2, top // 2), "max_cols": top}
        return side | {"min_pool_size": 1 + round(4 * difficulty**2), "max_pool_size": 2 + round(5 * difficulty)}

    def expert(self, problem: Problem) -> Solution:
        lines, rows = write(_walk(problem.text))
        return Solution.of(lines, matrix.write(rows))

    def check(self, text, previous, step):
        return follows(_walk(text), previous, step)

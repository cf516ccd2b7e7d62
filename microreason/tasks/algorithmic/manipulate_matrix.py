"""manipulate_matrix: a matrix after a series of turns, mirrorings, deletions and replacements.

No operation touches the digits until the end. `0 down r1 2 3` says which rows of the question lie from top to bottom
(`c` columns, once the matrix is turned over), `0 across c1 2` which from left to right. Each operation, by its
number, writes these lists again where it changes them: `3 across r3 2 1`. `5 map 0123056789` says what has become of
each of the digits 0 to 9. ` same` is no change. Then the rows of the result follow (`r2:519`, its number, then the
digits of the question), which the answer maps; matrices of more than 1,000 cells are answered without these rows.
Does not cover other operations than the task's ten.
"""

import re

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic import matrix
from microreason.tasks.algorithmic.replay import follows, write
from microreason.tasks.base import GymTask


def _reverse(order):
    return order[0] + " ".join(order[1:].split()[::-1])


def _select(order, keep):
    return order[0] + " ".join(number for i, number in enumerate(order[1:].split(), 1) if keep(i))


def _apply(operation, down, across, mapped):
    """What one operation changes, by name."""
    numbers = [int(n) for n in re.findall(r"\d+", operation)]
    if operation.startswith("Rotate"):
        if numbers[0] == 180:
            return {"down": _reverse(down), "across": _reverse(across)}
        turned = {90: {"down": across, "across": _reverse(down)}, 270: {"down": _reverse(across), "across": down}}
        return turned.get(numbers[0], {})
    if operation.startswith("Horizontally"):
        return {"down": _reverse(down)}
    if operation.startswith("Vertically"):
        return {"across": _reverse(across)}
    if operation.endswith("along the diagonal"):
        return {"down": across, "across": down}
    if operation.endswith("along the counterdiagonal"):
        return {"down": _reverse(across), "across": _reverse(down)}
    if operation.startswith("Map"):
        return {"map": mapped.replace(str(numbers[0]), str(numbers[1]))}
    if operation.startswith("Set all"):
        return {"map": "".join("0" if int(d) % numbers[0] == 0 else d for d in mapped)}
    if operation.startswith("Crop"):
        top, bottom, left, right = numbers[:4]
        return {
            "down": _select(down, lambda i: top <= i <= bottom),
            "across": _select(across, lambda i: left <= i <= right),
        }
    name, order = ("down", down) if " row " in operation else ("across", across)
    return {name: _select(order, lambda i: i % numbers[0])}


def _walk(text):
    rows = matrix.read(text)
    numbered = [" ".join(str(i + 1) for i in range(n)) for n in (len(rows), len(rows[0]))]
    state = {"down": "r" + numbered[0], "across": "c" + numbered[1], "map": "0123456789"}
    for name in ("down", "across"):
        state[name] = (yield f"0 {name} {state[name]}").split(" ", 2)[2]
    for i, operation in enumerate(re.findall(r"(?m)^- (.*)", text)[1:], 1):
        changed = _apply(operation, *state.values())
        if not changed:
            yield f"{i} same"
        for name, value in changed.items():
            state[name] = (yield f"{i} {name} {value}").split(" ", 2)[2]
    down, across = ([int(n) - 1 for n in state[name][1:].split()] for name in ("down", "across"))
    axis = state["down"][0]
    result = ["".join(rows[i][j] if axis == "r" else rows[j][i] for j in across) for i in down]
    if len(down) * len(across) <= 1000:
        for k, i in enumerate(down):
            result[k] = (yield f"{axis}{i + 1}:{result[k]}").partition(":")[2]
    return [[state["map"][int(digit)] for digit in row] for row in result]


class ManipulateMatrix(GymTask):
    name, category = "manipulate_matrix", "algorithmic"
    pattern = re.compile(r"\nPerform the following series of operations in order:\n- Identity transformation")
    hard = {"min_rows": 25, "max_rows": 50, "min_cols": 25, "max_cols": 50, "min_transforms": 3, "max_transforms": 10}

    def params(self, difficulty, rng):
        top = matrix.top(difficulty)
        low, most = max(2, top // 2), 1 + round(9 * difficulty)
        return {
            "min_rows": low, "max_rows": top, "min_cols": low, "max_cols": top,
            "min_transforms": 1 + round(2 * difficulty), "max_transforms": most,
        }  # fmt: skip

    def expert(self, problem: Problem) -> Solution:
        lines, rows = write(_walk(problem.text))
        return Solution.of(lines, matrix.write(rows))

    def check(self, text, previous, step):
        return follows(_walk(text), previous, step)

"""Rules that map input grids to output grids, and a task whose answers are explained by them where they can.

A rule is at most two changes of the grid, then a view of it, ` crop; turn left; as is`. A table read off the
examples says the output colour for what stands in one place of the view: the changed grid (` as is`), its parts laid
on each other (` halves`), or the input and what is counted or seen from each cell (` enclosed`). The lines are the
rule, the changed grid row by row where it is not the output, what the view adds to each row, and those entries of
the table that the test needs and that change a colour: ` 30>4 31>2`.
Where no such rule gives the output, the lines are the sizes of inputs and outputs, ` 3*3>9*9`, the test's last: as
in the examples the output is as large as the input, of one size, or a multiple; where nothing of this holds no checker
knows the last size, and where it holds but is wrong the expert leaves that line out. Then the metadata give the output
and the size is all that is reasoned. Does not cover rules of objects that move or meet.
"""

import re
from functools import lru_cache

import numpy as np

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import is_next
from microreason.tasks.arc.grids import CHANGES, PARTS, SLOW, VIEWS, read
from microreason.tasks.base import GymTask

_LARGEST = 900


def _change(grid, name):
    """The changed grid, None where the change means nothing for it or it grows too large."""
    try:
        out = CHANGES[name](grid)
    except (IndexError, ValueError):
        return None
    return out if out is not None and 0 < out.size <= _LARGEST else None


def _view(grid, name):
    """One number a place, made of the digits of the view's layers; None where the view means nothing."""
    try:
        layers = VIEWS[name](grid)
        return sum(layer * 10**i for i, layer in enumerate(reversed(layers)))
    except (IndexError, ValueError):
        return None


def _applied(grid, rule):
    for name in rule[:-1]:
        grid = None if grid is None else _change(grid, name)
    return None if grid is None else _view(grid, rule[-1])


def _table(rule, text):
    """What the examples say of each number of the view, None where they contradict each other or the rule."""
    table = {}
    for given, wanted in sorted(read(text)[0], key=lambda pair: pair[0].size + pair[1].size):
        keys = _applied(given, rule)
        if keys is None or keys.shape != wanted.shape:
            return None
        for key, colour in np.unique(np.stack([keys.ravel(), wanted.ravel()], 1), axis=0).tolist():
            if table.setdefault(key, colour) != colour:
                return None
    return table


def _output(rule, text):
    """The output for the test that a rule gives, with what it needs of its table; None where it gives none."""
    table = _table(rule, text)
    keys = None if table is None else _applied(read(text)[1], rule)
    if keys is None or not set(keys.ravel().tolist()) <= set(table):
        return None
    used = {key: table[key] for key in sorted(set(keys.ravel().tolist()))}
    return np.vectorize(used.get)(keys), used


def _rules(examples):
    """Every rule worth trying, simple ones first."""
    if all(given.shape == out.shape for given, out in examples):
        yield from ((view,) for view in VIEWS if view not in PARTS)
    yield from ((view,) for view in PARTS)
    yield from ((name, "as is") for name in CHANGES)
    given, out = min(examples, key=lambda pair: pair[0].size)
    if given.shape != out.shape:
        seen = set()
        for first in CHANGES:
            grid = _change(given, first)
            if grid is None or (grid.shape, grid.tobytes()) in seen:
                continue
            seen.add((grid.shape, grid.tobytes()))
            for second in [name for name in CHANGES if name not in SLOW]:
                changed = _change(grid, second)
                if changed is not None and changed.shape == out.shape:
                    yield first, second, "as is"


def find(text, wanted):
    """The first rule that fits the examples and gives the wanted output."""
    examples, _ = read(text)
    for rule in _rules(examples):
        out = _output(rule, text)
        if out and out[0].shape == wanted.shape and (out[0] == wanted).all():
            return rule
    return None


@lru_cache(maxsize=8)
def _explained(rule, text):
    """The lines for a rule, None where it does not fit the examples."""
    grid, output = read(text)[1], _output(rule, text)
    if not output:
        return None
    used = output[1]
    lines = [" " + "; ".join(rule)]
    table = "".join(f" {key}>{colour}" for key, colour in used.items() if key != colour or rule[-1] != "as is")
    for i, name in enumerate(rule[:-1]):
        grid = _change(grid, name)
        if table or i + 2 < len(rule):
            lines += ["".join(map(str, row)) for row in grid.tolist()]
    if rule[-1] not in PARTS and rule[-1] != "as is":
        added = [layer.astype(str).tolist() for layer in VIEWS[rule[-1]](grid)[1:]]
        lines += [" ".join("".join(layer[r]) for layer in added) for r in range(len(grid))]
    return lines + [table] * bool(table)


def _size(given, out):
    return f" {given[0]}*{given[1]}>{out[0]}*{out[1]}"


def _sizes(text):
    """The lines of the examples' sizes, and the lines that may follow for the test."""
    examples, test = read(text)
    shapes = [(given.shape, out.shape) for given, out in examples]
    may = {shapes[0][1]} if len({out for _, out in shapes}) == 1 else set()
    for turn in (1, -1):
        pairs = [(given[::turn], out) for given, out in shapes]
        height, width = test.shape[::turn]
        for up in (True, False):
            if all((b % a if up else a % b) == 0 for given, out in pairs for a, b in zip(given, out, strict=True)):
                factors = {
                    tuple((b // a if up else a // b) for a, b in zip(given, out, strict=True)) for given, out in pairs
                }
                if len(factors) == 1:
                    a, b = factors.pop()
                    may.add((height * a, width * b) if up else (height // a, width // b))
    return [_size(*pair) for pair in shapes], {_size(test.shape, out) for out in may}


class GridTask(GymTask):
    """Base of the tasks whose questions are examples of grids."""

    def generate(self, seed, index, level):
        """For practice, one of up to eight problems that is short enough for the difficulty."""
        problem = super().generate(seed, index, level)
        for k in range(1, 8):
            if isinstance(level, str) or len(problem.text) <= 800 * 20**level:
                break
            problem = super().generate(seed, (index + 104_729 * k) % 1_000_000, level)
        return problem.model_copy(update={"index": index})

    def expert(self, problem: Problem) -> Solution:
        wanted = np.array(problem.data["metadata"]["output"])
        answer = "\n".join(" ".join(map(str, row)) for row in wanted.tolist())
        if rule := find(problem.text, wanted):
            return Solution.of(_explained(rule, problem.text), answer)
        known, may = _sizes(problem.text)
        last = _size(read(problem.text)[1].shape, wanted.shape)
        return Solution.of([*known, last] if not may or last in may else known, answer)

    def check(self, text, previous, step):
        first = previous[0] if previous else step
        if "*" in first:
            known, may = _sizes(text)
            if len(previous) < len(known):
                return step == known[len(previous)]
            if may or len(previous) > len(known):
                return len(previous) == len(known) and step in may
            height, width = read(text)[1].shape
            return None if re.fullmatch(rf" {height}\*{width}>\d+\*\d+", step) else False
        rule = tuple(first[1:].split("; "))
        known = set(rule[:-1]) <= set(CHANGES) and rule[-1] in VIEWS and len(rule) < 4
        if lines := known and _explained(rule, text):
            return is_next(lines, previous, step)
        return None if previous else False

"""list_functions: find the rule that maps lists to lists in examples, and apply it to one more list.

The first line names the rule, one of the seventeen of the task: it fits every example. Further lines apply it:
sums go on from the total before (` 26+88=114`), sorting takes the next number out of those left (` 4:95 46 89`), a
count says the total after each number (` 5:1 8:1 5:2`), an index stands before each number (` 0:26 1:88`), the
number followed by an even one stands after it (` 46:95 89: 84:95`). Copying and reversing need no line. The
generator draws some examples from the global source of chance, so that is seeded while a problem is drawn.
Does not cover other rules; of several that fit the first is taken.
"""

import random
import re
from itertools import pairwise

from microreason.solution import Problem, Solution
from microreason.tasks.algorithmic.replay import follows, last_number, write
from microreason.tasks.base import GymTask


def _at_once(line, result):
    """A rule with one line, or none if it is empty."""

    def walk(numbers):
        if line(numbers):
            yield line(numbers)
        return result(numbers)

    return walk


def _total(numbers):
    total = numbers[0] if numbers else 0
    for number in numbers[1:]:
        total = last_number((yield f" {total}+{number}={total + number}"), total + number)
    return [total]


def _below_30(numbers):
    small = [n for n in dict.fromkeys(numbers) if n < 30]
    said = yield " below 30:" + "".join(f" {n}" for n in small)
    return (yield from _total([int(n) for n in re.findall(r"\d+", said.partition(":")[2])]))


def _sorting(pick):
    def walk(numbers):
        left, out = list(numbers), []
        while len(left) > 1:
            number = pick(left)
            left.remove(number)
            said = re.findall(r"\d+", (yield f" {number}:" + " ".join(map(str, left))))
            out.append(int(said[0]))
            left = [int(n) for n in said[1:]]
        return out + left

    return walk


def _double_less_4(numbers):
    twice = last_number((yield f" 2*{numbers[0]}={2 * numbers[0]}"), 0)
    yield f" {twice}-4={twice - 4}"
    return [twice - 4] if len(numbers) == 1 else None


def _counted(numbers, good):
    return "".join(f" {n}:{sum(map(good, numbers[: i + 1]))}" for i, n in enumerate(numbers))


def _ends(numbers):
    sign = "<" if numbers[0] < numbers[-1] else ">" if numbers[0] > numbers[-1] else "="
    return f" {numbers[0]}{sign}{numbers[-1]}"


def _nothing(numbers):
    return ""


_RULES = {
    " same": _at_once(_nothing, list),
    " third": _at_once(_nothing, lambda v: v[2:3]),
    " reverse": _at_once(_nothing, lambda v: v[::-1]),
    " ascending": _sorting(min),
    " descending": _sorting(max),
    " sum": _total,
    " sum below 30": _below_30,
    " count 5": _at_once(lambda v: _counted(v, lambda n: n == 5), lambda v: [v.count(5)]),
    " count": _at_once(lambda v: _counted(v, lambda n: True), lambda v: [len(v)]),
    " before even": _at_once(
        lambda v: "".join(f" {b}:{'' if b % 2 else a}" for a, b in pairwise(v)),
        lambda v: [a for a, b in pairwise(v) if not b % 2],
    ),
    " plus position": _at_once(
        lambda v: "".join(f" {n}+{i}={n + i}" for i, n in enumerate(v)), lambda v: [n + i for i, n in enumerate(v)]
    ),
    " position in last": _at_once(
        lambda v: "".join(f" {i}:{n}" for i, n in enumerate(v[: v[-1] + 1])), lambda v: v[v[-1] :][:1]
    ),
    " ends plus 1": _at_once(
        lambda v: f" {v[0]}+1={v[0] + 1} {v[-1]}+1={v[-1] + 1}", lambda v: [v[0] + 1, *v[1:-1], v[-1] + 1]
    ),
    " is ascending": _at_once(_ends, lambda v: [int(v[0] <= v[-1])] if len(v) > 1 else None),
    " is divided by 10": _at_once(
        lambda v: f" {v[0]}:{v[0] % 10}", lambda v: [int(v[0] % 10 == 0)] if len(v) == 1 else None
    ),
    " double last": _at_once(lambda v: f" 2*{v[-1]}={2 * v[-1]}", lambda v: [2 * v[-1]] if len(v) > 1 else None),
    " double minus 4": _double_less_4,
}


def _read(text):
    lists = re.findall(r"(?m)put(?: \d+)?: \[(.*)\]$", text)
    lists = [[int(n) for n in re.findall(r"\d+", line)] for line in lists]
    return lists[:-1:2], lists[1::2], lists[-1]


def _fits(rule, text):
    inputs, outputs, _ = _read(text)
    return all(write(_RULES[rule](given))[1] == wanted for given, wanted in zip(inputs, outputs, strict=True))


class ListFunctions(GymTask):
    name, category = "list_functions", "induction"
    pattern = re.compile(r"^You are an expert at inductive reasoning\. Generate an output corresponding")

    def params(self, difficulty, rng):
        return {}

    def generate(self, seed, index, level):
        state = random.getstate()
        random.seed(f"{seed}/{index}")
        try:
            return super().generate(seed, index, level)
        finally:
            random.setstate(state)

    def expert(self, problem: Problem) -> Solution:
        rule = next(rule for rule in _RULES if _fits(rule, problem.text))
        lines, answer = write(_RULES[rule](_read(problem.text)[2]))
        return Solution.of([rule, *lines], answer)

    def check(self, text, previous, step):
        if not previous:
            return step in _RULES and _fits(step, text)
        if previous[0] not in _RULES:
            return None
        return follows(_RULES[previous[0]](_read(text)[2]), previous[1:], step)

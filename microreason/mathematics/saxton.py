"""School mathematics after Saxton et al. (arXiv 1904.01557), from the authors' generator `mathematics_dataset`.

Training problems come from the train modules, whose difficulty follows the level; test questions from the authors'
interpolation and extrapolation modules. Training and interpolation cannot meet: a question whose fingerprint is a
multiple of `SPLIT` is kept for the test, every other for training. Solutions are written from a question's text
(school/); one that none of its readers understands has the answer alone, as in the paper.
The package (1.0.1) was written for the numpy and sympy of 2018; `_modules` gives it the three names that have gone, and
an order to the sets it draws from, so that a seed gives the same question in every process.
Needs the extra `maths`. Does not cover the steps themselves, which the generator does not know (school/).
"""

from __future__ import annotations

import importlib
import random
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from microreason.data.documents import fingerprint
from microreason.errors import UnknownTask
from microreason.mathematics.grading import grade
from microreason.mathematics.school import lines
from microreason.solution import Problem, Solution
from microreason.tasks.base import Level, Task

TESTS = ("interpolation", "extrapolation")
SPLIT = 4
MAX_QUESTION, MAX_ANSWER = 160, 30
"""Longest texts in the published sets; longer ones are drawn again, as the authors do."""
SHARES = dict.fromkeys(
    (
        "algebra__polynomial_roots", "algebra__polynomial_roots_composed", "arithmetic__nearest_integer_root",
        "arithmetic__simplify_surd", "polynomials__simplify_power",
    ),
    0.3,
)  # fmt: skip
"""How often training asks a module where not once: those whose solutions are so long that a small network solves one of
twenty."""


class _Array(np.ndarray):
    """An array that still has `itemset`, which numpy 2 dropped."""

    def itemset(self, index: tuple[int, ...], value: Any) -> None:
        self[index] = value


class _Numpy(SimpleNamespace):
    """numpy as the package knew it."""

    object = object

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def zeros(shape: Any, dtype: Any = float) -> np.ndarray:
        return np.zeros(shape, dtype).view(_Array)

    @staticmethod
    def empty(shape: Any, dtype: Any = float) -> np.ndarray:
        return np.empty(shape, dtype).view(_Array)


def _in_order(items: set[Any]) -> list[Any]:
    """Symbols, or entities by what they say, which else come in the order of their hashes."""

    def key(item: Any) -> str:
        return item if isinstance(item, str) else f"{item._child_description} {item._description}"

    return sorted(items, key=key)


@lru_cache(maxsize=1)
def _modules() -> Any:
    package = importlib.import_module("sympy.solvers.diophantine")
    solver = sys.modules["sympy.solvers.diophantine.diophantine"]  # the package's own name is the function in it
    package.base_solution_linear = solver.base_solution_linear  # type: ignore[attr-defined]
    modules = importlib.import_module("mathematics_dataset.modules.modules")
    sys.modules["mathematics_dataset.sample.polynomials"].np = _Numpy()  # type: ignore[attr-defined]
    sys.modules["mathematics_dataset.util.composition"].list = _in_order  # type: ignore[attr-defined]
    return modules


Sampler = Callable[[], Any]


def _flat(tree: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Sampler]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}__")
        else:
            yield prefix + name, value


@lru_cache(maxsize=1)
def test_modules() -> dict[str, dict[str, Sampler]]:
    """Samplers of the test questions by set and module: 56 of interpolation, 15 of extrapolation."""
    trees = {"interpolation": _modules().test(), "extrapolation": _modules().test_extra()}
    return {name: dict(sorted(_flat(tree))) for name, tree in trees.items()}


def _train_modules(low: float, high: float) -> dict[str, Sampler]:
    """Samplers of the training questions in a share of the range of entropy."""

    def part(range_: tuple[float, float]) -> tuple[float, float]:
        length = range_[1] - range_[0]
        return range_[0] + low * length, range_[0] + high * length

    return dict(sorted(_flat(_modules().train(part))))


@contextmanager
def _seeded(seed: str) -> Iterator[None]:
    """The package draws from the global generators: seed them, and put back what was there."""
    from sympy.core.random import rng

    state, numpy_state, sympy_state = random.getstate(), np.random.get_state(), rng.getstate()
    random.seed(seed)
    np.random.seed(random.getrandbits(32))
    rng.seed(random.getrandbits(32))
    try:
        yield
    finally:
        random.setstate(state)
        np.random.set_state(numpy_state)
        rng.setstate(sympy_state)


def _draw(sampler: Sampler, wanted: Callable[[str], bool]) -> tuple[str, str]:
    """The first question and answer within the limits of length whose question is wanted."""
    while True:
        drawn = sampler()
        question, answer = str(drawn.question), str(drawn.answer)
        if len(question) <= MAX_QUESTION and len(answer) <= MAX_ANSWER and wanted(question):
            return question, answer


def is_test(question: str) -> bool:
    """Whether a question is kept for the test."""
    return fingerprint(question) % SPLIT == 0


def _problem(module: str, question: str, answer: str, **facts: Any) -> Problem:
    data = {"kind": "exact", "group": module, "params": {}}
    return Problem(text=question, task="saxton", answer=answer, data=data, **facts)


def questions(test: str, per_module: int, seed: int) -> list[Problem]:
    """Fresh test questions, `per_module` of each module. Raises UnknownTask for another name than in `TESTS`."""
    if test not in TESTS:
        raise UnknownTask(f"There is no test {test!r}: use {' or '.join(TESTS)}.")
    out = []
    wanted = is_test if test == "interpolation" else bool  # no training module draws what extrapolation asks
    for module, sampler in test_modules()[test].items():
        for i in range(per_module):
            with _seeded(f"saxton/{test}/{module}/{seed}/{i}"):
                question, answer = _draw(sampler, wanted)
            out.append(_problem(module, question, answer, seed=seed, index=i))
    return out


class Saxton(Task):
    """Training questions of all 56 modules, in the `SHARES`. A number as level is the centre of a third of the range of
    entropy; easy is the whole range and hard its upper third (the paper's train-hard)."""

    name, category = "saxton", "mathematics"
    pattern = re.compile(r"(?!)")  # no wording of their own

    def generate(self, seed: int, index: int, level: Level) -> Problem:
        if level == "easy":
            low, high = 0.0, 1.0
        elif level == "hard":
            low, high = 2 / 3, 1.0
        elif isinstance(level, float | int) and 0 <= level <= 1:
            low = level * 2 / 3
            high = low + 1 / 3
        else:
            raise UnknownTask(f"Level {level!r} is unknown: use easy, hard or a number from 0 to 1.")
        with _seeded(f"saxton/{seed}/{index}/{level}"):
            modules = _train_modules(low, high)
            (module,) = random.choices(list(modules), [SHARES.get(name, 1) for name in modules])
            question, answer = _draw(modules[module], lambda text: not is_test(text))
        return _problem(module, question, answer, level=level, seed=seed, index=index)

    def grade(self, problem: Problem, answer: str | None) -> float:
        return grade("exact", problem.answer or "", answer)

    def expert(self, problem: Problem) -> Solution:
        """The steps that the text calls for, or none where they are not known or lead to another answer."""
        try:
            steps, answer = lines(problem.data["group"], problem.text)
        except ValueError:
            steps, answer = [], None
        return Solution.of(steps if answer in ("", problem.answer) else [], problem.answer)

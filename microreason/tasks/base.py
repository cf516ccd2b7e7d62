"""The contract of a task, and the base for tasks whose problems reasoning-gym generates.

A task generates problems from a seed, grades an answer between 0 and 1, may have an expert that writes the
solution a good teacher would write, and may have a checker for its own kinds of step. Importing a task needs
the core only: reasoning-gym is imported when a problem is generated or graded.
Does not cover which tasks exist (tasks/__init__.py) or general step checkers (verification/steps.py).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, ClassVar

from microreason.errors import UnknownTask
from microreason.solution import Problem, Solution

Level = str | float
SIZE = 1_000_000  # problems of a seed; some data sets draw a list of that length beforehand, so an index goes round


@lru_cache(maxsize=512)
def _dataset(name: str, seed: int, size: int, params: tuple[tuple[str, Any], ...]) -> Any:
    import reasoning_gym

    data = reasoning_gym.create_dataset(name, seed=seed, size=size, **{k: _thaw(v) for k, v in params})
    _settle(data)
    return data


class _Sorted(set):
    """A set that comes in order, and what is left of it too."""

    def __iter__(self) -> Iterator[Any]:
        return iter(sorted(super().__iter__()))

    def __sub__(self, other: Any) -> _Sorted:
        return _Sorted(super().__sub__(other))


def _settle(data: Any) -> None:
    """Let a generator draw from sorted sets, whose order else follows from hashes, which no two processes share."""
    if isinstance(getattr(data, "letters", None), set):  # isomorphic_strings, ransom_note
        data.letters = _Sorted(data.letters)
    if hasattr(data, "_get_monomials"):  # polynomial_multiplication
        monomials = data._get_monomials
        data._get_monomials = lambda rng: sorted(monomials(rng), key=str)


def _freeze(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _thaw(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


class Task:
    """A family of problems. Subclasses set `name`, `category`, `pattern` and implement the methods below."""

    name: ClassVar[str]
    category: ClassVar[str]
    spelled: ClassVar[bool] = False
    """Whether the answer is written one byte a token, where letters matter more than words."""
    spaced: ClassVar[bool] = False
    """Whether a space goes before the answer, so that its first word is the token that it is in the problem."""
    named: ClassVar[bool] = False
    """Whether words only name things: with others in their place, everywhere, problem and solution stay right."""
    exact: ClassVar[bool] = True
    """Whether the expert's answer is always graded 1.0; False where a generator's own answers contradict its rules."""
    unexplained: ClassVar[bool] = False
    """Whether the answer does not follow from the expert's steps, because no honest path is known."""
    determined: ClassVar[bool] = False
    """Whether the problem's text alone determines every line of the expert, so that each has one that is due next."""
    choice: ClassVar[re.Pattern[str] | None] = None
    """Matches (search) lines that choose freely, such as guesses: another choice there is no mistake."""
    pattern: ClassVar[re.Pattern[str]]
    """Matches (search) the text of this task's problems and of no other task's."""

    def generate(self, seed: int, index: int, level: Level) -> Problem:
        """Problem `index` of the sequence that `seed` starts; level is "easy", "hard" or a difficulty 0..1."""
        raise NotImplementedError

    def grade(self, problem: Problem, answer: str | None) -> float:
        """Score of an answer, 0 to 1; the gold answer scores 1."""
        raise NotImplementedError

    def expert(self, problem: Problem) -> Solution:
        """The solution a good teacher would write; reads `problem.text` only."""
        raise NotImplementedError

    def check(self, text: str, previous: list[str], step: str) -> bool | None:
        """Judge one step of this task's own kinds: True sound, False unsound, None no such kind.

        Sees the problem's text and the steps before, nothing else.
        """
        return None


class GymTask(Task):
    """A task of reasoning-gym 0.1.25. `hard` holds the published hard parameters; easy are the defaults."""

    hard: ClassVar[dict[str, Any]] = {}

    def params(self, difficulty: float, rng: random.Random) -> dict[str, Any]:
        """Generator parameters for a difficulty from 0 (below easy) to 1 (hard or a little beyond).

        This default draws each parameter that `hard` names between its easy and its hard value; override
        where smaller problems than easy ones help learning or a parameter is no number.
        """
        import reasoning_gym.factory as factory

        easy = factory.DATASETS[self.name][1]()
        out = {}
        for key, hard in self.hard.items():
            low = getattr(easy, key)
            if isinstance(hard, bool) or not isinstance(hard, int | float):
                out[key] = hard if rng.random() < difficulty else low
            else:
                value = low + (hard - low) * difficulty
                out[key] = round(value) if isinstance(hard, int) else value
        return out

    def generate(self, seed: int, index: int, level: Level) -> Problem:
        if level == "easy":
            params: dict[str, Any] = {}
        elif level == "hard":
            params = self.hard
        elif isinstance(level, float | int) and 0 <= level <= 1:
            params = self.params(float(level), random.Random(f"{self.name}/{seed}/{index}"))
        else:
            raise UnknownTask(f"Level {level!r} is unknown: use easy, hard or a number from 0 to 1.")
        data = _dataset(self.name, seed, SIZE, tuple(sorted((k, _freeze(v)) for k, v in params.items())))
        item = data[index % SIZE]
        return Problem(
            text=item["question"], task=self.name, level=level, seed=seed, index=index,
            answer=None if item["answer"] is None else str(item["answer"]),
            data={"metadata": item["metadata"], "params": params, "gold": item["answer"]},
        )  # fmt: skip

    def grade(self, problem: Problem, answer: str | None) -> float:
        data = _dataset(self.name, 0, 1, ())
        entry = {"question": problem.text, "answer": problem.data["gold"], "metadata": problem.data["metadata"]}
        try:
            return float(data.score_answer(answer, entry))
        except Exception:  # graders of the library meet any text here; one that cannot read an answer refuses it
            return 0.0

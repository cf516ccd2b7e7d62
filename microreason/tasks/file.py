"""A task whose problems come from a file: JSON lines with `text`, `steps`, `answer` and `kind`, as `microreason data
convert` writes them. Its name is the file's path, and so a recipe names it.

A number as level draws from the easiest part of the file (fewest steps): from a tenth of it at 0 to all of it at 1.
Does not cover reading other people's sets (mathematics/formats.py) or grading (mathematics/grading.py).
"""

from __future__ import annotations

import json
import random
import re
from functools import cached_property
from pathlib import Path

from microreason.errors import BadInput, UnknownTask
from microreason.solution import Problem, Solution
from microreason.tasks.base import Level, Task


class FileTask(Task):
    """Problems of one file. Nothing is read before the first problem is asked for."""

    category = "mathematics"
    pattern = re.compile(r"(?!)")  # no wording of their own

    def __init__(self, path: str) -> None:
        self.name = path

    @cached_property
    def _records(self) -> list[dict]:
        """The records, those with fewest steps first. Raises BadInput where the file is missing or damaged."""
        records: list[dict] = []
        try:
            with Path(self.name).open(encoding="utf-8") as lines:
                for line in lines:
                    record = json.loads(line)
                    records.append({key: record[key] for key in ("text", "steps", "answer", "kind")})
        except OSError as error:
            raise BadInput(f"The problem file {self.name} cannot be read ({error.strerror}).") from None
        except (ValueError, KeyError, TypeError):
            raise BadInput(f"The problem file {self.name} is damaged in line {len(records) + 1}.") from None
        if not records:
            raise BadInput(f"The problem file {self.name} is empty.")
        return sorted(records, key=lambda record: (len(record["steps"]), len(record["text"])))

    @cached_property
    def _solutions(self) -> dict[str, Solution]:
        return {record["text"]: Solution.of(record["steps"], record["answer"]) for record in self._records}

    def generate(self, seed: int, index: int, level: Level) -> Problem:
        if level not in ("easy", "hard") and not (isinstance(level, float | int) and 0 <= level <= 1):
            raise UnknownTask(f"Level {level!r} is unknown: use easy, hard or a number from 0 to 1.")
        share = 1.0 if isinstance(level, str) else 0.1 + 0.9 * level
        size = max(1, round(share * len(self._records)))
        record = self._records[random.Random(f"{seed}/{index}").randrange(size)]
        return Problem(
            text=record["text"], task=self.name, level=level, seed=seed, index=index, answer=record["answer"],
            data={"kind": record["kind"], "params": {}},
        )  # fmt: skip

    def grade(self, problem: Problem, answer: str | None) -> float:
        from microreason.mathematics.grading import grade

        return grade(problem.data["kind"], problem.answer or "", answer)

    def expert(self, problem: Problem) -> Solution:
        """The solution written beside the problem, found by its text."""
        return self._solutions[problem.text]

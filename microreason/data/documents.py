"""Training documents from tasks: an endless, reproducible stream with a cursor, free of evaluation questions.

Document i of a stream depends on the seed, i and the mixture alone, so a run resumes at its cursor. A problem whose
question occurs in an evaluation set (seed 45 or 20261123, both levels, 50 each) is dropped.
Does not cover packing (packing.py), or shards on disk (shards.py).
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from microreason.solution import Problem, Solution
from microreason.tasks import get_task
from microreason.tokenizer import Tokenizer

HELD_OUT_SEEDS = (45, 20261123)
HELD_OUT_SIZE = 50
FIRST_SEED = 1_000_000_000


@dataclass(frozen=True)
class Document:
    """Token ids of one problem with its solution; the first `prompt` of them carry no loss."""

    ids: list[int]
    prompt: int
    task: str


@dataclass(frozen=True)
class Mixture:
    """What a stream draws from: tasks with weights, a range of difficulty, and the share of published levels."""

    tasks: dict[str, float]
    difficulty: tuple[float, float] = (0.0, 1.0)
    published: float = 0.2
    seed: int = 0
    max_tokens: int = 1024


def fingerprint(text: str) -> bytes:
    """Hash of a question, blind to case and spacing."""
    return hashlib.blake2b(" ".join(text.lower().split()).encode(), digest_size=12).digest()


@lru_cache(maxsize=512)
def held_out(task: str) -> frozenset[bytes]:
    """Fingerprints of the evaluation questions of one task."""
    source = get_task(task)
    return frozenset(
        fingerprint(source.generate(seed, i, level).text)
        for seed in HELD_OUT_SEEDS
        for level in ("easy", "hard")
        for i in range(HELD_OUT_SIZE)
    )


@dataclass
class DocumentStream:
    """Iterates over documents from `cursor` on; `skipped` counts problems left out, by reason."""

    mixture: Mixture
    tokenizer: Tokenizer | None
    cursor: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

    def draw(self, i: int) -> tuple[Problem, Solution] | str:
        """Problem and expert solution number i, or the reason why there is none."""
        m = self.mixture
        rng = random.Random(f"{m.seed}/{i}")
        name = rng.choices(list(m.tasks), list(m.tasks.values()))[0]
        level = rng.choice(["easy", "hard"]) if rng.random() < m.published else rng.uniform(*m.difficulty)
        task = get_task(name)
        try:
            problem = task.generate(FIRST_SEED, rng.randrange(2**40), level)
            if fingerprint(problem.text) in held_out(name):
                return f"{name}: evaluation question"
            return problem, task.expert(problem)
        except Exception as error:  # a generator or an expert failed: counted and named, never silent
            return f"{name}: {type(error).__name__}"

    def __iter__(self) -> Iterator[Document]:
        return self

    def __next__(self) -> Document:
        assert self.tokenizer
        while True:
            drawn = self.draw(self.cursor)
            self.cursor += 1
            if isinstance(drawn, str):
                self.skipped[drawn] += 1
                continue
            problem, solution = drawn
            prompt = self.tokenizer.encode_problem(problem.text)
            ids = prompt + self.tokenizer.encode_solution(solution, get_task(problem.task or "").spelled)
            if len(ids) > self.mixture.max_tokens:
                self.skipped[f"{problem.task}: longer than {self.mixture.max_tokens} tokens"] += 1
                continue
            return Document(ids, len(prompt), problem.task or "")

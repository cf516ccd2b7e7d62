"""Training documents from tasks: an endless, reproducible stream with a cursor, free of evaluation questions.

Document i of a stream depends on the seed, i and the mixture alone, so a run resumes at its cursor and worker
processes can draw ahead without changing what comes (`workers`). A problem whose question occurs in an evaluation
set (seed 45 or 20261123, both levels, 50 each) is dropped; a generator or an expert that raises, or takes longer than
`LIMIT` seconds, is skipped, counted and named. Does not cover packing (packing.py), or shards on disk (shards.py).
"""

from __future__ import annotations

import hashlib
import multiprocessing
import random
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from multiprocessing.pool import AsyncResult, Pool
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from microreason.errors import BadInput
from microreason.solution import Problem, Solution
from microreason.tasks import Task, all_tasks, get_task
from microreason.tasks.file import FileTask
from microreason.tokenizer import Tokenizer

HELD_OUT_SEEDS = (45, 20261123)
HELD_OUT_SIZE = 50
FIRST_SEED = 1_000_000_000
HELD_OUT = Path(__file__).parent / "held_out.safetensors"
LIMIT = 10.0  # seconds of work that one problem may take
SHARE = 64  # documents that a worker draws at a time
AHEAD = 8  # shares for each worker that may be under way, so that one slow document does not stop the rest


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


def fingerprint(text: str) -> int:
    """64-bit hash of a question, blind to case and spacing."""
    return int.from_bytes(hashlib.blake2b(" ".join(text.lower().split()).encode(), digest_size=8).digest())


def fingerprints(task: Task) -> list[int]:
    """Of all evaluation questions of one task, in order: seeds, levels, questions. A file of problems has none: those
    for evaluation were left out when it was written (mathematics/convert.py)."""
    if isinstance(task, FileTask):
        return []
    return [
        fingerprint(task.generate(seed, i, level).text)
        for seed in HELD_OUT_SEEDS
        for level in ("easy", "hard")
        for i in range(HELD_OUT_SIZE)
    ]


@lru_cache(maxsize=1)
def _written() -> dict[str, frozenset[int]]:
    tensors = load_file(HELD_OUT) if HELD_OUT.exists() else {}
    return {name: frozenset(values.tolist()) for name, values in tensors.items()}


@lru_cache(maxsize=512)
def held_out(name: str) -> frozenset[int]:
    """Fingerprints of the evaluation questions of one task, from the file beside this one if it is there."""
    return _written().get(name) or frozenset(fingerprints(get_task(name)))


def write_held_out(path: Path = HELD_OUT, report: Callable[[str], None] = lambda name: None) -> None:
    """Write the fingerprints of every task that the file does not have yet; some generators take minutes for it."""
    known = load_file(path) if path.exists() else {}
    for name, task in all_tasks().items():
        if name not in known:
            report(name)
            known[name] = np.array(fingerprints(task), np.uint64)
            save_file(known, path)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block after so many seconds of this process's work, or six times as many by the clock.

    No limit outside the main thread, where no signal arrives.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handler(number: int, frame: object) -> None:
        raise TimeoutError

    timers = ((signal.ITIMER_PROF, signal.SIGPROF, seconds), (signal.ITIMER_REAL, signal.SIGALRM, 6 * seconds))
    before = {number: signal.signal(number, handler) for _, number, _ in timers}
    for timer, _, limit in timers:
        signal.setitimer(timer, limit)
    try:
        yield
    finally:
        for timer, number, _ in timers:
            signal.setitimer(timer, 0)
            signal.signal(number, before[number])


def draw(mixture: Mixture, i: int) -> tuple[Problem, Solution] | str:
    """Problem and expert solution number i, or the reason why there is none."""
    rng = random.Random(f"{mixture.seed}/{i}")
    name = rng.choices(list(mixture.tasks), list(mixture.tasks.values()))[0]
    published = rng.random() < mixture.published
    level = rng.choice(["easy", "hard"]) if published else rng.uniform(*mixture.difficulty)
    task = get_task(name)
    excluded = held_out(name)
    try:
        with time_limit(LIMIT):
            problem = task.generate(FIRST_SEED, rng.randrange(2**40), level)
            if fingerprint(problem.text) in excluded:
                return f"{name}: evaluation question"
            return problem, task.expert(problem)
    except BadInput:  # a file of problems is missing or damaged: there is nothing to draw from
        raise
    except Exception as error:  # a generator or an expert failed: counted and named, never silent
        return f"{name}: {type(error).__name__}"


def tokenise(problem: Problem, solution: Solution, tokenizer: Tokenizer, max_tokens: int) -> Document | str:
    """A problem with its solution as a document, or the reason why not."""
    name = problem.task or ""
    task = get_task(name)
    prompt = tokenizer.encode_problem(problem.text)
    ids = prompt + tokenizer.encode_solution(solution, task.spelled, task.spaced)
    return Document(ids, len(prompt), name) if len(ids) <= max_tokens else f"{name}: longer than {max_tokens} tokens"


def renamed(ids: list[int], tokenizer: Tokenizer, rng: random.Random) -> list[int]:
    """The same with other words: each token of letters becomes one of its kind, any of the vocabulary, everywhere.

    Few words are in the libraries' lists; copying is learnt for the others as well.
    """
    new: dict[int, int] = {}
    present = set(ids)
    for kind in tokenizer.words:
        old = [i for i in kind if i in present]
        new.update(zip(old, rng.sample(kind, len(old)), strict=True))
    return [new.get(i, i) for i in ids]


def document(mixture: Mixture, tokenizer: Tokenizer, i: int) -> Document | str:
    """Document number i, or the reason why there is none; half of those in which words only name are `renamed`."""
    drawn = draw(mixture, i)
    if isinstance(drawn, str):
        return drawn
    made = tokenise(*drawn, tokenizer, mixture.max_tokens)
    rng = random.Random(f"{mixture.seed}/{i}/words")
    if isinstance(made, str) or not get_task(made.task).named or rng.random() < 0.5:
        return made
    return Document(renamed(made.ids, tokenizer, rng), made.prompt, made.task)


def _share(mixture: Mixture, tokenizer: Tokenizer, start: int) -> list[Document | str]:
    return [document(mixture, tokenizer, i) for i in range(start, start + SHARE)]


def _quiet() -> None:
    """A worker leaves Ctrl-C to the process that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@dataclass
class DocumentStream:
    """Iterates over documents from `cursor` on; `skipped` counts problems left out, by reason.

    With `workers`, so many processes draw ahead; the documents and their order are the same.
    """

    mixture: Mixture
    tokenizer: Tokenizer
    cursor: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    workers: int = 0

    def __post_init__(self) -> None:
        self._drawn: Iterator[Document | str] = self._ahead() if self.workers else self._here()

    def _here(self) -> Iterator[Document | str]:
        while True:
            yield document(self.mixture, self.tokenizer, self.cursor)

    def _ahead(self) -> Iterator[Document | str]:
        pool: Pool = multiprocessing.get_context("spawn").Pool(self.workers, _quiet)
        waiting: deque[AsyncResult[list[Document | str]]] = deque()
        start = self.cursor
        try:
            while True:
                while len(waiting) < AHEAD * self.workers:
                    waiting.append(pool.apply_async(_share, (self.mixture, self.tokenizer, start)))
                    start += SHARE
                yield from waiting.popleft().get()
        finally:
            pool.terminate()

    def __iter__(self) -> Iterator[Document]:
        return self

    def __next__(self) -> Document:
        while True:
            drawn = next(self._drawn)
            self.cursor += 1
            if isinstance(drawn, Document):
                return drawn
            self.skipped[drawn] += 1

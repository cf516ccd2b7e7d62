"""The engine for processors: the network in C, many problems at once, several tokens of one problem in a step.

Each step runs the last token of every solution under way and, where few are, a guess at the tokens after it: what
followed the last time the same tokens stood in this problem, its steps or earlier solutions (look-up speculation, as in
prompt look-up decoding, https://github.com/apoorvumang/prompt-lookup-decoding). Guesses are judged by the scores the
network gives anyway, so solutions never depend on them, nor on the batch: native.c gives each token the same scores in
any company. Does not cover the network (network.py), guessing (guesses.py) or choosing tokens (drafts.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from microreason.inference.drafts import Draft, Generation, Mode, begin
from microreason.inference.guesses import Guesses
from microreason.inference.mapped import map_weights
from microreason.inference.network import ALIGN, Cache, Network, find_library
from microreason.model.config import ModelConfig
from microreason.solution import MAX_TOKENS
from microreason.tokenizer import Tokenizer
from microreason.weights_file import Arrays, quantised, tokenizer_file

TOKENS = 4  # tokens in a step up to which one more costs little
DEAR = ("plain", "avx2")  # instructions with which each costs more than a guess wins


class _Row:
    """One solution under way: its draft, its cache, and how much of it `guesses` has learnt."""

    def __init__(self, number: int, draft: Draft, cache: Cache, guesses: Guesses) -> None:
        self.number, self.draft, self.cache, self._guesses = number, draft, cache, guesses
        self.mark = cache.mark() if draft.mode != "plain" else None
        self._line, self._learnt = draft.line, 1

    def guess(self, most: int) -> list[int]:
        """At most `most` tokens that may come next."""
        draft, newline = self.draft, self.draft.tokenizer.newline
        most = min(most, draft.max_tokens - draft.drawn - 1)  # no more than may still be written
        if most < 1:
            return []
        if draft.forced:
            return draft.forced[:most]
        self.learn()
        found = self._guesses.after(draft.ids, most)
        if draft.mode != "plain" and newline in found:  # a line is judged before the next one begins
            found = found[: found.index(newline) + 1]
        return found

    def learn(self) -> None:
        """Let later guesses know what has been written."""
        self._guesses.learn(self.draft.ids, self._learnt)
        self._learnt = len(self.draft.ids)

    def accept(self, scores: np.ndarray, guess: list[int]) -> list[int]:
        """Choose tokens from scores [1 + guessed, V] as long as the guess is right; returns the guesses accepted."""
        draft = self.draft
        for i, row in enumerate(scores):
            before = len(draft.ids)
            draft.choose(row)
            if draft.done or len(draft.ids) <= before or i == len(guess) or draft.ids[-1] != guess[i]:
                return guess[:i]
        return guess

    def settle(self) -> None:
        """After a commit: remember the cache at the start of each line, return to it where the line was taken back."""
        if self.mark is None:
            return
        if self.draft.line != self._line:
            self._line, self.mark = self.draft.line, self.cache.mark()
        elif len(self.draft.ids) <= len(self.cache.ids):
            self.cache.back(self.mark)
            self._learnt = min(self._learnt, len(self.draft.ids))


class NativeEngine:
    """Solves on a processor with the compiled library.

    The weights are those of a folder or float32 ones in `memory`, which are rounded here. `threads` default: the
    processor's, at most 4. `planes`: int8 vectors for an activation, 1 or 2 (16 bits; the MLP's hidden units always
    have 2). `guess` switches speculation on or off (default: where it saves time).
    Raises BadWeights; RuntimeError where there is no library for this model.
    """

    stops_early = True

    def __init__(
        self, weights: Path | str | None = None, threads: int | None = None, planes: int = 1, guess: bool | None = None,
        batch: int = 32, memory: tuple[ModelConfig, Arrays, Tokenizer] | None = None,
    ) -> None:  # fmt: skip
        found, facts = find_library(), dict[str, Any]()
        if memory:
            self.config, tensors, self.tokenizer = memory
            tensors = quantised(tensors)
        else:
            self.config, tensors, facts = map_weights(weights)
            self.tokenizer = Tokenizer.load(tokenizer_file(weights))
        if found is None or not fits(self.config):
            raise RuntimeError("no compiled library for this model")
        threads = threads or min(4, _processors())
        self.network = Network(self.config, tensors, found[1], threads, planes)
        self.info: dict[str, Any] = {"engine": "native", "cpu": found[0], "threads": self.network.threads, **facts}
        self.guess = found[0] not in DEAR if guess is None else guess
        self.batch, self.guesses, self.steps = batch, Guesses(), 0

    def generate(
        self,
        problems: Sequence[str],
        *,
        mode: Mode = "plain",
        max_tokens: int = MAX_TOKENS,
        temperature: float = 0.0,
        seed: int = 0,
        progress: Callable[[int], None] | None = None,
        enough: Callable[[dict[int, Generation]], bool] | None = None,
    ) -> list[Generation]:
        """Solutions of problems, in order. Raises BadInput where one does not fit the context.

        `enough` is asked, with those finished, whenever one has finished; the others stay as they are once it agrees.
        """
        drafts = begin(problems, self.tokenizer, mode, max_tokens, temperature, seed, self.config.max_context)
        waiting, finished = list(enumerate(drafts))[::-1], dict[int, Generation]()
        rows: list[_Row] = []
        prompt: Cache | None = None
        read: list[int] = []
        while waiting or rows:
            admitted: list[tuple[int, Draft, Cache]] = []
            unread: list[tuple[Cache, list[int]]] = []
            while waiting and len(rows) + len(admitted) < self.batch:
                number, draft = waiting.pop()
                if prompt is None or read != draft.ids[:-1]:
                    prompt, read = self.network.cache(len(draft.ids)), draft.ids[:-1]
                    unread.append((prompt, read))
                admitted.append((number, draft, prompt))
            self.read(*unread)
            for number, draft, filled in admitted:
                cache = self.network.cache(draft.prompt + max_tokens)
                cache.copy_from(filled)
                rows.append(_Row(number, draft, cache, self.guesses))
            self._step(rows)
            ended = [row for row in rows if row.draft.done]
            rows = [row for row in rows if not row.draft.done]
            for row in ended:
                if self.guess:
                    row.learn()
                finished[row.number] = row.draft.finish()
            if ended and progress:
                progress(len(finished))
            if ended and enough and enough(finished):
                break
        return [finished.get(i) or draft.finish() for i, draft in enumerate(drafts)]

    def read(self, *prompts: tuple[Cache, list[int]]) -> None:
        """Append tokens to caches, as many in a call as there is room for."""
        network = self.network
        parts: list[tuple[Cache, list[int], int]] = []
        room = network.limit
        for cache, ids in prompts:
            at = 0
            while at < len(ids):
                parts.append((cache, ids[at : at + room], 0))
                at += len(parts[-1][1])
                room -= len(parts[-1][1])
                if not room:
                    self._append(parts)
                    parts, room = [], network.limit
        if parts:
            self._append(parts)

    def _append(self, parts: list[tuple[Cache, list[int], int]]) -> None:
        self.network.forward(parts)
        self.network.commit([ids for _, ids, _ in parts])

    def _step(self, rows: list[_Row]) -> None:
        most = TOKENS // len(rows) - 1 if self.guess else 0
        guesses = [row.guess(most) for row in rows]
        parts = []
        for row, guess in zip(rows, guesses, strict=True):
            parts.append((row.cache, [row.draft.ids[-1], *guess], 1 + len(guess)))
        scores, at = self.network.forward(parts), 0
        self.steps += 1
        accepted = []
        for row, guess in zip(rows, guesses, strict=True):
            last = row.draft.ids[-1]
            accepted.append([last, *row.accept(scores[at : at + 1 + len(guess)], guess)])
            at += 1 + len(guess)
        self.network.commit(accepted)
        for row in rows:
            row.settle()


def fits(config: ModelConfig) -> bool:
    """Whether native.c covers a configuration."""
    aligned = not any(n % ALIGN for n in (config.dim, config.head_dim, config.ff))
    return aligned and config.head_dim <= 256 and config.max_context <= 65536 and config.routing != "soft"


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

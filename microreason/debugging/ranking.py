"""Ranks candidate edits with the network: how likely it finds the place an edit changes and what the edit puts there.

The prior and the lines that failing tests ran choose the most promising edits of a function. Each of these is scored by
its prior and, `WEIGHT` times, by the log-probability of its path and answer in the task `debugging` (task.py); the
others follow in the order of the prior. Reads scores from the compiled engine: no torch.
Does not cover functions too long for the network's context, which the prior ranks alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from microreason.debugging.judge import Evidence
from microreason.debugging.prior import Prior, Ranking, released_prior
from microreason.debugging.source import Edit, FunctionNode, Source
from microreason.debugging.task import change, question
from microreason.inference.native import NativeEngine
from microreason.inference.network import Cache
from microreason.weights_file import describe

MOST = 150
"""Edits of a function that the network reads."""
WEIGHT = 0.1
_BEHIND = 1e6


class NetworkRanking:
    """The network's order of the edits that the prior finds most promising."""

    name = "network and prior"

    def __init__(self, engine: NativeEngine, prior: Prior | None = None, weight: float = WEIGHT) -> None:
        self._engine, self._prior, self._weight = engine, prior or released_prior(), weight
        self.info = engine.info

    def scores(self, source: Source, function: FunctionNode, edits: Sequence[Edit], evidence: Evidence) -> list[float]:
        scores = self._prior.scores(source, function, edits, evidence)
        first = min([function.lineno, *(d.lineno for d in function.decorator_list)]) - 1
        last = (function.end_lineno or function.lineno) - first
        lines = source.text.split("\n")
        indent = len(lines[first]) - len(lines[first].lstrip())

        def own(text: str, more: int) -> str:
            return "\n".join(line[indent:] for line in text.split("\n")[first : first + last + more])

        before = own(source.text, 0)
        best = sorted(range(len(edits)), key=lambda i: -scores[i])[:MOST]
        changes = []
        for i in best:
            after = source.apply(edits[i])
            changes.append(change(before, own(after, after.count("\n") - source.text.count("\n"))))
        likely = self.likelihood(question(before), changes)
        if likely is None:
            return scores
        out = [score - _BEHIND for score in scores]
        for i, l in zip(best, likely, strict=True):
            out[i] = scores[i] + self._weight * l
        return out

    def likelihood(self, problem: str, changes: Sequence[tuple[str, str]]) -> list[float] | None:
        """Log-probability of each (step, answer) after a problem; None where one does not fit the context."""
        network, tokenizer = self._engine.network, self._engine.tokenizer
        prompt = tokenizer.encode_problem(problem)
        by_place: dict[str, list[int]] = defaultdict(list)
        for i, (place, _) in enumerate(changes):
            by_place[place].append(i)
        steps = {place: [*tokenizer.encode(place), tokenizer.newline] for place in by_place}
        answers = [[tokenizer.answer, *tokenizer.encode(text), tokenizer.end] for _, text in changes]
        longest = max(map(len, steps.values()), default=0), max(map(len, answers), default=0)
        slots = len(prompt) + sum(longest)
        if slots > network.config.max_context or max(longest) >= network.limit:
            return None
        read = network.cache(slots)
        self._engine.read((read, prompt[:-1]))
        told = {}
        for place, tokens in steps.items():
            (score,), (cache,) = self._follow(read, prompt[-1], [tokens], slots)
            told[place] = score, cache
        out = [0.0] * len(changes)
        for place, members in by_place.items():
            score, cache = told[place]
            for some in _shares(members, answers, network.limit):
                found, _ = self._follow(cache, tokenizer.newline, [answers[i] for i in some], slots)
                for i, value in zip(some, found, strict=True):
                    out[i] = score + value
        return out

    def _follow(
        self, start: Cache, last: int, sequences: Sequence[list[int]], slots: int
    ) -> tuple[list[float], list[Cache]]:
        """Log-probabilities of sequences after a cache that lacks its `last` token; their caches, which lack theirs."""
        network = self._engine.network
        caches = []
        for _ in sequences:
            caches.append(network.cache(slots))
            caches[-1].copy_from(start)
        fed = [[last, *ids[:-1]] for ids in sequences]
        scores = network.forward([(c, ids, len(ids)) for c, ids in zip(caches, fed, strict=True)])
        tops = scores.max(1)
        wanted = scores[np.arange(len(scores)), np.concatenate(sequences)]
        likely = wanted - tops - np.log(np.exp(scores - tops[:, None]).sum(1))
        network.commit(fed)
        at = np.cumsum([0, *map(len, sequences)])
        return [float(likely[a:b].sum()) for a, b in pairwise(at)], caches


def ranking(weights: Path | str | None = None) -> Ranking:
    """The ranking by the network where the weights have learnt the task `debugging`, else by the prior alone.

    Raises BadWeights.
    """
    if "debugging" not in describe(weights)["origin"].get("tasks", []):
        return released_prior()
    try:
        return NetworkRanking(NativeEngine(weights, guess=False))
    except RuntimeError:  # nothing compiled for this processor
        return released_prior()


def _shares(members: Sequence[int], answers: Sequence[list[int]], limit: int) -> list[list[int]]:
    """Members in groups whose answers fit one call together."""
    out: list[list[int]] = [[]]
    room = limit
    for i in members:
        if len(answers[i]) > room:
            out.append([])
            room = limit
        out[-1].append(i)
        room -= len(answers[i])
    return out

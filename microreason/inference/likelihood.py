"""How likely a network finds continuations of a prompt, with the compiled engine. What several of them begin with is
read once, and many are read in a call.

Does not cover what is compared: steps of a proof (proofs/scorers.py), edits of a program (debugging/ranking.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import takewhile

import numpy as np

from microreason.inference.native import NativeEngine
from microreason.inference.network import Cache

Rest = tuple[int, list[int]]
"""The number of a continuation, and its tokens from some place on."""


def log_likelihoods(engine: NativeEngine, prompt: list[int], continuations: Sequence[list[int]]) -> list[float] | None:
    """Log-probability of each continuation's tokens after the prompt's; None where one does not fit the context."""
    network = engine.network
    slots = len(prompt) + max(map(len, continuations), default=0)
    if slots > network.config.max_context:
        return None
    found = [0.0] * len(continuations)
    start = network.cache(slots)
    engine.read((start, prompt[:-1]))
    rests = [(i, ids) for i, ids in enumerate(continuations) if ids]
    waiting = [(start, prompt[-1], rests)] if rests else []  # a cache, the token that it lacks, what may follow
    while waiting:
        calls: list[tuple[Cache, list[int], list[Rest]]] = []
        room = network.limit
        while waiting:
            cache, last, rests = waiting[-1]
            shared = _shared([ids for _, ids in rests])[: network.limit - 1]
            ends = all(len(ids) == len(shared) for _, ids in rests)
            fed = [last, *(shared[:-1] if ends else shared)]
            if len(fed) > room:
                break
            waiting.pop()
            room -= len(fed)
            calls.append((cache, fed, rests))
        scores, at = network.forward([(cache, fed, len(fed)) for cache, fed, _ in calls]), 0
        tops = scores.max(1)
        sums = tops + np.log(np.exp(scores - tops[:, None]).sum(1))
        for _, fed, rests in calls:
            for i, ids in rests:
                wanted = ids[: len(fed)]
                rows = np.arange(at, at + len(wanted))
                found[i] += float((scores[rows, wanted] - sums[rows]).sum())
            at += len(fed)
        network.commit([fed for _, fed, _ in calls])
        for cache, fed, rests in calls:
            following: dict[int, list[Rest]] = defaultdict(list)
            for i, ids in rests:
                if len(ids) > len(fed):
                    following[ids[len(fed) - 1]].append((i, ids[len(fed) :]))
            for token, some in following.items():
                own = network.cache(slots)
                own.copy_from(cache)
                waiting.append((own, token, some))
    return found


def _shared(sequences: list[list[int]]) -> list[int]:
    """What all of them begin with."""
    pairs = zip(min(sequences), max(sequences), strict=False)
    return [token for token, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]

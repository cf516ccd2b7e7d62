"""Ranks candidate edits with the network: how likely it finds the place an edit changes and what the edit puts there.

The prior and the lines that failing tests ran choose the most promising edits of a function. Each of these is scored by
its prior and, `WEIGHT` times, by the log-probability of its path and answer in the task `debugging` (task.py); the
others follow in the order of the prior. Reads scores from the compiled engine: no torch.
Does not cover functions too long for the network's context, which the prior ranks alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from microreason.debugging.judge import Evidence
from microreason.debugging.prior import Prior, Ranking, released_prior
from microreason.debugging.source import Edit, FunctionNode, Source
from microreason.debugging.task import change, question
from microreason.inference.likelihood import log_likelihoods
from microreason.inference.native import NativeEngine
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
        tokenizer = self._engine.tokenizer
        ids = [
            [*tokenizer.encode(place), tokenizer.newline, tokenizer.answer, *tokenizer.encode(text), tokenizer.end]
            for place, text in changes
        ]
        return log_likelihoods(self._engine, tokenizer.encode_problem(problem), ids)


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

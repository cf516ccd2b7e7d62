"""Several solutions of a problem, and the one that is shown: the first with the commonest answer.

Self-consistency (arXiv 2203.11171). The first solution is the greedy one, the others are drawn at `TEMPERATURE`.
Does not cover decoding (drafts.py and the engines).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from microreason.inference.drafts import Generation
from microreason.solution import MAX_TOKENS, Solution

TEMPERATURE = 0.7


def solve_all(
    engine: Any, problems: Sequence[str], *, mode: str = "plain", max_tokens: int = MAX_TOKENS, samples: int = 1,
    seed: int = 0, progress: Callable[[int], None] | None = None,
) -> list[Generation]:  # fmt: skip
    """One solution of each problem: the greedy one, or of so many `samples` the winner, with the tokens of all.

    Engines that can (`stops_early`) leave off drawing for a problem once its vote is decided.
    """
    options: dict[str, Any] = {"mode": mode, "max_tokens": max_tokens, "seed": seed}
    drawn = engine.generate(problems, progress=progress if samples == 1 else None, **options)
    if samples == 1:
        return drawn
    options["temperature"] = TEMPERATURE
    out = []
    for text, greedy in zip(problems, drawn, strict=True):
        if getattr(engine, "stops_early", False):
            options["enough"] = lambda done, first=(greedy.solution,): decided(done, samples - 1, first)
        out.append(winner([greedy, *engine.generate([text] * (samples - 1), **options)]))
        if progress:
            progress(len(out))
    return out


def winner(drawn: Sequence[Generation]) -> Generation:
    """The first whole solution with the commonest answer, or the first where none is whole; with the tokens of all."""
    whole = [g for g in drawn if g.solution.complete] or [drawn[0]]
    votes = Counter(g.solution.answer for g in whole)
    best = max(whole, key=lambda g: votes[g.solution.answer])
    return replace(best, tokens=sum(g.tokens for g in drawn))


def decided(done: dict[int, Generation], total: int, before: tuple[Solution, ...] = ()) -> bool:
    """Whether a vote of `total` solutions, after those of `before`, can no longer change, nor which solution is shown.

    `done` holds the finished ones by number.
    """
    shown = [*enumerate(before, -len(before)), *((i, done[i].solution) for i in sorted(done))]
    votes = Counter(solution.answer for _, solution in shown if solution.complete)
    best = votes.most_common(2)
    rest = total - len(done)
    if not best or best[0][1] <= rest + (best[1][1] if len(best) > 1 else 0):
        return False
    first = next(i for i, solution in shown if solution.complete and solution.answer == best[0][0])
    return all(i in done for i in range(first))

"""MicroReason: a 27M-parameter reasoning model. Text problem in, steps a machine can check and an answer out.

>>> import microreason
>>> microreason.solve("Find the Greatest Common Divisor (GCD) of these numbers: 12, 18.")  # doctest: +SKIP
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from microreason.errors import BadInput, MicroReasonError
from microreason.inference import load
from microreason.solution import Problem, Solution, Step

__version__ = "0.1.0"
__all__ = ["BadInput", "MicroReasonError", "Problem", "Solution", "Step", "load", "solve"]


def solve(
    text: str,
    *,
    engine: Any = None,
    mode: str = "assisted",
    samples: int = 1,
    max_tokens: int = 1024,
    seed: int = 0,
) -> Solution:
    """Solve one problem; every step of the result carries a verdict.

    `mode` is plain (the network alone), checked (unsound steps are drawn again) or assisted (checked, and single
    arithmetic claims are filled in exactly). With several `samples` the commonest answer wins, the first of them
    being the greedy one. `complete` is False where no answer came within `max_tokens`.
    Raises BadInput for an empty or overlong problem.
    """
    from microreason.inference.drafts import decided
    from microreason.verification.steps import check_solution

    if not text.strip():
        raise BadInput("The problem is empty.")
    if mode not in ("plain", "checked", "assisted") or samples < 1 or max_tokens < 1:
        raise BadInput("mode must be plain, checked or assisted; samples and max_tokens at least 1.")
    engine = engine or load()
    drawn = engine.generate([text], mode=mode, max_tokens=max_tokens, seed=seed)
    if samples > 1:
        options: dict[str, Any] = {"mode": mode, "max_tokens": max_tokens, "temperature": 0.7, "seed": seed}
        if getattr(engine, "stops_early", False):
            first = (drawn[0].solution,)
            options["enough"] = lambda done: decided(done, samples - 1, first)
        drawn += engine.generate([text] * (samples - 1), **options)
    whole = [g.solution for g in drawn if g.solution.complete]
    if not whole:
        return check_solution(text, drawn[0].solution)
    votes = Counter(solution.answer for solution in whole)
    best = max(whole, key=lambda solution: votes[solution.answer])
    return check_solution(text, best)

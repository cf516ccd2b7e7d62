"""MicroReason: a 27M-parameter reasoning model. Text problem in, steps a machine can check and an answer out.

>>> import microreason
>>> microreason.solve("Find the Greatest Common Divisor (GCD) of these numbers: 12, 18.")  # doctest: +SKIP
"""

from __future__ import annotations

from typing import Any

from microreason.errors import BadInput, MicroReasonError
from microreason.inference import load
from microreason.solution import MAX_TOKENS, Problem, Solution, Step

__version__ = "0.1.0"
__all__ = ["BadInput", "MicroReasonError", "Problem", "Solution", "Step", "load", "solve"]


def solve(
    text: str,
    *,
    engine: Any = None,
    mode: str = "assisted",
    samples: int = 1,
    max_tokens: int = MAX_TOKENS,
    seed: int = 0,
) -> Solution:
    """Solve one problem; every step of the result carries a verdict.

    `mode` is plain (the network alone), checked (unsound steps are drawn again) or assisted (checked, and single
    arithmetic claims are filled in exactly). With several `samples` the commonest answer wins, the first of them
    being the greedy one (inference/votes.py). `complete` is False where no answer came within `max_tokens`.
    Raises BadInput for an empty or overlong problem.
    """
    from microreason.inference.votes import solve_all
    from microreason.verification.steps import check_solution

    if not text.strip():
        raise BadInput("The problem is empty.")
    if mode not in ("plain", "checked", "assisted") or samples < 1 or max_tokens < 1:
        raise BadInput("mode must be plain, checked or assisted; samples and max_tokens at least 1.")
    (drawn,) = solve_all(engine or load(), [text], mode=mode, max_tokens=max_tokens, samples=samples, seed=seed)
    return check_solution(text, drawn.solution)

"""The reward of self-evolution: 0.6·correctness + 0.3·step efficiency + 0.1·logical soundness, and group advantages.

Each part is a number from 0 to 1. A plain sum lets the part with the largest spread rule, so each part is normalised
within the group of solutions to one problem before the weighted sum (`advantages`). Source of the group-relative
form: GRPO, arXiv 2402.03300, section 4.1. Does not cover drawing the solutions (evolve.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from microreason.solution import Solution

WEIGHTS = (0.6, 0.3, 0.1)
SOLVED = 0.99


@dataclass(frozen=True)
class Reward:
    """The three parts."""

    correctness: float
    step_efficiency: float
    logical_soundness: float

    @property
    def total(self) -> float:
        """The weighted sum.

        >>> Reward(1, 1, 1).total, round(Reward(1, 0.5, 0.8).total, 3), Reward(0, 0.25, 0).total
        (1.0, 0.83, 0.075)
        """
        return round(sum(w * p for w, p in zip(WEIGHTS, self.parts, strict=True)), 12)

    @property
    def parts(self) -> tuple[float, float, float]:
        """Correctness, step efficiency, logical soundness."""
        return self.correctness, self.step_efficiency, self.logical_soundness


def step_efficiency(steps: int, reference: int) -> float:
    """1 / (1 + |steps − reference steps|).

    >>> step_efficiency(4, 4), step_efficiency(7, 4), step_efficiency(3, 4)
    (1.0, 0.25, 0.5)
    """
    return 1 / (1 + abs(steps - reference))


def logical_soundness(steps: Sequence[str], reference: Sequence[str]) -> float:
    """Similarity of two chains of steps: twice the steps in common order over all steps; 1 for two empty chains.

    >>> logical_soundness(["1+2=3", "3+4=7"], ["1+2=3", "3+4=7"]), logical_soundness(["1+2=3"], ["1+2=4"])
    (1.0, 0.0)
    """
    return SequenceMatcher(None, list(steps), list(reference), autojunk=False).ratio()


def reward(solution: Solution, score: float, reference: Solution, similarity: float | None = None) -> Reward:
    """The parts for a solution that its grader gave `score`, beside the expert's solution.

    Logical soundness is `similarity` where that is given, else that of the lines.
    """
    right = float(solution.complete and score >= SOLVED)
    lines, expected = ([step.text for step in s.steps] for s in (solution, reference))
    alike = logical_soundness(lines, expected) if similarity is None else similarity
    return Reward(right, step_efficiency(len(lines), len(expected)), alike)


def normalised(values: np.ndarray) -> np.ndarray:
    """Each column of [G, …] with mean 0 and deviation 1; one without spread is 0."""
    spread = values.std(0)
    return np.divide(values - values.mean(0), spread, out=np.zeros_like(values), where=spread > 1e-9)


def advantages(rewards: Sequence[Reward]) -> np.ndarray:
    """How much better each solution of a group is than the group, [G].

    Each part is set to mean 0 and deviation 1 within the group, then weighted and summed. A part without spread says
    nothing and counts 0. NaN is refused with ValueError.
    """
    parts = np.array([r.parts for r in rewards], dtype=np.float64)
    if not np.isfinite(parts).all():
        raise ValueError("a reward is not a number")
    return normalised(parts) @ np.array(WEIGHTS)

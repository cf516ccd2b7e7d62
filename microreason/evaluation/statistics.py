"""Bootstrap intervals over questions: for one task, for the mean over tasks, and for the difference of two runs.

Questions are drawn again with replacement within each task (stratified), so the interval says how far the score
would move with other questions of the same tasks; it does not cover other tasks, other trainings or decoding noise.
Everything is seeded: the same scores give the same interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

Interval = tuple[float, float]
DRAWS, LEVEL = 10_000, 0.95


def _bounds(means: np.ndarray) -> Interval:
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(means, [tail, 100 - tail])
    return float(low), float(high)


def _means(scores: Sequence[float], rng: np.random.Generator, draws: int) -> np.ndarray:
    values = np.asarray(scores, dtype=np.float64)
    return values[rng.integers(0, len(values), size=(draws, len(values)))].mean(axis=1)


def task_interval(scores: Sequence[float], *, seed: int = 0, draws: int = DRAWS) -> Interval:
    """95 % interval of one task's mean score.

    Where all scores are 0 or all are 1 a bootstrap would claim certainty; the exact binomial bound is given then.

    >>> low, high = task_interval([1.0] * 50)
    >>> round(low, 3), high
    (0.929, 1.0)
    """
    if not len(scores):
        raise ValueError("no scores")
    reach = ((1 - LEVEL) / 2) ** (1 / len(scores))
    if all(score == 1 for score in scores):
        return reach, 1.0
    if all(score == 0 for score in scores):
        return 0.0, 1 - reach
    return _bounds(_means(scores, np.random.default_rng(seed), draws))


def mean_interval(scores: Mapping[str, Sequence[float]], *, seed: int = 0, draws: int = DRAWS) -> Interval:
    """95 % interval of the mean over tasks of the tasks' mean scores."""
    if not scores:
        raise ValueError("no scores")
    rng = np.random.default_rng(seed)
    return _bounds(np.mean([_means(scores[task], rng, draws) for task in sorted(scores)], axis=0))


def paired_interval(
    ours: Mapping[str, Sequence[float]],
    theirs: Mapping[str, Sequence[float]],
    *,
    seed: int = 0,
    draws: int = DRAWS,
) -> Interval:
    """95 % interval of the difference of two runs' means over tasks, on the same questions in the same order.

    >>> paired_interval({"a": [1, 0, 1]}, {"a": [1, 0, 1]})
    (0.0, 0.0)
    """
    if set(ours) != set(theirs) or any(len(ours[task]) != len(theirs[task]) for task in ours):
        raise ValueError("the two runs do not hold the same questions")
    return mean_interval(
        {task: [a - b for a, b in zip(ours[task], theirs[task], strict=True)] for task in ours},
        seed=seed,
        draws=draws,
    )

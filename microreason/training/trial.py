"""Greedy trials of a network on problems that no training draws: the parts of the reward, lengths, soundness.

Does not cover the published benchmarks (evaluation/).
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict

import numpy as np

from microreason.data.documents import fingerprint, held_out
from microreason.inference.batched import TorchEngine
from microreason.inference.drafts import Generation
from microreason.inference.native import NativeEngine
from microreason.model.transformer import Transformer
from microreason.solution import Problem, Solution
from microreason.tasks import get_task
from microreason.tokenizer import Tokenizer
from microreason.training.rewards import reward
from microreason.training.rollouts import engine
from microreason.verification.steps import check_solution

TRIAL_SEED = 2_500_000_000


def grade(problem: Problem, solution: Solution, counts: Counter[str]) -> float:
    """The grader's score; one that raises, or gives no number, gives 0 and is counted."""
    task = get_task(problem.task or "")
    try:
        score = float(task.grade(problem, solution.answer))
    except Exception as error:
        counts[f"{task.name}: grader raises {type(error).__name__}"] += 1
        return 0.0
    if not math.isfinite(score):
        counts[f"{task.name}: grader gives {score}"] += 1
        return 0.0
    return score


def solve(
    drawn_by: TorchEngine | NativeEngine, name: str, size: int, difficulty: float, max_tokens: int,
    temperature: float = 0.0,
) -> list[tuple[Problem, Generation]]:  # fmt: skip
    """Solutions of the first `size` trial problems of a task, no evaluation question among them."""
    task, problems, i = get_task(name), list[Problem](), 0
    while len(problems) < size:
        problem = task.generate(TRIAL_SEED, i, difficulty)
        i += 1
        if fingerprint(problem.text) not in held_out(name):
            problems.append(problem)
    drawn = drawn_by.generate([p.text for p in problems], max_tokens=max_tokens, temperature=temperature)
    return list(zip(problems, drawn, strict=True))


def outcomes(
    drawn_by: TorchEngine | NativeEngine, name: str, size: int, difficulty: float, max_tokens: int,
    temperature: float = 0.0,
) -> list[dict[str, float]]:  # fmt: skip
    """Of each trial problem of a task the parts of the reward, steps, tokens, steps judged sound and judged at all."""
    task, out = get_task(name), []
    for problem, drawn in solve(drawn_by, name, size, difficulty, max_tokens, temperature):
        score = grade(problem, drawn.solution, Counter())
        checked = check_solution(problem, drawn.solution, task).steps
        verdicts = Counter(step.verdict for step in checked)
        parts = asdict(reward(drawn.solution, score, task.expert(problem)))
        judged = {"sound": verdicts["sound"], "judged": verdicts["sound"] + verdicts["unsound"]}
        out.append(parts | judged | {"steps": len(checked), "tokens": drawn.tokens})
    return out


def summary(found: list[dict[str, float]]) -> dict[str, float]:
    """Means of outcomes, and the share of sound steps among those judged."""
    judged = sum(o["judged"] for o in found)
    means = {k: float(np.mean([o[k] for o in found])) for k in found[0] if k not in ("sound", "judged")}
    return means | {"sound_steps": sum(o["sound"] for o in found) / judged if judged else 0.0}


def trial(
    model: Transformer, tokenizer: Tokenizer, names: list[str], size: int, difficulty: float, max_tokens: int
) -> dict[str, dict[str, float]]:
    """The summary of each task."""
    drawn_by = engine(model, tokenizer)
    return {name: summary(outcomes(drawn_by, name, size, difficulty, max_tokens)) for name in names}

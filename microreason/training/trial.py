"""Greedy trials of a network on problems that no training draws: the parts of the reward, lengths, soundness.

Does not cover the published benchmarks (evaluation/).
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from microreason.data.documents import fingerprint, held_out
from microreason.inference.batched import TorchEngine
from microreason.inference.drafts import Generation
from microreason.model.transformer import Transformer
from microreason.solution import Problem, Solution
from microreason.tasks import get_task
from microreason.tokenizer import Tokenizer
from microreason.training.rewards import Reward, reward
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
    model: Transformer, tokenizer: Tokenizer, name: str, size: int, difficulty: float, max_tokens: int
) -> list[tuple[Problem, Generation]]:
    """Greedy solutions of the first `size` trial problems of a task, evaluation questions left out."""
    task, problems, i = get_task(name), list[Problem](), 0
    while len(problems) < size:
        problem = task.generate(TRIAL_SEED, i, difficulty)
        i += 1
        if fingerprint(problem.text) not in held_out(name):
            problems.append(problem)
    drawn = TorchEngine(model, tokenizer).generate([p.text for p in problems], max_tokens=max_tokens)
    return list(zip(problems, drawn, strict=True))


def correctness(
    model: Transformer, tokenizer: Tokenizer, names: list[str], size: int, difficulty: float, max_tokens: int
) -> dict[str, list[float]]:
    """1 or 0 for each trial problem, by task."""
    out = {}
    for name in names:
        done = solve(model, tokenizer, name, size, difficulty, max_tokens)
        expected = [get_task(name).expert(problem) for problem, _ in done]
        pairs = zip(done, expected, strict=True)
        out[name] = [reward(g.solution, grade(p, g.solution, Counter()), e).correctness for (p, g), e in pairs]
    return out


def trial(
    model: Transformer, tokenizer: Tokenizer, names: list[str], size: int, difficulty: float, max_tokens: int
) -> dict[str, dict[str, float]]:
    """By task: means of the reward's parts, steps and tokens, and the share of sound steps among checkable ones."""
    out = {}
    for name in names:
        task, rewards, verdicts = get_task(name), list[Reward](), Counter[str]()
        done = solve(model, tokenizer, name, size, difficulty, max_tokens)
        for problem, drawn in done:
            score = grade(problem, drawn.solution, Counter())
            rewards.append(reward(drawn.solution, score, task.expert(problem)))
            verdicts.update(step.verdict for step in check_solution(problem, drawn.solution, task).steps)
        checked = verdicts["sound"] + verdicts["unsound"]
        out[name] = {
            "correctness": float(np.mean([r.correctness for r in rewards])),
            "step_efficiency": float(np.mean([r.step_efficiency for r in rewards])),
            "logical_soundness": float(np.mean([r.logical_soundness for r in rewards])),
            "sound_steps": verdicts["sound"] / checked if checked else 0.0,
            "steps": float(np.mean([len(drawn.solution.steps) for _, drawn in done])),
            "tokens": float(np.mean([drawn.tokens for _, drawn in done])),
        }
    return out

"""The reasoning-gym benchmark: our tasks at a level, graded, with intervals, beside the published figures.

All problems are sorted by length and handed to the engine in big batches; after each batch the answers are graded
and the steps checked, so Ctrl-C keeps what is finished (`complete` is then false in the result). A problem that is too
long for the engine's context counts as not solved.
Needs the extra `eval`. Does not cover decoding (inference/) or printing (report.py).
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from statistics import fmean
from typing import Any

from microreason.errors import BadInput, UnknownTask
from microreason.evaluation.published import SEED, SIZE, SYSTEMS, published, to_beat
from microreason.evaluation.records import circumstances, shortened
from microreason.evaluation.statistics import mean_interval, task_interval
from microreason.inference.drafts import fits
from microreason.inference.votes import solve_all
from microreason.inputs import check_mode
from microreason.solution import MAX_TOKENS, Problem, Solution
from microreason.tasks import all_tasks, get_task
from microreason.verification.steps import check_solution

LEVELS = ("easy", "hard")
SOLVED = 0.99
"""A score from which a problem counts as solved (some graders give near misses a little)."""


def problems_of(level: str, tasks: Iterable[str] | None, seed: int, size: int) -> list[Problem]:
    """The benchmark's questions: `size` per task, in the published order. Raises UnknownTask, BadInput."""
    if level not in LEVELS:
        raise UnknownTask(f"There is no level {level!r}: use easy or hard.")
    if size < 1:
        raise BadInput("The number of questions per task must be at least 1.")
    names = list(dict.fromkeys(tasks)) if tasks is not None else list(all_tasks())
    if not names:
        raise UnknownTask("No task was named.")
    chosen = [get_task(name) for name in names]
    return [task.generate(seed, index, level) for task in chosen for index in range(size)]


def grade(problem: Problem, solution: Solution) -> float:
    """The grader's score; an answer cut off or one on which the grader fails scores 0."""
    if solution.answer is None or not solution.complete or problem.task is None:
        return 0.0
    try:
        return get_task(problem.task).grade(problem, solution.answer)
    except Exception:  # a task of a user's own may raise
        return 0.0


def _question(problem: Problem, solution: Solution, tokens: int) -> dict[str, Any]:
    checked = check_solution(problem, solution)
    verdicts = Counter(step.verdict for step in checked.steps)
    return {
        "task": problem.task, "index": problem.index, "score": grade(problem, solution),
        "answer": shortened(solution.answer), "expected": shortened(problem.answer), "steps": len(checked.steps),
        "sound": verdicts["sound"], "unsound": verdicts["unsound"], "unknown": verdicts["unknown"],
        "tokens": tokens,
    }  # fmt: skip


def evaluate(
    engine: Any,
    level: str,
    tasks: Iterable[str] | None = None,
    *,
    seed: int = SEED,
    size: int = SIZE,
    mode: str = "plain",
    max_tokens: int = MAX_TOKENS,
    samples: int = 1,
    batch: int = 256,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Run the benchmark and return the result in the shape that every benchmark of this project writes.

    With several `samples` of a problem their vote is graded. `progress(done, all)` is called as problems finish.
    Ctrl-C returns what is finished, with `complete` false.
    """
    check_mode(mode)
    if tasks is None:  # what the model was trained on, where it says so
        trained = getattr(engine, "info", {}).get("origin", {}).get("tasks")
        tasks = trained and [name for name in trained if name in all_tasks()]
    problems, questions = list[Problem](), list[dict[str, Any]]()
    for problem in sorted(problems_of(level, tasks, seed, size), key=lambda problem: len(problem.text)):
        if fits(engine, problem.text, max_tokens):
            problems.append(problem)
        else:
            questions.append(_question(problem, Solution(complete=False), 0))
    tokens, seconds, complete = 0, 0.0, True
    try:
        for start in range(0, len(problems), batch):
            part = problems[start : start + batch]
            report = (lambda done, start=start: progress(start + done, len(problems))) if progress else None
            began = time.perf_counter()
            texts = [problem.text for problem in part]
            generations = solve_all(engine, texts, mode=mode, max_tokens=max_tokens, samples=samples, progress=report)
            seconds += time.perf_counter() - began
            tokens += sum(generation.tokens for generation in generations)
            questions += [
                _question(problem, generation.solution, generation.tokens)
                for problem, generation in zip(part, generations, strict=True)
            ]
    except KeyboardInterrupt:
        complete = False
    result = summarise(questions, level=level, seed=seed, size=size, mode=mode)
    result["complete"] = complete
    result["max_tokens"], result["samples"] = max_tokens, samples
    result["tokens_per_second"] = tokens / seconds if seconds else None
    return result | circumstances(dict(getattr(engine, "info", {})))


def summarise(questions: list[dict[str, Any]], *, level: str, seed: int, size: int, mode: str) -> dict[str, Any]:
    """Scores, intervals and comparisons from the graded questions."""
    questions = sorted(questions, key=lambda question: (question["task"], question["index"]))
    scores: dict[str, list[float]] = defaultdict(list)
    for question in questions:
        scores[question["task"]].append(question["score"])
    rows = {name: _row(name, level, values, (seed, size) == (SEED, SIZE)) for name, values in scores.items()}
    return {
        "benchmark": "reasoning-gym", "level": level, "seed": seed, "size": size, "mode": mode,
        "mean": fmean(row["score"] for row in rows.values()) if rows else None,
        "interval": list(mean_interval(scores)) if rows else None,
        "tokens_per_second": None,
        "comparison": {system: _comparison(rows, system) for system in SYSTEMS},
        "explainability": explainability(questions),
        "tasks": rows,
        "questions": questions,
    }  # fmt: skip


def _row(name: str, level: str, scores: list[float], published_questions: bool) -> dict[str, Any]:
    figures = published(name, level) or {}
    row = {
        "score": fmean(scores), "n": len(scores), "interval": list(task_interval(scores)),
        "claude": figures.get("claude"), "r1": figures.get("r1"), "o3_mini": figures.get("o3_mini"),
        "r1_without_failures": figures.get("r1_without_failures"),
        "same_questions": int(bool(figures.get("same_questions")) and published_questions),
    }  # fmt: skip
    best = {"MicroReason": row["score"]} | {SYSTEMS[s]: to_beat(row, s) for s in SYSTEMS}
    known = {who: value for who, value in best.items() if value is not None}
    top = max(known.values())
    row["ahead"] = [who for who, value in known.items() if value == top]
    return row


def _comparison(rows: dict[str, dict[str, Any]], system: str) -> dict[str, Any] | None:
    """On the tasks where the system has a figure: both means, and on how many tasks we are ahead."""
    pairs = [(row["score"], theirs) for row in rows.values() if (theirs := to_beat(row, system)) is not None]
    if not pairs:
        return None
    return {
        "tasks": len(pairs),
        "ours": fmean(ours for ours, _ in pairs), "theirs": fmean(theirs for _, theirs in pairs),
        "ahead": sum(ours > theirs for ours, theirs in pairs),
        "level": sum(ours == theirs for ours, theirs in pairs),
        "behind": sum(ours < theirs for ours, theirs in pairs),
    }  # fmt: skip


def explainability(questions: list[dict[str, Any]]) -> dict[str, Any]:
    """Soundness (sound among checkable steps, on solved problems and on all) and coverage (checkable among all)."""

    def share(part: list[dict[str, Any]]) -> tuple[float | None, float | None]:
        sound = sum(q["sound"] for q in part)
        checkable = sound + sum(q["unsound"] for q in part)
        steps = checkable + sum(q["unknown"] for q in part)
        return sound / checkable if checkable else None, checkable / steps if steps else None

    solved = [q for q in questions if q["score"] >= SOLVED]
    soundness, coverage = share(solved)
    all_soundness, all_coverage = share(questions)
    return {
        "solved": len(solved), "soundness": soundness, "coverage": coverage,
        "soundness_all": all_soundness, "coverage_all": all_coverage,
    }  # fmt: skip

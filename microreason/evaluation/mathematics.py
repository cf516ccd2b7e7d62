"""Benchmarks of mathematics made by others: GSM8K, MATH, Math23K, Ape210K, SVAMP, MAWPS, TAL-SCQ5K and Saxton's school
mathematics, asked in full and graded by mathematics/grading.py.

Scores are shares of problems, with 95 % intervals, in the shape that every benchmark of this project writes; a problem
that does not fit the context scores 0 and is counted. GSM8K is also scored without the problems that reasoning-gym's
`gsm_symbolic` is made from, which are recognised by their wording. Ctrl-C keeps what is finished.
Does not cover decoding (inference/) or reading the sets (mathematics/formats.py).
"""

from __future__ import annotations

import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

from microreason.evaluation.reasoning_gym import explainability
from microreason.evaluation.records import circumstances, way
from microreason.evaluation.statistics import task_interval
from microreason.inference.drafts import fits
from microreason.inference.votes import solve_all
from microreason.inputs import check_mode
from microreason.mathematics import grading
from microreason.mathematics.convert import problem, split
from microreason.mathematics.formats import read
from microreason.solution import Problem, Solution
from microreason.verification.steps import check_solution

SIMILAR = 0.35
"""Share of three-word sequences in common from which a GSM8K problem counts as the origin of a template: other drawings
of the same template share .38 or more, problems of the training split .37 or less (dev/LOG.md)."""
INSTANCES = 12


def problems_of(name: str, path: Path | str, held_out: bool = False) -> tuple[list[Problem], Counter[str]]:
    """Questions of a set's file, all or only the held-out ones of a training file, and rows left out by reason.

    Raises BadInput.
    """
    entries, left_out = read(name, path)
    if held_out:
        entries = split(entries)[1]
    return [problem(name, entry, i) for i, entry in enumerate(entries)], left_out


def evaluate(
    engine: Any,
    name: str,
    problems: list[Problem],
    *,
    mode: str = "plain",
    max_tokens: int = 512,
    samples: int = 1,
    batch: int = 256,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Ask and grade all problems, of several `samples` of each their vote.

    Raises ModuleNotFoundError where formulas need the extra `maths`.
    """
    check_mode(mode)
    if any(p.data["kind"] == "latex" for p in problems):
        grading.check_installed()
    fitting = [p for p in problems if fits(engine, p.text, max_tokens)]
    questions = [_question(p, Solution(complete=False), 0) for p in problems if not fits(engine, p.text, max_tokens)]
    too_long, hung = len(questions), grading.hung()
    order = sorted(fitting, key=lambda p: len(p.text))
    tokens, seconds, complete = 0, 0.0, True
    try:
        for start in range(0, len(order), batch):
            part = order[start : start + batch]
            report = (lambda done, start=start: progress(start + done, len(order))) if progress else None
            began = time.perf_counter()
            texts = [p.text for p in part]
            drawn = solve_all(engine, texts, mode=mode, max_tokens=max_tokens, samples=samples, progress=report)
            seconds += time.perf_counter() - began
            tokens += sum(generation.tokens for generation in drawn)
            questions += [_question(p, g.solution, g.tokens) for p, g in zip(part, drawn, strict=True)]
    except KeyboardInterrupt:
        complete = False
    info = dict(getattr(engine, "info", {}))
    result = summarise(name, questions) | {
        "mode": mode, "samples": samples, "complete": complete, "max_tokens": max_tokens, "too_long": too_long,
        "formulas_given_up": grading.hung() - hung, "tokens_per_second": tokens / seconds if seconds else None,
    }  # fmt: skip
    if name == "gsm8k":
        result["without_gsm_symbolic"] = without_gsm_symbolic(problems, result["questions"])
        result["trained_on_gsm_symbolic"] = "gsm_symbolic" in _tasks_of(info.get("origin"))
    return result | circumstances(info)


def _tasks_of(origin: dict[str, Any] | None) -> set[str]:
    """Tasks of a run and of those whose weights it began with."""
    return {*origin.get("tasks", ()), *_tasks_of(origin.get("start"))} if origin else set()


def _question(asked: Problem, solution: Solution, tokens: int) -> dict[str, Any]:
    checked = check_solution(asked, solution)
    verdicts = Counter(step.verdict for step in checked.steps)
    answer = solution.answer if solution.complete else None
    return {
        "task": asked.data.get("group") or asked.task, "index": asked.index, "id": asked.data.get("id"),
        "score": grading.grade(asked.data["kind"], asked.answer or "", answer),
        "answer": solution.answer, "expected": asked.answer, "steps": len(checked.steps),
        "sound": verdicts["sound"], "unsound": verdicts["unsound"], "unknown": verdicts["unknown"], "tokens": tokens,
    }  # fmt: skip


def _row(scores: list[float]) -> dict[str, Any]:
    interval = list(task_interval(scores)) if scores else None
    return {"score": fmean(scores) if scores else None, "n": len(scores), "interval": interval}


def summarise(name: str, questions: list[dict[str, Any]]) -> dict[str, Any]:
    """Score, interval and number of all questions, and of each group (subject and level, or module)."""
    questions = sorted(questions, key=lambda question: (question["task"], question["index"]))
    groups: dict[str, list[float]] = defaultdict(list)
    for question in questions:
        groups[question["task"]].append(question["score"])
    return {
        "benchmark": name, **_row([question["score"] for question in questions]),
        "explainability": explainability(questions), "tasks": {task: _row(groups[task]) for task in groups},
        "questions": questions,
    }  # fmt: skip


def _sequences(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z]+", text.lower())
    return {tuple(words[i : i + 3]) for i in range(len(words) - 2)}


def _templates() -> list[list[set[tuple[str, ...]]]]:
    """A few drawings of each of the 100 templates, as sets of three-word sequences."""
    from reasoning_gym.arithmetic.gsm_symbolic import generators_00_49, generators_50_99

    generators = [
        function
        for module in (generators_00_49, generators_50_99)
        for name, function in sorted(vars(module).items())
        if re.fullmatch(r"generate_\d+", name)
    ]
    return [
        [_sequences(generate(random.Random(seed), 1.0)["question"]) for seed in range(INSTANCES)]
        for generate in generators
    ]


def gsm_symbolic_origins(texts: list[str]) -> set[int]:
    """Positions of the problems that a template of `gsm_symbolic` was made from, at most one for each template."""
    found = set()
    sequences = [_sequences(text) for text in texts]
    for drawings in _templates():
        best, position = max(
            (
                (max(len(own & d) / max(1, min(len(own), len(d))) for d in drawings), i)
                for i, own in enumerate(sequences)
            ),
            default=(0.0, -1),
        )
        if best >= SIMILAR:
            found.add(position)
    return found


def without_gsm_symbolic(problems: list[Problem], questions: list[dict[str, Any]]) -> dict[str, Any]:
    """The score without the problems behind `gsm_symbolic`, and how many of the 100 were recognised."""
    origins = {problems[i].index for i in gsm_symbolic_origins([p.text for p in problems])}
    return {"recognised": len(origins)} | _row([q["score"] for q in questions if q["index"] not in origins])


def sentence(result: dict[str, Any]) -> str:
    """The result in words."""
    if not result["n"]:
        return f"{result['benchmark']}: no question was finished."
    low, high = (100 * bound for bound in result["interval"])
    text = (
        f"{result['benchmark']}, {way(result)}: {100 * result['score']:.1f} % of {result['n']} problems "
        f"({low:.1f} to {high:.1f})"
    )
    part = result.get("without_gsm_symbolic")
    if part and part["n"]:
        text += f"; without the {part['recognised']} problems behind gsm_symbolic {100 * part['score']:.1f} %"
    return text + ("." if result["complete"] else "; interrupted.")

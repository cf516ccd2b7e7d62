"""What the tasks and their experts are worth: scores, soundness, lengths, speed, and whether checkers find mistakes.

For each task and level: so many fresh problems, the expert's answer graded, every step of it judged, one corruption of
each kind per solution put before the checkers, alone (`found`) and with the line that is due (`found_due`). A problem
whose generator raises or hangs, or whose gold answer its own grader refuses, is counted and named. Does not cover
what a model makes of the tasks.
"""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import random
import statistics
import time
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from microreason.data.corruption import KINDS, corrupt
from microreason.data.documents import LIMIT, time_limit
from microreason.evaluation.records import circumstances
from microreason.tasks import all_tasks, load_task
from microreason.tokenizer import Tokenizer
from microreason.verification.steps import check_solution, check_step

LEVELS = ("easy", "hard")
SOLVED = 0.99


def _spread(values: list[int]) -> dict[str, float]:
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return {"median": statistics.median(ordered), "p95": p95, "max": ordered[-1]}


def measure_level(name: str, level: str, size: int, seed: int) -> dict[str, Any]:
    """Figures of one task (a name, or a Python file) at one level over `size` problems of `seed`."""
    task, tokenizer, rng = load_task(name), Tokenizer.load(), random.Random(f"{name}/{level}/{seed}")
    failures: list[str] = []
    scores, prompts, solutions, steps, sound = [], [], [], [], Counter[str]()
    tried, found, found_due = Counter[str](), Counter[str](), Counter[str]()
    seconds = 0.0
    for i in range(size):
        start, where = time.perf_counter(), f"{task.name} {level}, seed {seed}, problem {i}"
        try:
            with time_limit(LIMIT):
                problem = task.generate(seed, i, level)
                solution = task.expert(problem)
        except Exception as error:
            what = f"takes longer than {LIMIT:.0f} s" if isinstance(error, TimeoutError) else f"raises {error!r:.120}"
            failures.append(f"{where}: generator or expert {what}.")
            continue
        prompts.append(len(tokenizer.encode_problem(problem.text)))
        solutions.append(len(tokenizer.encode_solution(solution, task.spelled, task.spaced)))
        seconds += time.perf_counter() - start
        if problem.answer is not None and task.exact and (grade := task.grade(problem, problem.answer)) < SOLVED:
            failures.append(f"{where}: the grader gives its own gold answer {grade}.")
        scores.append(task.grade(problem, solution.answer))
        if task.exact and scores[-1] < SOLVED:
            failures.append(f"{where}: the expert's answer is graded {scores[-1]}.")
        verdicts = [step.verdict for step in check_solution(problem, solution, task).steps]
        steps.append(len(verdicts))
        sound.update(verdicts)
        if "unsound" in verdicts:
            failures.append(f"{where}: step {verdicts.index('unsound') + 1} of the expert is judged unsound.")
        for kind in KINDS:
            broken = corrupt(task, problem, solution, rng, kind)
            if broken and verdicts[broken.position] != "unknown":
                tried[kind] += 1
                before, line = broken.lines[:-1], broken.lines[-1]
                alone = check_step(problem, before, line, task) == "unsound"
                found[kind] += alone
                found_due[kind] += alone or check_step(problem, before, line, task, due=True) == "unsound"
    if not scores:
        return {"n": 0, "failures": failures}
    return {
        "n": len(scores), "score": statistics.mean(scores), "solved": sum(s >= SOLVED for s in scores) / len(scores),
        "problem_tokens": _spread(prompts), "solution_tokens": _spread(solutions), "steps": statistics.mean(steps),
        "lengths": sorted(solutions), "coverage": 1 - sound["unknown"] / max(1, sum(sound.values())),
        "sound": sound["sound"], "unsound": sound["unsound"], "corrupted": dict(tried), "found": dict(found),
        "found_due": dict(found_due),
        "examples_per_second": len(scores) / seconds, "solution_tokens_per_second": sum(solutions) / seconds,
        "failures": failures,
    }  # fmt: skip


def measure(tasks: list[str] | None = None, size: int = 50, seed: int = 77, workers: int = 1) -> dict[str, Any]:
    """Figures of tasks at both levels, and the sums over them. Raises UnknownTask and BadInput."""
    names = tasks or list(all_tasks())
    described = {name: load_task(name) for name in names}
    result: dict[str, Any] = {"benchmark": "tasks", "size": size, "seed": seed, **circumstances({}), "tasks": {}}
    result |= {"failed": [], "complete": True}
    context = multiprocessing.get_context("spawn")
    bar = Progress(console=Console(stderr=True))
    with concurrent.futures.ProcessPoolExecutor(workers, context) as pool, bar:
        line = bar.add_task("tasks", total=2 * len(names))
        waiting = {pool.submit(measure_level, n, level, size, seed): (n, level) for n in names for level in LEVELS}
        try:
            for done in concurrent.futures.as_completed(waiting):
                name, level = waiting[done]
                task = described[name]
                entry = result["tasks"].setdefault(
                    task.name, {"category": task.category, "unexplained": task.unexplained, "exact": task.exact}
                )
                try:
                    entry[level] = done.result()
                except Exception as error:  # a grader or checker failed: named like any other failure
                    entry[level] = {"n": 0, "failures": [f"{name} {level}: {error!r:.200}."]}
                result["failed"] += entry[level]["failures"]
                bar.advance(line)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            result["complete"] = False
    result["tasks"] = dict(sorted(result["tasks"].items()))
    result["summary"] = summarise(result["tasks"])
    return result


def summarise(tasks: dict[str, Any]) -> dict[str, Any]:
    """The figures over all tasks."""
    cells = [t[level] for t in tasks.values() for level in LEVELS if t.get(level, {}).get("n")]
    whole = {name: t for name, t in tasks.items() if all(t.get(level, {}).get("n") for level in LEVELS)}
    limits = {"easy": 1500, "hard": 6000}
    kinds = ("corrupted", "found", "found_due")
    tried, found, due = (sum((Counter(c[key]) for c in cells), Counter[str]()) for key in kinds)
    return {
        "tasks": len(tasks), "explained": sum(not t["unexplained"] for t in tasks.values()),
        "solved": sum(all(t[level]["solved"] >= SOLVED for level in LEVELS) for t in whole.values()),
        "coverage": statistics.mean(c["coverage"] for c in cells) if cells else None,
        "sound": sum(c["sound"] for c in cells), "false_alarms": sum(c["unsound"] for c in cells),
        "too_long": [n for n, t in whole.items() if any(t[k]["solution_tokens"]["p95"] > limits[k] for k in limits)],
        "corrupted": sum(tried.values()), "found": sum(found.values()), "found_due": sum(due.values()),
        "found_by_kind": {kind: found[kind] / tried[kind] for kind in KINDS if tried[kind]},
    }  # fmt: skip


def show(result: dict[str, Any], console: Console) -> None:
    """Print the table, the sums and what failed."""
    head = ("task", "level", "n", "score", "problem", "solution", "p95", "steps", "checkable", "found", "per second")
    table = Table(*head)
    for name, task in result["tasks"].items():
        for level in LEVELS:
            c = task.get(level, {})
            if c.get("n"):
                tried = sum(c["corrupted"].values())
                table.add_row(
                    name, level, str(c["n"]), f"{c['score']:.3f}", f"{c['problem_tokens']['median']:.0f}",
                    f"{c['solution_tokens']['median']:.0f}", str(c["solution_tokens"]["p95"]), f"{c['steps']:.0f}",
                    f"{c['coverage']:.0%}", f"{sum(c['found'].values()) / tried:.1%}" if tried else "–",
                    f"{c['examples_per_second']:.0f}",
                )  # fmt: skip
    console.print(table)
    for key, value in result["summary"].items():
        console.print(f"{key}: {value}")
    for sentence in result["failed"][:20]:
        console.print(sentence)


def draw_lengths(result: dict[str, Any], path: Path) -> None:
    """Write a picture of the solution lengths: a box a task, easy and hard side by side, on a logarithmic axis."""
    from matplotlib.figure import Figure

    names = [n for n, t in result["tasks"].items() if all(t.get(level, {}).get("n") for level in LEVELS)]
    figure = Figure(figsize=(9, 1 + 0.2 * len(names)), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for axis, level in zip(axes, LEVELS, strict=True):
        lengths = [result["tasks"][name][level]["lengths"] for name in names]
        axis.boxplot(lengths, orientation="horizontal", whis=(0, 95), showfliers=False, tick_labels=names)
        axis.set(xscale="log", title=level, xlabel="tokens of a solution")
        axis.tick_params(axis="y", labelsize=6)
    axes[0].invert_yaxis()
    figure.savefig(path, metadata={"Date": None})

"""Two benchmarks of finding mistakes: BIG-Bench-Mistake from files of its own, and problems kept out of training.

`bigbench-mistake`: a folder of (or one file of) JSON lines with `input`, `steps` and `mistake_index`, packed or not; a
file is one kind, by its name. The score is the share of solutions whose first wrong step, or that there is none, is
named exactly, mean over kinds. `mistakes`: solutions by this package's generators to problems that never occur in
training, three in four with a mistake; beside the same score, the share of right answers after the wrong step is shown.
Plain: the network alone; what the step checkers alone would score stands beside it. A solution that does not fit the
context scores 0 and is counted. Ctrl-C keeps what is finished. Does not cover the network's form of the problem
(mistakes/form.py).
"""

from __future__ import annotations

import gzip
import json
import random
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from microreason.errors import BadInput
from microreason.evaluation.records import circumstances
from microreason.evaluation.statistics import mean_interval, task_interval
from microreason.mistakes.check import MAX_TOKENS, Found, find, fits, mend, verdicts
from microreason.mistakes.reading import record

PUBLISHED = {
    "GPT-4": {"whole trace": 0.398, "step by step": 0.529},
    "GPT-4-Turbo": {"whole trace": 0.301, "step by step": 0.483},
    "GPT-3.5-Turbo": {"whole trace": 0.104, "step by step": 0.148},
}  # fmt: skip
"""Exact accuracy on BIG-Bench-Mistake, mean of its five kinds (arXiv 2311.08516)."""
SEED = 20261123
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Case:
    """A solution whose first wrong step is known (from 0, None where there is none); `answer` is the right one."""

    kind: str
    question: str
    steps: list[str]
    wrong: int | None
    answer: str | None = None


def read_cases(path: Path) -> list[Case]:
    """Solutions of BIG-Bench-Mistake. Raises BadInput with one sentence where a file is none of its form."""
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.name.endswith((".jsonl", ".jsonl.gz")))
        if not files:
            raise BadInput(f"The folder {str(path)!r} has no files that end in .jsonl or .jsonl.gz.")
    else:
        files = [path]
    return [case for file in files for case in _read_file(file)]


def _read_file(path: Path) -> list[Case]:
    kind = path.name.removesuffix(".gz").removesuffix(".jsonl")
    cases: list[Case] = []
    try:
        for line in _lines(path):
            cases.append(Case(kind, *record(json.loads(line))))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is damaged or no text"
        raise BadInput(f"The file {str(path)!r} cannot be read: {reason}.") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadInput(
            f"The file {str(path)!r} is not in the form of BIG-Bench-Mistake (input, steps, mistake_index), "
            f"line {len(cases) + 1}."
        ) from None
    if not cases:
        raise BadInput(f"The file {str(path)!r} is empty.")
    return cases


def _lines(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    with (gzip.open if packed else open)(path, "rt", encoding="utf-8") as text:
        yield from text


def held_out_cases(per_kind: int) -> list[Case]:
    """Solutions to problems that are kept out of training, as many of each kind; every fourth is right."""
    from microreason.mistakes.tasks import GENERATORS, trace

    cases = []
    for kind in GENERATORS:
        for i in range(per_kind):
            rng = random.Random(f"mistakes/{SEED}/{kind}/{i}")
            made = trace(rng, rng.random(), i % 4 > 0, kind, test=True)
            cases.append(Case(kind, made.question, list(made.steps), made.wrong, made.answer))
    return cases


def evaluate(
    engine: Any, name: str, cases: Sequence[Case], *, batch: int = 64, progress: Progress | None = None
) -> dict[str, Any]:
    """Find the first wrong steps of all cases, and mend those whose right answer is known; the result in this
    project's shape."""
    number = [sum(case.kind == c.kind for c in cases[:i]) for i, case in enumerate(cases)]
    fitting = [i for i, c in enumerate(cases) if fits(engine, (c.question, c.steps))]
    order = sorted(fitting, key=lambda i: sum(map(len, cases[i].steps)))
    known = set(fitting)
    rows = [_row(cases[i], number[i], Found(None, (), False)) for i in range(len(cases)) if i not in known]
    complete, began = True, time.perf_counter()
    try:
        for start in range(0, len(order), batch):
            part = order[start : start + batch]
            found = find(engine, [(cases[i].question, cases[i].steps) for i in part])
            made = [_row(cases[i], number[i], f) for i, f in zip(part, found, strict=True)]
            _mend(engine, [cases[i] for i in part], made)
            rows += made
            if progress:
                progress(start + len(part), len(order))
    except KeyboardInterrupt:
        complete = False
    result = summarise(name, rows) | {
        "mode": "plain", "complete": complete, "max_tokens": MAX_TOKENS, "too_long": len(cases) - len(fitting),
        "seconds": time.perf_counter() - began,
    }  # fmt: skip
    info = dict(getattr(engine, "info", {}))
    result["learnt"] = "mistakes" in info.get("origin", {}).get("tasks", [])
    if name == "bigbench-mistake":
        result["published"] = PUBLISHED
    return result | circumstances(info)


def _row(case: Case, index: int, found: Found) -> dict[str, Any]:
    judged = verdicts((case.question, case.steps))
    by_checkers = judged.index("unsound") if "unsound" in judged else None
    return {
        "task": case.kind, "index": index, "score": float(found.decided * (found.wrong == case.wrong)),
        "answer": found.wrong, "expected": case.wrong, "decided": found.decided, "steps": len(case.steps),
        "path": list(found.path), "checkers": float(by_checkers == case.wrong),
    }  # fmt: skip


def _mend(engine: Any, cases: Sequence[Case], rows: list[dict[str, Any]]) -> None:
    """Write into the rows whether the answer is right after the wrong step is shown, where the right one is known."""
    asked = [
        (case, case.wrong, row)
        for case, row in zip(cases, rows, strict=True)
        if case.wrong is not None and case.answer is not None
    ]
    mended = mend(engine, [((case.question, case.steps), wrong) for case, wrong, _ in asked]) if asked else []
    for (case, _, row), solution in zip(asked, mended, strict=True):
        said = " ".join((solution.answer or "").split()).lower()
        row["corrected"] = float(solution.complete and said == " ".join((case.answer or "").split()).lower())


def _mean(scores: dict[str, list[float]]) -> dict[str, Any]:
    """Mean over kinds with its interval, and the number of solutions."""
    if not scores:
        return {"score": None, "n": 0, "interval": None}
    values = [score for of_one in scores.values() for score in of_one]
    simple = len(scores) == 1 or len(set(values)) == 1  # a bootstrap would claim certainty where all are the same
    return {
        "score": fmean(fmean(s) for s in scores.values()), "n": len(values),
        "interval": list(task_interval(values) if simple else mean_interval(scores)),
    }  # fmt: skip


def summarise(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Score, interval and number over all and by kind; those with and without a mistake, and corrected answers."""
    rows = sorted(rows, key=lambda row: (row["task"], row["index"]))

    def by_kind(key: str, keep: Callable[[dict[str, Any]], bool]) -> dict[str, list[float]]:
        out: dict[str, list[float]] = defaultdict(list)
        for row in rows:
            if key in row and keep(row):
                out[row["task"]].append(row[key])
        return dict(out)

    scores = by_kind("score", lambda row: True)
    corrected = by_kind("corrected", lambda row: True)
    tasks = {kind: _mean({kind: values}) for kind, values in scores.items()}
    for kind, values in corrected.items():
        tasks[kind]["corrected"] = _mean({kind: values})
    return {
        "benchmark": name, **_mean(scores), "tasks": tasks,
        "with_mistake": _mean(by_kind("score", lambda row: row["expected"] is not None)),
        "without_mistake": _mean(by_kind("score", lambda row: row["expected"] is None)),
        "checkers": _mean(by_kind("checkers", lambda row: True)),
        **({"corrected": _mean(corrected)} if corrected else {}),
        "questions": rows,
    }  # fmt: skip


def sentences(result: dict[str, Any]) -> list[str]:
    """The result in words."""
    if not result["n"]:
        return [f"{result['benchmark']}: no solution was finished."]

    def said(row: dict[str, Any]) -> str:
        low, high = (100 * bound for bound in row["interval"])
        return f"{100 * row['score']:.1f} % of {row['n']} ({low:.1f} to {high:.1f})"

    out = [f"{kind}: {said(row)}" for kind, row in result["tasks"].items()]
    out.append(f"{result['benchmark']}, {result['mode']}, first wrong step exact, mean of kinds: {said(result)}")
    if "corrected" in result:
        out.append(f"right answer after the mistake is shown: {said(result['corrected'])}")
    out.append(f"step checkers alone, for comparison: {said(result['checkers'])}")
    if not result["learnt"]:
        out.append("These weights were not trained on finding mistakes.")
    if not result["complete"]:
        out.append("Interrupted.")
    return out

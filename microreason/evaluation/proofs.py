"""The benchmark of proofs: held-out theorems of a Metamath database, proven within a budget and verified.

A theorem counts as proven when the independent `metamath` program accepts the proof; every row is the same theorems
with the same budget in another order of steps, so that the difference of two rows says what an order adds.
Does not cover searching (proofs/search.py) or other people's figures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.table import Table

from microreason.errors import BadInput
from microreason.evaluation.records import circumstances
from microreason.evaluation.statistics import paired_interval, task_interval
from microreason.proofs.prove import BASELINES, attempt, make_scorer
from microreason.proofs.search import Budget, Scorer
from microreason.proofs.split import ONE_IN, evaluated, read_library
from microreason.proofs.steps import Library, expert_proof, outline
from microreason.proofs.verify import MISSING, available


def sample(library: Library, size: int | None) -> list[str]:
    """Held-out theorems, all or as many as asked for, in the order of a hash, so that any part is a fair sample."""
    return sorted(evaluated(library), key=lambda label: hashlib.blake2b(f"sample/{label}".encode()).digest())[:size]


def _question(library: Library, label: str, scorer: Scorer, budget: Budget) -> dict[str, Any]:
    result = attempt(library, label, scorer, budget)
    return {
        "order": scorer.name, "theorem": label, "score": float(result["verified"] or 0.0),
        "claimed": result["proof"] is not None, "ending": result["ending"], "nodes": result["nodes"],
        "seconds": result["seconds"], "steps": result["steps"] and len(result["steps"]),
        "expert_steps": len(outline(library.theorem(label), expert_proof(library, label))),
    }  # fmt: skip


def evaluate(
    path: Path,
    orders: Sequence[str] = BASELINES,
    *,
    part: str = "propositional",
    size: int | None = None,
    budget: Budget | None = None,
    engine: Any = None,
    progress: Callable[[int, int], None] | None = None,
    keep: Callable[[dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Run the benchmark and return its result. Ctrl-C returns what is finished, with `complete` false.

    `keep` is given the result so far after every tenth theorem.

    Raises BadInput for a damaged file, an unknown order, and where the `metamath` program is missing.
    """
    if not available():
        raise BadInput(MISSING)
    budget = budget or Budget()
    library = read_library(path, part)
    made = [make_scorer(name, library, engine) for name in orders]
    chosen = sample(library, size)
    if not chosen:
        raise BadInput(f"{path.name} has no held-out theorem in this part.")
    questions: list[dict[str, Any]] = []

    def result(complete: bool) -> dict[str, Any]:
        return {
            "benchmark": "setmm", "database": path.name,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "part": part,
            "held_out": f"1 in {ONE_IN} by a hash of the label", "size": len(chosen), "budget": asdict(budget),
            "complete": complete, "rows": summarise(questions), "questions": questions,
        } | circumstances(dict(getattr(engine, "info", {})))  # fmt: skip

    try:
        for number, label in enumerate(chosen, 1):
            for scorer in made:
                questions.append(_question(library, label, scorer, budget))
                if progress:
                    progress(len(questions), len(chosen) * len(made))
            if keep and number % 10 == 0:
                keep(result(False))
    except KeyboardInterrupt:
        return result(False)
    return result(True)


def summarise(questions: list[dict[str, Any]]) -> dict[str, Any]:
    """One row for each order: share proven with its interval, nodes, seconds, and what it adds to the first order.

    Only theorems that every order has tried count.
    """
    names = list(dict.fromkeys(q["order"] for q in questions))
    tried = {name: {q["theorem"]: q for q in questions if q["order"] == name} for name in names}
    common = [label for label in next(iter(tried.values()), {}) if all(label in tried[name] for name in names)]
    rows: dict[str, Any] = {}
    for name in names if common else ():
        mine = [tried[name][label] for label in common]
        scores = [q["score"] for q in mine]
        proven = [q for q in mine if q["score"]]
        rows[name] = {
            "score": fmean(scores), "n": len(scores), "interval": list(task_interval(scores)),
            "proven": len(proven), "claimed": sum(q["claimed"] for q in mine),
            "nodes": sum(q["nodes"] for q in mine), "seconds": round(sum(q["seconds"] for q in mine), 1),
            "nodes_per_proof": fmean(q["nodes"] for q in proven) if proven else None,
            "one_step": sum(q["steps"] == 1 for q in proven),
        }  # fmt: skip
        if name != names[0]:
            first = [tried[names[0]][label]["score"] for label in common]
            rows[name][f"minus_{names[0]}"] = list(paired_interval({"": scores}, {"": first}))
    return rows


def show(result: dict[str, Any], console: Console) -> None:
    """The rows as a table."""
    budget = result["budget"]
    what = f"{result['database']}, {result['part']} part, at most {budget['nodes']} goals a theorem"
    table = Table("order", "held-out theorems", "proven", "%", "95 %", "goals tried", "goals a proof", "s", title=what)
    for name, row in result["rows"].items():
        low, high = (100 * bound for bound in row["interval"])
        mean = "–" if row["nodes_per_proof"] is None else f"{row['nodes_per_proof']:.1f}"
        table.add_row(
            name, str(row["n"]), str(row["proven"]), f"{100 * row['score']:.1f}", f"{low:.1f} to {high:.1f}",
            f"{row['nodes']:,}", mean, f"{row['seconds']:.0f}",
        )  # fmt: skip
    console.print(table)

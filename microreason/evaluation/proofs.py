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

from microreason.errors import BadInput
from microreason.evaluation.records import circumstances
from microreason.evaluation.statistics import paired_interval, task_interval
from microreason.proofs.database import read_database, read_text
from microreason.proofs.scorers import FrequencyOrder, LengthOrder, NetworkOrder, RandomOrder
from microreason.proofs.search import Budget, Scorer, search
from microreason.proofs.split import ONE_IN, PREDICATE_CALCULUS, evaluated, training_proofs
from microreason.proofs.steps import Library, expert_proof, outline
from microreason.proofs.verify import labels, program, verify

BASELINES = ("random", "length", "frequency")
PARTS = ("propositional", "all")
DEBIAN = Path("/usr/share/metamath/databases/set.mm")


def find_database(path: Path | None) -> Path:
    """The path itself, or where Debian puts set.mm. Raises BadInput where neither is there."""
    if path is None and not DEBIAN.exists():
        raise BadInput("There is no set.mm here: name one with --path (Debian: apt install metamath-databases).")
    return path or DEBIAN


def read_library(path: Path, part: str = "propositional", until: str | None = None) -> Library:
    """The assertions of a database, of a part of it, up to `until` where a label is named. Raises BadInput.

    The propositional part ends where predicate calculus begins; a database without such a place is taken whole.
    """
    if part not in PARTS:
        raise BadInput(f"There is no part {part!r}: use {' or '.join(PARTS)}.")
    if part == "propositional" and until is None:
        text = read_text(path)
        until = next((label for label in PREDICATE_CALCULUS if f" {label} $a " in text), None)
    return Library(read_database(path, until))


def make_scorer(name: str, library: Library, engine: Any = None) -> Scorer:
    """An order by its name; `network` needs a TorchEngine. Raises BadInput for an unknown name."""
    if name == "random":
        return RandomOrder()
    if name == "length":
        return LengthOrder()
    if name not in ("frequency", "network"):
        raise BadInput(f"There is no order {name!r}: use {', '.join(BASELINES)} or network.")
    if name == "network" and engine is None:
        raise BadInput("The network's order needs weights: name a folder with --weights.")
    proofs = training_proofs(library)
    frequency = FrequencyOrder(library, [(library.rules[label].position, proof) for label, proof in proofs.items()])
    return NetworkOrder(library, engine, frequency) if name == "network" else frequency


def sample(library: Library, size: int | None) -> list[str]:
    """Held-out theorems, all or as many as asked for, chosen by a hash of the label, in database order."""
    held = evaluated(library)
    chosen = sorted(held, key=lambda label: hashlib.blake2b(f"sample/{label}".encode()).digest())[:size]
    return [label for label in held if label in set(chosen)]


def attempt(library: Library, label: str, scorer: Scorer, budget: Budget) -> dict[str, Any]:
    """Try one theorem and verify what is claimed."""
    theorem = library.theorem(label)
    found = search(library, theorem, scorer, budget)
    steps = None if found.proof is None else len(outline(theorem, found.proof))
    verified = found.proof is not None and verify(library.database, label, labels(library, theorem, found.proof))
    return {
        "scorer": scorer.name, "theorem": label, "score": float(verified), "claimed": found.proof is not None,
        "ending": found.ending, "nodes": found.nodes, "seconds": round(found.seconds, 3), "steps": steps,
        "expert_steps": len(outline(theorem, expert_proof(library, label))),
    }  # fmt: skip


def evaluate(
    path: Path,
    scorers: Sequence[str] = BASELINES,
    *,
    part: str = "propositional",
    size: int | None = None,
    budget: Budget | None = None,
    engine: Any = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Run the benchmark and return its result. Ctrl-C returns what is finished, with `complete` false.

    Raises BadInput for a damaged file, an unknown order, and where the `metamath` program is missing.
    """
    program()
    budget = budget or Budget()
    library = read_library(path, part)
    made = [make_scorer(name, library, engine) for name in scorers]
    chosen = sample(library, size)
    if not chosen:
        raise BadInput(f"{path.name} has no held-out theorem in this part.")
    questions: list[dict[str, Any]] = []
    complete = True
    try:
        for label in chosen:
            for scorer in made:
                questions.append(attempt(library, label, scorer, budget))
                if progress:
                    progress(len(questions), len(chosen) * len(made))
    except KeyboardInterrupt:
        complete = False
    return {
        "benchmark": "setmm", "database": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "part": part,
        "held_out": f"1 in {ONE_IN} by a hash of the label", "size": len(chosen), "budget": asdict(budget),
        "complete": complete, "rows": summarise(questions), "questions": questions,
    } | circumstances(dict(getattr(engine, "info", {})))  # fmt: skip


def summarise(questions: list[dict[str, Any]]) -> dict[str, Any]:
    """One row for each order: share proven with its interval, nodes, seconds, and what it adds to the first order.

    Only theorems that every order has tried count.
    """
    names = list(dict.fromkeys(q["scorer"] for q in questions))
    tried = {name: {q["theorem"]: q for q in questions if q["scorer"] == name} for name in names}
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

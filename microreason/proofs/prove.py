"""Proves one theorem: search, the proof as lines and as labels, and the verdict of the `metamath` program.

Does not cover benchmarks (evaluation/proofs.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from microreason.display import MARKS
from microreason.errors import BadInput
from microreason.proofs.scorers import FrequencyOrder, LengthOrder, NetworkOrder, RandomOrder
from microreason.proofs.search import Budget, Scorer, search
from microreason.proofs.split import held_out, read_library, training_proofs
from microreason.proofs.steps import Library, outline
from microreason.proofs.verify import MISSING, available, labels, verify

BASELINES = ("random", "length", "frequency")
ORDERS = (*BASELINES, "network")
DEBIAN = Path("/usr/share/metamath/databases/set.mm")


def find_database(path: Path | None) -> Path:
    """The path itself, or where Debian puts set.mm. Raises BadInput where neither is there."""
    if path is None and not DEBIAN.exists():
        raise BadInput("There is no set.mm here: name one with --path (Debian: apt install metamath-databases).")
    return path or DEBIAN


def make_scorer(name: str, library: Library, engine: Any = None) -> Scorer:
    """An order by its name; `network` needs a NativeEngine. Raises BadInput for an unknown name."""
    if name not in ORDERS:
        raise BadInput(f"There is no order {name!r}: use {', '.join(ORDERS[:-1])} or {ORDERS[-1]}.")
    if name == "random":
        return RandomOrder()
    if name == "length":
        return LengthOrder()
    if name == "network" and engine is None:
        raise BadInput("The network's order needs weights: name a folder with --weights.")
    if name == "network" and not hasattr(engine, "network"):
        raise BadInput("The network's order needs the compiled engine, for which there was no C compiler here.")
    proofs = training_proofs(library)
    frequency = FrequencyOrder([(library.rules[label].position, proof) for label, proof in proofs.items()])
    return NetworkOrder(library, engine, frequency) if name == "network" else frequency


def attempt(library: Library, label: str, scorer: Scorer, budget: Budget) -> dict[str, Any]:
    """Search for a proof of a theorem and have it verified.

    `verified` is None where nothing was claimed or the `metamath` program is missing. Raises BadInput where there is
    no such theorem.
    """
    theorem = library.theorem(label)
    found = search(library, theorem, scorer, budget)
    result: dict[str, Any] = {
        "theorem": label, "goal": library.write(theorem.goal),
        "hypotheses": [library.write(h) for h in theorem.hypotheses], "held_out": held_out(label),
        "order": scorer.name, "ending": found.ending, "nodes": found.nodes, "seconds": round(found.seconds, 3),
        "steps": None, "proof": None, "verified": None,
    }  # fmt: skip
    if found.proof is not None:
        result["steps"] = [library.line(goal, move) for goal, move in outline(theorem, found.proof)]
        result["proof"] = labels(library, theorem, found.proof)
        result["verified"] = verify(library.database, label, result["proof"]) if available() else None
    return result


def prove(path: Path, label: str, order: str = "frequency", budget: Budget | None = None, engine: Any = None) -> dict:
    """Prove a theorem of a database; nothing from its own proof on is read.

    The result is that of `attempt`, with `note`, a sentence where the proof could not be verified.
    Raises BadInput for a damaged file, an unknown theorem and an unknown order.
    """
    library = read_library(path, until=label)
    result = attempt(library, label, make_scorer(order, library, engine), budget or Budget())
    return result | {"note": None if available() else MISSING}


def show(result: dict[str, Any], console: Console) -> None:
    """The proof as lines from the theorem down, each after the verdict, then what the search cost."""
    mark = MARKS[{True: "sound", False: "unsound", None: "unknown"}[result["verified"]]]
    for hypothesis in result["hypotheses"]:
        console.print(Text(f"  {hypothesis} is given"), soft_wrap=True)
    for line in result["steps"] or ():
        console.print(Text.assemble(mark, " ", line), soft_wrap=True)
    reasons = {"nodes": "all goals allowed were tried", "time": "time is up", "exhausted": "no step is left to try"}
    if result["proof"] is None:
        outcome = f"no proof: {reasons[result['ending']]}"
    elif result["verified"] is None:
        outcome = f"claimed, not verified. {result['note']}"
    else:
        outcome = "verified by metamath" if result["verified"] else "refused by metamath"
    console.print(Text(outcome, style="bold"), soft_wrap=True)
    console.print(f"order: {result['order']}, {result['nodes']} goals tried, {result['seconds']:.1f} s", style="dim")

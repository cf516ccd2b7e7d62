"""Ranks candidate edits by a plain frequency prior and by which lines the failing tests ran. No network.

The prior is counted, not learnt: bugs are injected into functions of the train packages, and for each kind of edit it
counts how often it was offered and how often it undid the bug. The rate of (kind, detail, role) is smoothed by that of
(kind, detail), and that by kind's. `python -m microreason.debugging.prior COUNT` counts anew.
`Ranking` is the interface that a network's ranking shares.
Does not cover the search (repair.py), or edits of several places.
"""

from __future__ import annotations

import json
import math
import random
import sys
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from microreason.debugging.inject import functions, inject, undoing
from microreason.debugging.judge import Evidence
from microreason.debugging.source import Edit, FunctionNode, Source

FILE = Path(__file__).with_name("prior.json")
_SMOOTHING = 10.0
_UNSEEN = 0.03
"""Suspicion of a line that no failing test is known to have run."""


class Ranking(Protocol):
    """Orders candidate edits of a function; `name` stands in every result, `info` says which engine and weights."""

    name: str
    info: dict[str, Any]

    def scores(self, source: Source, function: FunctionNode, edits: Sequence[Edit], evidence: Evidence) -> list[float]:
        """A number for each edit, the most promising highest; comparable between functions of a file."""


def keys(edit: Edit) -> tuple[str, str, str]:
    """What an edit is counted as, from the narrowest to the widest."""
    return f"{edit.kind}|{edit.detail}|{edit.role}", f"{edit.kind}|{edit.detail}", edit.kind


class Prior:
    """Rates of edits, from `offered` and `hits` by key. An empty one ranks by the lines alone."""

    name = "prior"

    def __init__(self, offered: Counter[str], hits: Counter[str]):
        self.offered, self.hits = offered, hits
        self.info: dict[str, Any] = {"engine": "none"}
        self._all = (sum(hits[k] for k in hits if "|" not in k) + 1) / (
            sum(offered[k] for k in offered if "|" not in k) + 100
        )

    def rate(self, edit: Edit) -> float:
        """The share of such edits that undid an injected bug."""
        rate = self._all
        for key in reversed(keys(edit)):
            rate = (self.hits[key] + _SMOOTHING * rate) / (self.offered[key] + _SMOOTHING)
        return rate

    def scores(self, source: Source, function: FunctionNode, edits: Sequence[Edit], evidence: Evidence) -> list[float]:
        suspicion = evidence.suspicion()
        return [math.log(self.rate(edit)) + math.log(suspicion.get(edit.line, 0) + _UNSEEN) for edit in edits]


def count(bugs: int, seed: int = 0) -> Prior:
    """A prior from so many bugs in functions of the train packages that an edit can undo."""
    chance, prior = random.Random(f"prior/{seed}"), Prior(Counter(), Counter())
    for function in functions("train", seed):
        bug = inject(function, chance)
        offered, undone = undoing(bug) if bug else ([], None)
        if undone is not None:
            prior.offered.update(key for edit in offered for key in keys(edit))
            prior.hits.update(keys(undone))
            bugs -= 1
        if not bugs:
            return prior
    return prior


@lru_cache(maxsize=1)
def released_prior() -> Prior:
    """The prior that lies beside this file."""
    counts = json.loads(FILE.read_text("utf-8"))
    return Prior(Counter(counts["offered"]), Counter(counts["hits"]))


if __name__ == "__main__":
    counted = count(int(sys.argv[1]))
    told = {"bugs": int(sys.argv[1]), "offered": counted.offered, "hits": counted.hits}
    FILE.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", "utf-8")

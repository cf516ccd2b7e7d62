"""Held-out theorems of set.mm proven by search alone: random, length and frequency order, the same small budget.

    python benchmarks/proofs.py --json benchmarks/results/setmm-baselines.json

What is finished is written after every tenth theorem. Does not cover the network's order
(`microreason eval setmm --weights`).
"""

import argparse
from functools import partial
from pathlib import Path

from microreason.evaluation.proofs import evaluate
from microreason.evaluation.records import write_json
from microreason.proofs.prove import BASELINES, find_database
from microreason.proofs.search import Budget


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--path", type=Path)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--nodes", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--size", type=int)
    a = parser.parse_args()
    budget = Budget(nodes=a.nodes, seconds=a.seconds)
    show = lambda done, total: print(done, total, flush=True) if done % 30 == 0 else None  # noqa: E731
    keep = partial(write_json, a.json)
    keep(evaluate(find_database(a.path), BASELINES, size=a.size, budget=budget, progress=show, keep=keep))


if __name__ == "__main__":
    main()

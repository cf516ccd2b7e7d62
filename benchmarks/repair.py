"""How many injected bugs in held-out packages are repaired: at the first candidate, within ten, within the limit.

    python benchmarks/repair.py [--bugs 100] [--candidates 200] [--weights 8m] [--json benchmarks/results/repair.json]

Functions of held-out packages (by the hash of the name) that can be called with plain values are called in the
sandbox and their outcomes recorded; one slip is put in; bugs that the recorded calls notice are repaired with those
calls as tests. A repair counts where all recorded calls do as before; how many give the original's syntax tree is
reported beside it. Ranked by the network where the weights have learnt it, else by the frequency prior.
Does not cover functions that need objects or files.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from microreason.debugging import driver
from microreason.debugging.inject import Function, functions, inject, undoing
from microreason.debugging.judge import Judge
from microreason.debugging.prior import Ranking
from microreason.debugging.ranking import ranking
from microreason.debugging.repair import Unrepairable, repair
from microreason.debugging.source import tree_hash
from microreason.evaluation.records import circumstances, write_json
from microreason.verification.sandbox import Limits, isolation, run

HEAVY = {"torch", "torchgen", "numpy", "contourpy", "openai", "PIL", "_pytest"}
"""Packages that take too long to import for every candidate."""
_HERE = Path(driver.__file__).parent


def callable_functions(seed: int) -> Iterator[tuple[Function, list[list[str]]]]:
    """Held-out functions with recorded calls, forty asked at once."""
    waiting = (f for f in functions("held-out", seed) if f.package not in HEAVY)
    files = {name: (_HERE / name).read_text("utf-8") for name in ("driver.py", "probe.py")}
    while group := list(itertools.islice(waiting, 40)):
        task = {"functions": [[f.module, f.name] for f in group], "seed": seed}
        finished = run(
            ["python", "probe.py"], stdin=json.dumps(task).encode(), files=files,
            limits=Limits(seconds=900, cpu=300, output=16 << 20),
        )  # fmt: skip
        lines = finished.stdout.splitlines()
        if len(lines) != len(group):
            print(f"the probe ended early: {finished.ended}, {finished.stderr[-200:]!r}")
        for function, line in zip(group, lines, strict=False):
            try:
                calls = json.loads(line)
            except ValueError:  # the function wrote into its own record
                continue
            if calls:
                yield function, calls


def measure(order: Ranking, count: int, candidates: int, seconds: float, seed: int) -> dict[str, Any]:
    """Repair `count` bugs; the result in this project's shape. Ctrl-C keeps what is finished."""
    questions: list[dict[str, Any]] = []
    facts: dict[str, Any] = {"unnoticed": 0, "candidates": candidates, "limit_seconds": seconds, "seed": seed}
    try:
        for question in repaired(order, candidates, seconds, seed):
            if question is None:
                facts["unnoticed"] += 1
                continue
            questions.append(question)
            print(len(questions), question, flush=True)
            if len(questions) == count:
                break
    except KeyboardInterrupt:
        pass
    facts |= {"complete": len(questions) == count, "isolation": isolation().name}
    return summarise(questions) | {"ranked_by": order.name} | facts | circumstances(order.info)


def repaired(order: Ranking, candidates: int, seconds: float, seed: int) -> Iterator[dict[str, Any] | None]:
    """What came of each bug; None for one that the recorded calls do not notice."""
    chance = random.Random(f"repair/{seed}")
    for function, calls in callable_functions(seed):
        bug = inject(function, chance)
        if bug is None:
            continue
        name = f"{function.module}.{function.name}"
        judge = Judge({"kind": "cases", "module": function.module, "function": function.name, "cases": calls})
        try:
            found = repair(bug.text, judge, name=name, ranking=order, limit=candidates, seconds=seconds)
        except Unrepairable:
            yield None
            continue
        _, undone = undoing(bug)
        yield {
            "task": name, "package": function.package, "slip": bug.slip, "score": float(found.text is not None),
            "tried": found.tried, "in_reach": undone is not None,
            "original": found.text is not None and tree_hash(found.text) == tree_hash(function.text),
            "seconds": round(found.seconds, 3), "cpu_seconds": round(found.cpu_seconds, 3),
        }  # fmt: skip


def summarise(questions: list[dict[str, Any]]) -> dict[str, Any]:
    """Shares of all bugs that the calls notice, and by slip."""
    solved = [q for q in questions if q["score"]]
    bugs, first = Counter(q["slip"] for q in questions), Counter(q["slip"] for q in solved if q["tried"] == 1)
    ten, whole = Counter(q["slip"] for q in solved if q["tried"] <= 10), Counter(q["slip"] for q in solved)
    n = len(questions) or 1
    return {
        "benchmark": "injected bugs in held-out packages", "mode": "search",
        "bugs": len(questions), "packages": len({q["package"] for q in questions}),
        "first": sum(first.values()) / n, "within_10": sum(ten.values()) / n, "repaired": len(solved) / n,
        "original": sum(q["original"] for q in questions) / n, "in_reach": sum(q["in_reach"] for q in questions) / n,
        "median_seconds": median(q["seconds"] for q in solved) if solved else None,
        "median_cpu_seconds": median(q["cpu_seconds"] for q in solved) if solved else None,
        "slips": {
            slip: {"bugs": bugs[slip], "first": first[slip], "within_10": ten[slip], "repaired": whole[slip]}
            for slip in sorted(bugs)
        },
        "questions": questions,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bugs", type=int, default=100)
    parser.add_argument("--candidates", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--weights")
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "results" / "repair.json")
    options = parser.parse_args()
    result = measure(ranking(options.weights), options.bugs, options.candidates, options.seconds, options.seed)
    write_json(options.json, result)
    print({key: value for key, value in result.items() if key not in ("questions", "slips")})


if __name__ == "__main__":
    main()

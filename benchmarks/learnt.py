"""Which tasks has a run learnt so far? Probabilities that it gave to solutions while it trained on them.

    python benchmarks/learnt.py runs/NAME/log.jsonl [--parts 4] [--json FILE]

Each step's line of the log names its tasks, how many documents of each there were, the sum of the probabilities of
their whole solutions before the network had learnt from them, their tokens and the sum of the tokens' losses. Shown are
the mean probability and the loss of a token (nats) in equal parts of the run; the least learnt stand first. A low bound
of a score where many solutions are right, and on the run's own mixture of difficulties, not on evaluation questions.
Lines written before the log told all of that are left out.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from microreason.evaluation.records import circumstances, write_json


def averages(path, parts):
    """Task -> [documents, mean probability, loss of a token] of each part; a step that was run again counts once."""
    steps = {}
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        steps[row["step"]] = {name: sums for name, sums in row.get("exact", {}).items() if len(sums) == 4}
    found = {}
    for part, numbers in enumerate(np.array_split(sorted(steps), parts)):
        for number in numbers:
            for name, sums in steps[number].items():
                found.setdefault(name, np.zeros((parts, 4)))[part] += sums
    return {
        name: [[int(n), p / n, loss / tokens] if n else [0, None, None] for n, p, tokens, loss in sums]
        for name, sums in found.items()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("log", type=Path)
    parser.add_argument("--parts", type=int, default=4)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    found = averages(args.log, args.parts)
    for name, parts in sorted(found.items(), key=lambda item: item[1][-1][1] or 0):
        cells = ("      –      " if p is None else f"{p:6.2f} {loss:6.3f}" for _, p, loss in parts)
        print(f"{name:28s}", *cells, f" of {parts[-1][0]}")
    if args.json:
        facts = circumstances({})
        kept = {key: facts[key] for key in ("date", "commit", "hardware")}
        write_json(args.json, {"benchmark": "learnt", "run": args.log.parent.name, "tasks": found, **kept})


if __name__ == "__main__":
    main()

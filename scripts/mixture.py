"""The `tasks:` block of a recipe in which every task gets the same share of the tokens, or the shares given.

    python scripts/mixture.py [SHARES.yaml]

Tokens per document, and how fast they are made, come from benchmarks/results/tasks.json (`microreason data stats`). A
task whose generator makes fewer than `SLOW` solution tokens a second gets a smaller share in proportion, so that it
does not starve the rest. `codeio` is left out: its generator runs code that a model wrote.
"""

import json
import sys
from pathlib import Path

import yaml

RESULTS = Path(__file__).parent.parent / "benchmarks" / "results" / "tasks.json"
SLOW = 4000
LEFT_OUT = {"codeio"}


def main():
    shares = yaml.safe_load(Path(sys.argv[1]).read_text("utf-8")) if len(sys.argv) > 1 else {}
    print("# Weight of a task: its share of the tokens divided by its thousand tokens per document.\ntasks:")
    for name, task in json.loads(RESULTS.read_text("utf-8"))["tasks"].items():
        if name in LEFT_OUT:
            continue
        cells = [task[level] for level in ("easy", "hard")]
        solution = sum(c["solution_tokens"]["median"] for c in cells)
        speed = solution / sum(1 / c["examples_per_second"] for c in cells)
        tokens = (solution + sum(c["problem_tokens"]["median"] for c in cells)) / 2000
        print(f"  {name}: {shares.get(name, 1) * min(1, speed / SLOW) / tokens:.3g}")


if __name__ == "__main__":
    main()

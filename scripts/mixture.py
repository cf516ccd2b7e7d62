"""The `tasks:` block of a recipe in which every task gets the same share of the tokens, or the shares given.

    python scripts/mixture.py [SHARES.yaml]

Tokens per document come from benchmarks/results/tasks.json (`microreason data stats`).
"""

import json
import sys
from pathlib import Path

import yaml

RESULTS = Path(__file__).parent.parent / "benchmarks" / "results" / "tasks.json"


def main():
    shares = yaml.safe_load(Path(sys.argv[1]).read_text("utf-8")) if len(sys.argv) > 1 else {}
    print("# Weight of a task: its share of the tokens divided by its thousand tokens per document.\ntasks:")
    for name, task in json.loads(RESULTS.read_text("utf-8"))["tasks"].items():
        cells = [task[level] for level in ("easy", "hard")]
        tokens = sum(c["problem_tokens"]["median"] + c["solution_tokens"]["median"] for c in cells) / 2000
        print(f"  {name}: {shares.get(name, 1) / tokens:.2f}")


if __name__ == "__main__":
    main()

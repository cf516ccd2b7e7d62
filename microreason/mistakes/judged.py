"""Problems that judge and must not be trained on: fingerprints of BIG-Bench-Mistake's, as far as its files are at hand.

`python -m microreason.mistakes.judged DIR` writes them from a folder of its files; no text of theirs is kept.
Does not cover the judging (evaluation/mistakes.py).
"""

from __future__ import annotations

import gzip
import json
import sys
from functools import lru_cache
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from microreason.data.documents import fingerprint

JUDGED = Path(__file__).parent / "judged.safetensors"


def core(text: str) -> str:
    """A problem of the benchmark without the sign that asks for the result."""
    return text.strip().removesuffix("=").strip()


@lru_cache(maxsize=1)
def judged() -> frozenset[int]:
    """The fingerprints of all problems, by their `core`."""
    return frozenset(load_file(JUDGED)["problems"].tolist())


def write(folder: Path) -> int:
    """Write the fingerprints of all `*.jsonl.gz` in a folder; how many there are."""
    found = set()
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            found |= {fingerprint(core(json.loads(line)["input"])) for line in lines}
    save_file({"problems": np.array(sorted(found), np.uint64)}, JUDGED)
    return len(found)


if __name__ == "__main__":
    print(write(Path(sys.argv[1])))

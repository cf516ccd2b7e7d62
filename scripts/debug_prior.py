"""Fits the frequency prior of `microreason debug` on bugs injected into the train packages: `debug_prior.py [COUNT]`.

Writes microreason/debugging/prior.json: by key, how many edits were offered for the buggy functions and how many of
them undid the bug. Keys seen fewer than five times are dropped; the wider ones stand in for them.
Needs no tests and runs none of the functions. Does not cover held-out packages, which judge the prior.
"""

import random
import sys
from collections import Counter

from microreason.debugging.inject import functions, inject, undoing
from microreason.debugging.prior import FILE, keys
from microreason.evaluation.records import write_json


def main(count: int) -> None:
    chance = random.Random("prior")
    offered: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    bugs, undone, packages = 0, 0, set()
    for function in functions("train"):
        bug = inject(function, chance)
        if bug is None:
            continue
        candidates, right = undoing(bug)
        bugs += 1
        packages.add(function.package)
        if right is not None:
            undone += 1
            hits.update(keys(right))
            offered.update(key for edit in candidates for key in keys(edit))
        if bugs == count:
            break
    kept = {key: n for key, n in sorted(offered.items()) if n >= 5}
    facts = {"bugs": bugs, "undone_by_an_edit": undone, "packages": len(packages)}
    write_json(FILE, facts | {"offered": kept, "hits": {key: n for key, n in sorted(hits.items()) if key in kept}})
    print(facts)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)

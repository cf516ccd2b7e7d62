"""How fast training documents come: the whole mixture, drawn by worker processes, against what the trainer eats.

python benchmarks/supply.py --recipe recipes/release.yaml --seconds 60 --json benchmarks/results/supply.json
"""

import argparse
import itertools
import time
from collections import Counter
from pathlib import Path

from microreason.data.documents import DocumentStream
from microreason.evaluation.records import circumstances, write_json
from microreason.tokenizer import Tokenizer
from microreason.training.loop import Trainer
from microreason.training.recipe import load_recipe

BATCHES = 4


def supply(recipe, seconds, workers):
    """Tokens per second after the first documents have come, so that starting the processes does not count."""
    stream = DocumentStream(recipe.mixture(len(recipe.stages) - 1), Tokenizer.load(), workers=workers)
    for _ in range(2 * workers * 64):
        next(stream)
    start, counts = time.perf_counter(), Counter()
    while time.perf_counter() - start < seconds:
        document = next(stream)
        counts.update(documents=1, tokens=len(document.ids), solution_tokens=len(document.ids) - document.prompt)
    taken = time.perf_counter() - start
    return {f"{key}_per_second": n / taken for key, n in counts.items()} | {"skipped": dict(stream.skipped)}


class Replay:
    """A packer that gives the same few batches again and again, in no time."""

    def __init__(self, batches):
        self.batches = itertools.cycle(batches)

    def __next__(self):
        return next(self.batches)

    def state(self):
        return []


def appetite(recipe):
    """Solution tokens per second that the trainer of the last stage uses up, without its data, in small batches."""
    last = recipe.stages[-1].model_copy(update={"until": 1.0, "accumulate": 1})
    changes = {"stages": [last], "workers": 0, "data": None, "micro_batch_tokens": max(recipe.row_lengths)}
    trainer = Trainer(recipe.model_copy(update=changes))
    batches = [next(trainer.packer) for _ in range(BATCHES)]
    trainer.packer = Replay(batches)
    for _ in range(BATCHES):  # compiles for each length of rows
        trainer.train_step()
    start = time.perf_counter()
    for _ in range(BATCHES):
        trainer.train_step()
    return sum(int((b.targets >= 0).sum()) for b in batches) / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    recipe = load_recipe(options.recipe)
    result = {"benchmark": "supply", "recipe": recipe.name, "workers": options.workers, "seconds": options.seconds}
    result |= circumstances({}) | supply(recipe, options.seconds, options.workers)
    result["trainer_solution_tokens_per_second"] = appetite(recipe)
    result["ratio"] = result["solution_tokens_per_second"] / result["trainer_solution_tokens_per_second"]
    print(result)
    if options.json:
        write_json(options.json, result)


if __name__ == "__main__":
    main()

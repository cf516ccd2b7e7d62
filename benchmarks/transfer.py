"""Tasks that the released weights have not learnt: their score as they are, and with an adapter after some minutes.

Each task gets an adapter of its own (at most 1 MB), trained for `--minutes` by one thread, so many CPU-minutes; scores
are plain greedy ones on the published questions of reasoning-gym, seed 45. Results are written after each task, and
tasks that are in the file already are not repeated. Does not cover one adapter for several tasks.

    OMP_NUM_THREADS=1 python benchmarks/transfer.py --json benchmarks/results/transfer.json
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import torch

import microreason
from microreason.evaluation.reasoning_gym import evaluate
from microreason.evaluation.records import circumstances, write_json
from microreason.tasks import all_tasks
from microreason.training.adapt import adapt

TASKS = "number_filtering,lcm,rotate_matrix,caesar_cipher,course_schedule,base_conversion"


def scores(model, name, size):
    """Of each level the score with its interval, and the published models' scores."""
    out = {}
    for level in ("easy", "hard"):
        row = evaluate(model, level, [name], seed=45, size=size)["tasks"][name]
        out[level] = {k: row[k] for k in ("score", "interval", "claude", "r1")}
    return out


def teach(tasks, path, weights, minutes):
    """An engine with an adapter, written to `path`, that has learnt tasks for so long, and what that took."""
    begin = time.process_time()
    trainer = adapt(tasks, path, weights, minutes)
    spent = (time.process_time() - begin) / 60
    took = {"tokens": trainer.tokens, "cpu_minutes": round(spent, 2), "bytes": path.stat().st_size}
    return microreason.load(weights, engine="edge", adapter=path), took


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", default=TASKS)
    parser.add_argument("--weights", default="8m")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--size", type=int, default=50)
    parser.add_argument("--folder", type=Path, help="keep the adapters here")
    parser.add_argument("--json", type=Path, required=True)
    a = parser.parse_args()
    torch.set_num_threads(1)
    folder = a.folder or Path(tempfile.mkdtemp())
    model = microreason.load(a.weights, engine="edge")
    learnt = set(model.info["origin"]["tasks"])
    settings = {"weights": model.info["sha256"], "minutes": a.minutes, "size": a.size}
    known = json.loads(a.json.read_text()) if a.json.exists() else {}
    found = known["tasks"] if known.get("settings") == settings else {}
    for name in a.tasks.split(","):
        if name in learnt or name not in all_tasks():
            raise SystemExit(f"{name} is not a task that the weights have not learnt.")
        if name in found:
            continue
        taught, took = teach([name], folder / f"{name}.safetensors", a.weights, a.minutes)
        found[name] = {"before": scores(model, name, a.size), "after": scores(taught, name, a.size), **took}
        print(name, found[name], flush=True)
        result = {"benchmark": "transfer", "mode": "plain", "settings": settings, "tasks": found}
        write_json(a.json, result | circumstances(model.info))


if __name__ == "__main__":
    main()

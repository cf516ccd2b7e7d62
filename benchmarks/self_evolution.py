"""Stage 3 from one start: each part of the reward normalised before the sum, the sum normalised as one, and stage 2
simply continued for the same time.

Trials on unseen problems before and after, greedy and drawn once at the temperature of training, with paired bootstrap
intervals: correctness, step efficiency, sound steps, tokens. The difficulty of the trial is fixed; that of training
moves. Results are written after each run, and runs that are in the file already are not repeated; several processes
may add theirs (`--ways`) to one file.

    python benchmarks/self_evolution.py --json benchmarks/results/self-evolution-credit.json
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

from microreason.evaluation.records import circumstances, write_json
from microreason.evaluation.statistics import paired_interval
from microreason.model.transformer import Transformer
from microreason.tokenizer import Tokenizer
from microreason.training.distill import Distiller
from microreason.training.evolve import Evolver, EvolveRecipe
from microreason.training.recipe import Recipe
from microreason.training.rewards import normalised
from microreason.training.rollouts import engine
from microreason.training.trial import outcomes, summary
from microreason.weights_file import describe, find, tokenizer_file

TASKS = (
    "gcd,graph_color,knights_knaves,leg_counting,letter_counting,n_queens,palindrome_generation,"
    "prime_factorization,puzzle24,quantum_lock,string_synthesis"
)
PARTS = ("correctness", "step_efficiency", "logical_soundness")


def sum_first(rewards):
    """The naive order: the parts are summed, then the sum is set to mean 0 and deviation 1 within the group."""
    return normalised(np.array([r.total for r in rewards]))


class SumFirst(Evolver):
    advantages = staticmethod(sum_first)


WAYS = {"normalise then sum": Evolver, "sum then normalise": SumFirst, "stage 2 continued": None}


def evolved(a, kind, seed, folder):
    """The network after stage 3, and what is told of the way there."""
    recipe = EvolveRecipe(
        name=f"{seed}-{kind.__name__}", start=str(find(a.start)), tasks=a.tasks.split(","), difficulty=a.difficulty,
        steps=a.steps, problems=a.problems, group=a.group, max_tokens=a.max_tokens, lr=a.lr, seed=seed,
        temperature=a.temperature, divergence=a.divergence, output=str(folder),
    )  # fmt: skip
    run = kind(recipe)
    run.resume()
    run.run(report=lambda x: print({k: x[k] for k in (*PARTS, "step", "divergence", "seconds")}, flush=True), every=5)
    log = [json.loads(x) for x in (recipe.folder / "log.jsonl").read_text().splitlines()]
    curve = {k: [round(x[k], 4) for x in log] for k in (*PARTS, "divergence", "used", "rollouts_per_second")}
    told = {"counts": dict(run.counts), "difficulty": run.difficulty, "curve": curve}
    return run.model, told | {"seconds": sum(x["seconds"] for x in log)}


def continued(a, seed, seconds, folder):
    """The network after stage 2 again from the same start, without contrast, for so many seconds."""
    start = find(a.start)
    shape = {k: v for k, v in describe(start)["config"].items() if k in ("dim", "layers", "heads", "kv_heads", "ff")}
    span = (max(0.0, a.difficulty - 0.25), min(1.0, a.difficulty + 0.25))
    recipe = Recipe(
        name=f"continued-{seed}", size="nano", seed=seed + 1, tokens=1, tasks=dict.fromkeys(a.tasks.split(","), 1.0),
        stages=[{"until": 1.0, "difficulty": span, "published": 0.0, "shape": shape, "accumulate": 2}],
        row_lengths=[512], micro_batch_tokens=4096, compile=False, output=str(folder), muon_lr=a.muon_lr,
        adam_lr=a.muon_lr / 12, warmup=0.02, decay=0.98, distill={"tokens": 10**9, "contrast": 0.0, "lr": 1.0},
    )  # fmt: skip
    run = Distiller(recipe, start, minutes=seconds / 60)
    run.resume()
    run.run()
    return run.model, {"tokens": run.tokens, "seconds": run.seconds}


def table(before, runs):
    """For each way the means over tasks and seeds, and what was gained with its interval."""
    before, drawn = before["greedy"], before["drawn"]
    rows = {"before": {"means": means(before), "drawn_means": means(drawn)}}
    for way in dict.fromkeys(r["way"] for r in runs):
        found = [r for r in runs if r["way"] == way]
        rows[way] = {}
        for name, key, start in (("", "greedy", before), ("drawn_", "drawn", drawn)):
            every = {n: [o for r in found for o in r["after"][key][n]] for n in start}
            start = {n: start[n] * len(found) for n in start}
            rows[way] |= {f"{name}means": means(every)} | {
                f"{name}gained_{part}": paired_interval(column(every, part), column(start, part))
                for part in ("correctness", "step_efficiency")
            }
    first, *rest = dict.fromkeys(r["way"] for r in runs)
    for way in rest:
        one, other = (
            {n: [o["correctness"] for r in runs if r["way"] == w for o in r["after"]["greedy"][n]] for n in before}
            for w in (first, way)
        )
        if all(len(one[n]) == len(other[n]) for n in one):
            rows[first][f"ahead of {way}"] = paired_interval(one, other)
    return rows


def in_order(run):
    return run["seed"], list(WAYS).index(run["way"])


def column(found, part):
    return {name: [o[part] for o in of_one] for name, of_one in found.items()}


def means(found):
    rows = [summary(of_one) for of_one in found.values()]
    return {k: float(np.mean([r[k] for r in rows])) for k in rows[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--start", default="8m")
    parser.add_argument("--tasks", default=TASKS)
    parser.add_argument("--difficulty", type=float, default=0.7)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--problems", type=int, default=16)
    parser.add_argument("--group", type=int, default=8)
    parser.add_argument("--max-tokens", type=int, default=320)
    parser.add_argument("--lr", type=float, default=1e-4)
    parser.add_argument("--divergence", type=float, default=0.05)
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--muon-lr", type=float, default=0.002, help="of stage 2 continued, falling to 0")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--trial", type=int, default=100, help="problems per task")
    parser.add_argument("--folder", type=Path, help="keep the runs here")
    parser.add_argument("--json", type=Path)
    a = parser.parse_args()
    folder, names = a.folder or Path(tempfile.mkdtemp()), a.tasks.split(",")
    tokenizer = Tokenizer.load(tokenizer_file(a.start))
    left_out = ("json", "folder", "ways", "seeds")
    settings = {k: v for k, v in vars(a).items() if k not in left_out}

    def known():
        found = json.loads(a.json.read_text()) if a.json and a.json.exists() else {}
        return found if found.get("settings") == settings else {}

    def measured(model):
        drawn_by = engine(model, tokenizer)
        told = a.trial, a.difficulty, a.max_tokens
        ways = {"greedy": 0.0, "drawn": a.temperature}
        return {way: {name: outcomes(drawn_by, name, *told, t) for name in names} for way, t in ways.items()}

    before, runs = known().get("before"), []
    if not before:
        before = measured(Transformer.load(a.start))
        print({n: round(summary(found)["correctness"], 3) for n, found in before["greedy"].items()}, flush=True)
    for seed in range(a.seeds):
        for way in a.ways.split(","):
            runs = known().get("runs", runs)
            if any(r["way"] == way and r["seed"] == seed for r in runs):
                continue
            spent = next((r["seconds"] for r in runs if r["seed"] == seed), 600.0)
            kind = WAYS[way]
            model, told = evolved(a, kind, seed, folder) if kind else continued(a, seed, spent, folder)
            run = {"way": way, "seed": seed, **told, "after": measured(model)}
            runs = sorted([*known().get("runs", runs), run], key=in_order)  # others may have come in the meantime
            rows = table(before, runs)
            print(json.dumps(rows, indent=1), flush=True)
            if a.json:
                result = {"benchmark": "self-evolution", "settings": settings, "table": rows}
                write_json(a.json, result | circumstances({}) | {"before": before, "runs": runs})


if __name__ == "__main__":
    main()

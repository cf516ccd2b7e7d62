"""Stage 3 from one start, several seeds: each part of the reward normalised before the sum, the sum normalised as one,
and stage 2 simply continued for the same time.

Greedy trials on unseen problems before and after: correctness, step efficiency, sound steps, tokens. The difficulty of
the trial is fixed; that of training moves. Does not cover released sizes: give --start.

    python benchmarks/self_evolution.py --start runs/mine/distill/weights --json benchmarks/results/self-evolution.json
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

from microreason.evaluation.records import circumstances, write_json
from microreason.training.distill import Distiller
from microreason.training.evolve import Evolver, EvolveRecipe
from microreason.training.recipe import Recipe
from microreason.training.trial import trial
from microreason.weights_file import describe


class SumFirst(Evolver):
    """The naive order: the parts are summed, then the sum is set to mean 0 and deviation 1 within the group."""

    def gain(self, rewards):
        total = np.array([r.total for r in rewards])
        if total.std() <= 1e-9:
            self.counts["groups without spread"] += 1
            return None
        return (total - total.mean()) / total.std()


def continued(a, names, seed, seconds, folder):
    """Stage 2 again from the same start, without contrast, for so many seconds; the network."""
    shape = {k: v for k, v in describe(a.start)["config"].items() if k in ("dim", "layers", "heads", "kv_heads", "ff")}
    stage = {"until": 1.0, "difficulty": (0.0, min(1.0, 2 * a.difficulty)), "published": 0.0, "shape": shape}
    recipe = Recipe(
        name=f"continued-{seed}", size="nano", seed=seed + 1, tokens=1, tasks=dict.fromkeys(names, 1.0), stages=[stage],
        row_lengths=[256, 512], micro_batch_tokens=2048, compile=False, output=str(folder), muon_lr=0.01, adam_lr=0.002,
        distill={"tokens": 10**9, "contrast": 0.0},
    )  # fmt: skip
    run = Distiller(recipe, a.start, minutes=seconds / 60)
    run.run()
    return run.model, run.tokenizer, {"tokens": run.tokens, "seconds": run.seconds}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--tasks", default="gcd,count_bits,chain_sum,fraction_simplification,aiw")
    parser.add_argument("--difficulty", type=float, default=0.15)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--problems", type=int, default=8)
    parser.add_argument("--group", type=int, default=8)
    parser.add_argument("--max-tokens", type=int, default=120)
    parser.add_argument("--lr", type=float, default=1e-4)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--trial", type=int, default=40, help="problems per task")
    parser.add_argument("--json", type=Path)
    a = parser.parse_args()
    folder, names, runs, before = Path(tempfile.mkdtemp()), a.tasks.split(","), [], None
    for seed in range(a.seeds):
        spent = 0.0
        for way, kind in (
            ("normalise then sum", Evolver),
            ("sum then normalise", SumFirst),
            ("stage 2 continued", None),
        ):
            if kind:
                recipe = EvolveRecipe(
                    name=f"{seed}-{kind.__name__}", start=str(a.start), tasks=names, difficulty=a.difficulty,
                    steps=a.steps, problems=a.problems, group=a.group, max_tokens=a.max_tokens, lr=a.lr, seed=seed,
                    output=str(folder),
                )  # fmt: skip
                run = kind(recipe)
                before = before or run.trial(a.trial)
                run.run(every=10**9)
                log = [json.loads(x) for x in (recipe.folder / "log.jsonl").read_text().splitlines()]
                spent = spent or sum(x["seconds"] for x in log)
                model, tokenizer = run.model, run.tokenizer
                keys = (
                    "correctness",
                    "step_efficiency",
                    "logical_soundness",
                    "divergence",
                    "used",
                    "rollouts_per_second",
                )
                told = {"counts": dict(run.counts), "difficulty": run.difficulty}
                told |= {"curve": {k: [round(x[k], 4) for x in log] for k in keys}, "seconds": spent}
            else:
                model, tokenizer, told = continued(a, names, seed, spent, folder)
            after = trial(model, tokenizer, names, a.trial, a.difficulty, a.max_tokens)
            runs.append({"way": way, "seed": seed, "after": after, **told})
            print(seed, way, {k: round(v["correctness"], 3) for k, v in after.items()}, flush=True)
    measures = list(next(iter(before.values())))
    table = {"before": {m: float(np.mean([t[m] for t in before.values()])) for m in measures}}
    for way in dict.fromkeys(r["way"] for r in runs):
        found = [r["after"] for r in runs if r["way"] == way]
        table[way] = {m: float(np.mean([t[m] for after in found for t in after.values()])) for m in measures}
    print(json.dumps(table, indent=1))
    if a.json:
        settings = {k: v for k, v in vars(a).items() if k not in ("json", "start")}
        result = {"benchmark": "self-evolution", "settings": settings, "before": before, "table": table, "runs": runs}
        write_json(a.json, result | circumstances({}))


if __name__ == "__main__":
    main()

"""What the contrastive losses of stage 2 add: stage 2 with and without them, equal tokens, several seeds.

A small model gets a short foundation once; then stage 2 runs from it for each seed, with contrast and without.
Measured: greedy correctness on unseen problems, and how well the first wrong step of unseen corrupted paths is found:
by the step head, and by the plain likelihood of the lines (the step with the unlikeliest token), which needs no head
and is the baseline for both. A path is a right one with one line broken, the rest as it was; lines that a checker
accepts all the same are not counted as broken. Does not cover released sizes: give --start and --size.

    python benchmarks/contrast.py --json benchmarks/results/contrast.json
"""

import argparse
import itertools
import json
import random
import tempfile
from pathlib import Path

import numpy as np

from microreason.data.corruption import corrupt
from microreason.data.documents import fingerprint, held_out
from microreason.evaluation.records import circumstances, write_json
from microreason.evaluation.statistics import mean_interval
from microreason.tasks import UNLISTED, get_task
from microreason.training.contrast import StepJudge, first_wrong
from microreason.training.distill import Distiller
from microreason.training.loop import Trainer
from microreason.training.recipe import Recipe
from microreason.training.release import write_stage
from microreason.training.rollouts import engine
from microreason.training.trial import TRIAL_SEED, outcomes
from microreason.verification.steps import check_step
from microreason.weights_file import describe, find

TASKS = "gcd,count_bits,chain_sum,fraction_simplification,aiw"


def corrupted_paths(names, count, difficulty):
    """For each task up to `count` tuples (text, lines, number of the broken line or None); every other one is right."""
    out = {}
    for name in names:
        task, rng, found = get_task(name), random.Random(f"contrast/{name}"), []
        for i in range(3 * count):
            problem = task.generate(TRIAL_SEED + 1, i, difficulty)
            if len(found) == count:
                break
            if fingerprint(problem.text) in held_out(name):
                continue
            solution = task.expert(problem)
            lines = [s.text for s in solution.steps]
            made = corrupt(task, problem, solution, rng)
            if made is None or check_step(problem, made.lines[:-1], made.lines[-1], task) == "sound":
                continue
            right = len(found) % 2 == 0
            found.append(
                (problem.text, lines if right else made.lines + made.continuation[1:], None if right else made.position)
            )
        out[name] = found
    return out


def own_tasks(weights):
    """The tasks that weights were trained on, without those that are about solutions of others."""
    return [name for name in describe(weights)["origin"]["tasks"] if name not in UNLISTED]


def auc(sound, broken):
    """Chance that a sound step scores above a broken one, ties counting half."""
    scores = np.concatenate((sound, broken))
    order = np.sort(scores)
    rank = (np.searchsorted(order, scores) + np.searchsorted(order, scores, "right") + 1) / 2
    return float((rank[: len(sound)].sum() - len(sound) * (len(sound) + 1) / 2) / (len(sound) * len(broken)))


def error_finding(scores, paths, place):
    """Exact first wrong step on broken paths, false alarms on right ones, AUC over steps up to the broken one."""
    exact, alarms, sound, broken = [], [], [], []
    for steps, (_, _, position) in zip(scores, paths, strict=True):
        if position is None:
            alarms.append(place(steps) is not None)
            sound += steps.tolist()
        else:
            exact.append(place(steps) == position)
            sound += steps[:position].tolist()
            broken.append(steps[position])
    return {
        "broken_paths": len(exact), "exact": float(np.mean(exact)), "false_alarms": float(np.mean(alarms)),
        "auc": auc(np.array(sound), np.array(broken)),
        "exact_by_chance": float(np.mean([1 / len(lines) for _, lines, _ in paths])),
    }  # fmt: skip


def measure(judge, with_head, paths, names, size, difficulty, max_tokens):
    """Correctness by task and error finding by head and by likelihood."""
    every = [p for found in paths.values() for p in found]
    texts = [(text, lines) for text, lines, _ in every]
    drawn_by = engine(judge.model, judge.tokenizer)
    solved = {name: outcomes(drawn_by, name, size, difficulty, max_tokens) for name in names}
    out = {"correctness": {name: [o["correctness"] for o in found] for name, found in solved.items()}}
    out["likelihood"] = error_finding(judge.likelihood(texts), every, lambda s: int(s.argmin()))
    if with_head:
        scores = judge.soundness(texts)
        out["head"] = error_finding(scores, every, first_wrong)
        at = 0
        out["head_by_task"] = {}
        for name, found in paths.items():
            out["head_by_task"][name] = error_finding(scores[at : at + len(found)], found, first_wrong)
            at += len(found)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks")
    parser.add_argument("--size", default="nano")
    parser.add_argument("--start", help="weights, instead of a short foundation; their tasks where none are named")
    parser.add_argument("--muon-lr", type=float, default=0.01)
    parser.add_argument("--rows", default="256,512", help="lengths of rows")
    parser.add_argument("--base-tokens", type=int, default=800_000)
    parser.add_argument("--tokens", type=int, default=300_000)
    parser.add_argument("--contrast", type=float, default=1.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--difficulty", type=float, default=0.15)
    parser.add_argument("--problems", type=int, default=40, help="per task, for correctness")
    parser.add_argument("--paths", type=int, default=80, help="per task, for error finding")
    parser.add_argument("--max-tokens", type=int, default=160)
    parser.add_argument("--folder", type=Path, help="keep the runs here")
    parser.add_argument("--json", type=Path)
    a = parser.parse_args()
    folder = a.folder or Path(tempfile.mkdtemp())
    names = (a.tasks or (",".join(own_tasks(a.start)) if a.start else TASKS)).split(",")
    common = {
        "size": a.size, "tasks": dict.fromkeys(names, 1.0), "output": str(folder), "compile": False,
        "tokens": a.base_tokens, "row_lengths": [int(n) for n in a.rows.split(",")], "micro_batch_tokens": 2048,
        "checkpoint_minutes": 60.0, "muon_lr": a.muon_lr, "adam_lr": a.muon_lr / 5, "induction_start": True,
    }  # fmt: skip
    span = {"difficulty": (0.0, 2 * a.difficulty), "published": 0.0}
    start = find(a.start) if a.start else folder / "base" / "weights"
    if not start.exists():
        stages = [{"until": 0.4, "hold_wiring": True, **span}, {"until": 1.0, **span}]
        base = Trainer(Recipe(name="base", stages=stages, **common))
        base.resume()
        base.run(
            lambda r: (
                print(f"{r['step']} {r['loss']:.3f} {r['tokens_per_second']:.0f}", flush=True)
                if r["step"] % 50 == 0
                else None
            )
        )
        write_stage(start, base.model, None, base.tokenizer, None, {"recipe": "contrast"})
    paths = corrupted_paths(names, a.paths, a.difficulty)
    settings = {k: v for k, v in vars(a).items() if k not in ("json", "folder", "seeds")} | {"tasks": ",".join(names)}
    known = json.loads(a.json.read_text()) if a.json and a.json.exists() else {}
    runs = known["runs"] if known.get("settings") == settings else []
    for seed, contrast in itertools.product(range(a.seeds), (a.contrast, 0.0)):
        if any((r["seed"], r["contrast"]) == (seed, contrast) for r in runs):
            continue
        recipe = Recipe(
            name=f"{seed}-{contrast}", seed=seed + 1, stages=[{"until": 1.0, **span}],
            distill={"tokens": a.tokens, "contrast": contrast}, **common | {"induction_start": False},
        )  # fmt: skip
        run = Distiller(recipe, start)
        run.resume()
        run.run()
        judge = StepJudge(run.model, run.head, run.tokenizer)
        found = measure(judge, contrast > 0, paths, names, a.problems, a.difficulty, a.max_tokens)
        runs.append({"seed": seed, "contrast": contrast, "tokens": run.tokens, "seconds": run.seconds, **found})
        scores = {k: [round(v, 3) for v in found[k].values()] for k in ("head", "likelihood") if k in found}
        print(seed, contrast, {k: float(np.mean(v)) for k, v in found["correctness"].items()}, scores, flush=True)
        told = summary(runs, names)
        print(told, flush=True)
        if a.json:
            result = {"benchmark": "contrast", "settings": settings, "complete": len(runs) == 2 * a.seeds}
            write_json(a.json, result | {"summary": told, "runs": runs} | circumstances({}))


def summary(runs, names):
    """With contrast and without: correctness, the interval of the paired difference, error finding of each seed."""
    with_, without = ([r for r in runs if bool(r["contrast"]) == on] for on in (True, False))
    pairs = [(w, o) for w in with_ for o in without if w["seed"] == o["seed"]]
    out = {
        f"correctness {which}": float(np.mean([[np.mean(v) for v in r["correctness"].values()] for r in rows]))
        for which, rows in (("with", with_), ("without", without)) if rows
    }  # fmt: skip
    if pairs:
        difference = {
            name: [float(x - y) for w, o in pairs
                   for x, y in zip(w["correctness"][name], o["correctness"][name], strict=True)]
            for name in names
        }  # fmt: skip
        out["difference of correctness, interval"] = mean_interval(difference)
    for which, rows, by in (
        ("head", with_, "head"), ("likelihood with", with_, "likelihood"), ("likelihood without", without, "likelihood")
    ):  # fmt: skip
        out[which] = {k: [r[by][k] for r in rows] for k in ("exact", "false_alarms", "auc")}
    return out


if __name__ == "__main__":
    main()

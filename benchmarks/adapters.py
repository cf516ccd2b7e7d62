"""One model for all sets of word problems, or one base with an adapter for each: held-out scores of both.

Each set gets an adapter (at most 1 MB) on top of the base, trained for `--minutes` by one thread with the set's
converted problems, words/NAME.jsonl and words/NAME-new.jsonl (recipes/words.yaml); then its 500 held-out problems are
asked of the base, of the base with the adapter, and of the model that learnt all sets at once. Plain greedy, by the
compiled engine. Results are written after each set, and sets that are in the file already are not repeated.

    OMP_NUM_THREADS=1 python benchmarks/adapters.py mawps=sets/mawps.jsonl math23k=sets/math23k.jsonl \\
        --json benchmarks/results/adapters.json
"""

import argparse
import json
import tempfile
from pathlib import Path

import torch
from transfer import teach

import microreason
from microreason.evaluation.mathematics import evaluate, problems_of
from microreason.evaluation.records import circumstances, write_json


def score(engine, name, problems):
    row = evaluate(engine, name, problems, max_tokens=200)
    return {k: row[k] for k in ("score", "interval", "n")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sets", nargs="+", metavar="NAME=FILE", help="training file in its original form")
    parser.add_argument("--base", default="8m")
    parser.add_argument("--model", default="mathematics", help="the one that learnt all sets")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--folder", type=Path, help="keep the adapters here")
    parser.add_argument("--json", type=Path, required=True)
    a = parser.parse_args()
    torch.set_num_threads(1)
    folder = a.folder or Path(tempfile.mkdtemp())
    base, model = (microreason.load(weights, engine="edge") for weights in (a.base, a.model))
    settings = {"base": base.info["sha256"], "model": model.info["sha256"], "minutes": a.minutes}
    known = json.loads(a.json.read_text()) if a.json.exists() else {}
    found = known["sets"] if known.get("settings") == settings else {}
    for name, file in (pair.split("=", 1) for pair in a.sets):
        if name in found:
            continue
        problems, _ = problems_of(name, file, held_out=True)
        files = [f"words/{name}.jsonl", f"words/{name}-new.jsonl"]
        taught, took = teach(files, folder / f"{name}.safetensors", a.base, a.minutes)
        engines = {"base": base, "adapter": taught, "model": model}
        found[name] = {who: score(engine, name, problems) for who, engine in engines.items()} | took
        print(name, found[name], flush=True)
        result = {"benchmark": "adapters", "mode": "plain", "settings": settings, "sets": found}
        write_json(a.json, result | circumstances(model.info))


if __name__ == "__main__":
    main()

"""The compiled engine against the torch engine, token by token, on the same int8 weights, and what rounding costs.

python benchmarks/engines.py --problems 500 --json benchmarks/results/engines.json

Both read the released int8 matrices; torch multiplies them by float32 activations, ours by activations rounded to int8
(`planes` 1) or to 16 bits (`planes` 2), with int8 keys and values. For every solution that differs, the difference
between torch's two best scores at the first token that differs is recorded: small ones are near ties that rounding
decides. Does not cover what int8 weights cost against the trained ones (int8_loss.py).
"""

import argparse
import time
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import torch

from microreason.evaluation.records import circumstances, write_json
from microreason.inference.batched import TorchEngine
from microreason.inference.native import NativeEngine
from microreason.tasks import all_tasks


def margins(engine, prompts, ids, others):
    """Where each solution first differs, what torch's best score is ahead of the token that the other chose."""
    out = []
    for prompt, own, other in zip(prompts, ids, others, strict=True):
        if own == other:
            continue
        at = next((i for i, (a, b) in enumerate(zip(own, other, strict=False)) if a != b), None)
        if at is None:  # one was cut where the other went on
            continue
        with torch.inference_mode():
            hidden = engine.model(torch.tensor([[*prompt, *own[:at]]]))[:, -1]
            scores = engine.model.logits(hidden)[0].float().numpy()
        out.append(float(scores[own[at]] - scores[other[at]]))
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--problems", type=int, default=500)
    parser.add_argument("--max-tokens", type=int, default=256)
    parser.add_argument("--seed", type=int, default=31)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--json", type=Path, required=True)
    args = parser.parse_args()
    theirs, tasks = TorchEngine.load(args.weights), all_tasks()
    known = [name for name in theirs.info["origin"].get("tasks", tasks) if name in tasks]
    names = list(islice(cycle(known), args.problems))
    problems = [tasks[name].generate(args.seed, i, (i // len(known)) % 4 / 3) for i, name in enumerate(names)]
    texts = [p.text for p in problems]

    def score(done):
        answers = [g.solution.answer for g in done]
        return [0.0 if a is None else tasks[p.task].grade(p, a) for p, a in zip(problems, answers, strict=True)]

    start = time.perf_counter()
    reference = theirs.generate(texts, max_tokens=args.max_tokens)
    took, right = time.perf_counter() - start, score(reference)
    prompts, ids, rows = [theirs.tokenizer.encode_problem(t) for t in texts], [g.ids for g in reference], []
    for planes in (1, 2):
        engine = NativeEngine(args.weights, planes=planes)
        start = time.perf_counter()
        done = engine.generate(texts, max_tokens=args.max_tokens)
        seconds, own = time.perf_counter() - start, [g.ids for g in done]
        ahead = margins(theirs, prompts, ids, own)
        lost = np.array(right) - np.array(score(done))
        spread = np.std(np.random.default_rng(0).choice(lost, (2000, len(lost))).mean(1))
        rows.append({
            "planes": planes, "cpu": engine.info["cpu"], "seconds": seconds, "tokens": sum(map(len, own)),
            "same_solutions": sum(a == b for a, b in zip(ids, own, strict=True)),
            "margin_median": float(np.median(ahead)) if ahead else None, "margin_largest": max(ahead, default=None),
            "points_lost": float(100 * lost.mean()), "points_lost_standard_error": float(100 * spread),
            "mean_score": float(100 * np.mean(score(done))),
        })  # fmt: skip
        print(rows[-1])
    write_json(args.json, {
        "benchmark": "engines", "problems": len(texts), "max_tokens": args.max_tokens, "seed": args.seed,
        "torch": {"seconds": took, "tokens": sum(map(len, ids)), "mean_score": float(100 * np.mean(right))},
        "rows": rows, **circumstances(theirs.info),
    })  # fmt: skip


if __name__ == "__main__":
    main()

"""Dynamic attention routing against its dense twin and against other ways to read as little.

The twins share data, steps, seed and the dense part of the run; then one of them gets gates (soft, then hard). Measured
on documents that no step sees, as many of each length: entries read by length of context, bits per token, share of
solutions whose every token is the greedy choice, hard against soft decisions, and on the dense twin, without training,
the rules that others use (window and sinks, random keep, key norm, accumulated attention as in H2O, separators) at the
same share of reads. With `--window` also a third twin that learns with the window and sinks of equal reads; with
`--smaller` a dense network of as many multiplications a token as the routed one, from the start. Does not cover time
(routing_speed.py).

    python benchmarks/routing.py benchmarks/routing.yaml --window --json benchmarks/results/routing-nano-1.json
"""

import argparse
import math
import shutil
from collections import defaultdict
from itertools import zip_longest
from pathlib import Path

import torch
from torch import nn

from microreason.data.documents import Mixture, document
from microreason.evaluation.records import circumstances, write_json
from microreason.evaluation.statistics import paired_interval
from microreason.model.routing import read_share, reads
from microreason.model.transformer import Transformer, rotate
from microreason.training import checkpoint
from microreason.training.loop import Trainer
from microreason.training.recipe import Recipe, load_recipe

EVALUATION_SEED = 987654321  # of mixtures; training uses 1000 times the recipe's seed
LENGTHS = (64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384)
DRAWS = 200  # problems drawn for each document wanted
SEPARATORS = "\n .,:;!?|"


def run(recipe: Recipe, name: str, shared: bool = True, **stage) -> Trainer:
    """The run of that name, at its end, with `stage` changed in each stage with routing (in all, if it does not go on
    from the `shared` dense part). What is on disk already is continued."""
    stages = [s.model_copy(update=stage) if s.routing != "off" or not shared else s for s in recipe.stages]
    trainer = Trainer(recipe.model_copy(update={"name": f"{recipe.name}-{name}", "stages": stages}))
    if shared and not checkpoint.latest(trainer.recipe.folder):
        shutil.copytree(recipe.folder, trainer.recipe.folder)
    trainer.resume()
    trainer.run(lambda r: r["step"] % 50 or print(name, numbers(r), flush=True))
    return trainer


def numbers(line: dict) -> dict:
    return {k: round(v, 4) for k, v in line.items() if isinstance(v, int | float)}


def shared_part(recipe: Recipe) -> None:
    """The dense part that the twins have in common, in the folder of the recipe's own name."""
    first = next(s for s in recipe.stages if s.routing != "off")
    number = recipe.stages.index(first)
    begin = recipe.stages[number - 1].until if number else 0.0
    if checkpoint.latest(recipe.folder):
        return
    trainer = Trainer(recipe)
    recipe.folder.mkdir(parents=True, exist_ok=True)
    while trainer.progress < begin:
        trainer.reach(trainer.progress)
        line = trainer.train_step()
        if trainer.step % 50 == 0:
            print("shared", trainer.step, numbers(line), flush=True)
    trainer.save()


def smaller(routed: Transformer, rows: list[dict]) -> dict[str, int]:
    """Shape of the deepest dense network with as many multiplications a token as the routed one on these documents."""
    c, tokens = routed.config, sum(r["length"] for r in rows)
    dense = 2 * c.dim * sum(r["dense"] for r in rows) / tokens  # scores and sums of values, of a layer
    projections, unit = c.dim * (2 * c.dim + 2 * c.kv_heads * c.head_dim), 3 * c.dim
    budget = c.layers * (projections + unit * c.ff + share_of(rows) * dense)
    for layers in range(c.layers, 1, -1):
        width = int((budget / layers - projections - dense) / unit) // 8 * 8
        if width >= 32:
            return {"layers": layers, "ff": width}
    raise ValueError("no dense network is as small")


class Rule(nn.Module):
    """Stands in a block's gate: a score per token and head; those above the threshold of the layer stay."""

    def __init__(self, name: str, model: Transformer, layer: int, seed: int = 0) -> None:
        super().__init__()
        self.name, self.layer, self.seed = name, layer, seed
        self.parts = [model.blocks[layer], model]  # in a list, so that they are no children
        self.threshold = 0.0

    def scores(self, x: torch.Tensor) -> torch.Tensor:
        """x [1, T, D] -> [1, H, T], larger for tokens to keep; for one document a row."""
        block, model = self.parts
        c, tokens = model.config, x.shape[1]
        if self.name == "random":
            generator = torch.Generator().manual_seed(self.seed * 1000 + self.layer * 100_000 + tokens)
            return torch.rand(1, c.kv_heads, tokens, generator=generator)
        k = block.wk(x).view(1, tokens, c.kv_heads, c.head_dim).transpose(1, 2)
        if self.name == "key_norm":  # small keys draw attention (arXiv 2406.11430); before they are normalised
            return -k.norm(dim=-1)
        rope = model.cos[:tokens][None, None], model.sin[:tokens][None, None]
        q = block.wq(x).view(1, tokens, c.heads, c.head_dim).transpose(1, 2)
        q, k = rotate(block.q_norm(q), *rope), rotate(block.k_norm(k), *rope)
        k = k.repeat_interleave(c.heads // c.kv_heads, 1)
        place = torch.arange(tokens)
        age = place[:, None] - place
        weights = (q @ k.transpose(-1, -2) * c.head_dim**-0.5).masked_fill(age < 0, float("-inf")).softmax(-1)
        gained = (weights * (age < c.window)).sum(-2)  # until the token leaves the window, when the rule decides
        return gained.unflatten(1, (c.kv_heads, -1)).mean(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.scores(x) - self.threshold


def bucket(length: int) -> int:
    """The first of the LENGTHS that holds a document."""
    return next(n for n in LENGTHS if length <= n)


class Evaluation:
    """Documents, and what a model makes of them."""

    def __init__(self, trainer: Trainer, count: int, beyond: int = 0) -> None:
        """About `count` documents of the recipe's mixture, in turns from each length, as many as `DRAWS` bring; or only
        those longer than what was trained on, of up to `beyond` tokens."""
        recipe, self.tokenizer = trainer.recipe, trainer.tokenizer
        trained = max(recipe.row_lengths)
        limit = beyond or trained
        mixture = Mixture(recipe.tasks, recipe.stages[-1].difficulty, 0.0, EVALUATION_SEED, limit)
        found: dict[int, list] = {n: [] for n in LENGTHS if n <= bucket(limit) and (n > trained or not beyond)}
        each = -(-count // len(found))
        for i in range(DRAWS * count):
            drawn = document(mixture, self.tokenizer, i)
            if not isinstance(drawn, str) and len(of_length := found.get(bucket(len(drawn.ids)), [])) < each:
                of_length.append(drawn)
            if all(len(documents) == each for documents in found.values()):
                break
        self.documents = [d for turn in zip_longest(*found.values()) for d in turn if d]
        text = [self.tokenizer.decode([i]) for i in range(self.tokenizer.size)]
        self.separators = [i for i, piece in enumerate(text) if piece and not piece.strip(SEPARATORS)]

    @torch.no_grad()
    def measure(self, model: Transformer, count: int | None = None) -> list[dict]:
        """Of each document: bits and tokens of its solution, whether all are the greedy choice, entries that all its
        tokens read, and its last one, as shares of what they read densely."""
        out = []
        for d in self.documents[:count]:
            ids, gates = torch.tensor([d.ids]), []
            hidden = model(ids, documents=torch.zeros_like(ids), gates=gates)
            logits = model.logits(hidden[0, d.prompt - 1 : -1]).float()
            wanted = ids[0, d.prompt :]
            bits = -logits.log_softmax(-1).gather(1, wanted[:, None]).sum() / math.log(2)
            decided, dense = reads(model.reach(ids, torch.arange(len(d.ids))[None]))
            routed = model.config.routing != "off"
            share = read_share(gates, decided, dense, hard=True) if routed else torch.ones(())
            skipped = (torch.cat(gates, 1) <= 0).float().mean(1) * (decided > 0) if routed else torch.zeros(1)
            out.append({
                "task": d.task, "length": len(d.ids), "tokens": len(wanted), "bits": float(bits),
                "exact": float((logits.argmax(-1) == wanted).all()), "share": float(share), "dense": int(dense.sum()),
                "last_share": 1 - float(skipped.sum()) / len(d.ids),
            })  # fmt: skip
        return out


def summary(rows: list[dict], against: list[dict]) -> dict:
    """Means, reads by length, and 95 % intervals of the difference to the dense twin on the same documents."""
    dense, tokens = sum(r["dense"] for r in rows), sum(r["tokens"] for r in rows)
    lengths = defaultdict(list)
    for pair in zip(rows, against, strict=True):
        lengths[bucket(pair[0]["length"])].append(pair)
    exact: list[dict] = [defaultdict(list), defaultdict(list)]
    for by_task, source in zip(exact, (rows, against), strict=True):
        for r in source:
            by_task[r["task"]].append(r["exact"])
    per_token = [[r["bits"] * len(rows) / tokens for r in source] for source in (rows, against)]
    base = sum(per_token[1]) / len(rows)
    low, high = paired_interval({"bits": per_token[0]}, {"bits": per_token[1]})
    return {
        "bits_per_token": sum(per_token[0]) / len(rows),
        "bits_per_token_against_dense": [sum(per_token[0]) / len(rows) / base - 1, low / base, high / base],
        "exact": {t: sum(v) / len(v) for t, v in exact[0].items()},
        "exact_mean": sum(sum(v) / len(v) for v in exact[0].values()) / len(exact[0]),
        "exact_against_dense": paired_interval(*exact),
        "read_share": sum(r["share"] * r["dense"] for r in rows) / dense,
        "by_length": {n: _bucket(*zip(*v, strict=True)) for n, v in sorted(lengths.items())},
    }  # fmt: skip


def _bucket(rows: list[dict], against: list[dict]) -> dict:
    def mean(source, key, by):
        return sum(r[key] for r in source) / sum(by(r) for r in source)

    return {
        "documents": len(rows), "share": share_of(rows),
        "last_share": sum(r["last_share"] * r["length"] for r in rows) / sum(r["length"] for r in rows),
        "bits_per_token": [mean(s, "bits", lambda r: r["tokens"]) for s in (rows, against)],
        "exact": [mean(s, "exact", lambda r: 1) for s in (rows, against)],
    }  # fmt: skip


def share_of(rows: list[dict]) -> float:
    return sum(r["share"] * r["dense"] for r in rows) / sum(r["dense"] for r in rows)


def clone(model: Transformer, **changes) -> Transformer:
    """The same weights under another configuration."""
    twin = Transformer(model.config.model_copy(update=changes))
    twin.load_state_dict(model.state_dict())
    return twin.eval()


def at_budget(make, evaluation: Evaluation, budget: float, low: float, high: float, rising: bool, calibrate: int):
    """`make(x)` gives a model that reads more with x (less, if not rising): the one nearest below the budget."""
    for _ in range(9):
        middle = (low + high) / 2
        above = share_of(evaluation.measure(make(middle), calibrate)) > budget
        low, high = (low, middle) if above == rising else (middle, high)
    return make(low if rising else high)


def rules(dense: Transformer, routed: Transformer, evaluation: Evaluation, budget: float, calibrate: int) -> dict:
    """The rules of others as models that read about as much as the routed one."""
    c = routed.config
    hard = {"routing": "hard", "window": c.window, "pin": (), "pin_after": ()}

    def window(x, **changes):
        model = clone(dense, **hard | {"window": max(1, int(x))} | changes)
        for block in model.blocks:
            block.router.keep_shut(range(c.kv_heads))
        return model

    def scored(name):
        model = clone(dense, **hard)
        for layer, block in enumerate(model.blocks):
            block.router = Rule(name, model, layer)

        def make(threshold):
            for block in model.blocks:
                block.router.threshold = threshold
            return model

        return make

    separators = {"pin_after": (), "pin": tuple(evaluation.separators)}
    out = {
        "window_and_sinks": at_budget(window, evaluation, budget, 1, 2 * max(LENGTHS), True, calibrate),
        "separators": at_budget(lambda x: window(x, **separators), evaluation, budget, 1, 2048, True, calibrate),
    }
    for name, low, high in (("random", 0.0, 1.0), ("key_norm", -100.0, 0.0), ("accumulated", 0.0, 20.0)):
        out[name] = at_budget(scored(name), evaluation, budget, low, high, False, calibrate)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("recipe")
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument(
        "--calibrate", type=int, default=60, help="documents by which a rule's threshold is set; 0: no rules"
    )
    parser.add_argument("--seed", type=int, help="instead of the recipe's")
    parser.add_argument("--window", action="store_true", help="train the twin with a window, too")
    parser.add_argument("--smaller", action="store_true", help="train the smaller dense network, too")
    parser.add_argument("--beyond", type=int, help="measure also documents of up to so many tokens")
    parser.add_argument("--json", type=Path, required=True)
    args = parser.parse_args()
    recipe = load_recipe(args.recipe)
    seed = recipe.seed if args.seed is None else args.seed
    recipe = recipe.model_copy(update={"seed": seed, "name": f"{recipe.name}-{seed}"})
    shared_part(recipe)
    routed_run, dense_run = run(recipe, "routed"), run(recipe, "dense", routing="off")
    evaluation = Evaluation(dense_run, args.documents)
    dense, routed = dense_run.model.cpu().float().eval(), routed_run.model.cpu().float().eval()
    base = evaluation.measure(dense)
    hard = clone(routed, routing="hard")
    rows = evaluation.measure(hard)
    models = {"dense": dense, "routed": hard, "routed_soft": clone(routed, routing="soft")}
    if args.calibrate:
        models |= rules(dense, hard, evaluation, share_of(rows[: args.calibrate]), args.calibrate)
    if args.window:
        width = models["window_and_sinks"].config.window
        wide = run(recipe, "window", routing="hard", window=width, decision_weight=0.0, open=[])
        models["window_trained"] = wide.model.cpu().float().eval()
    if args.smaller:
        small = run(recipe, "smaller", shared=False, routing="off", shape=smaller(hard, rows))
        models["dense_smaller"] = small.model.cpu().float().eval()
    results = {name: summary(evaluation.measure(model), base) for name, model in models.items()}
    soft = results["routed_soft"]["bits_per_token"]
    told = {
        "benchmark": "routing", "recipe": recipe.model_dump(mode="json"), "size": args.documents,
        "tokens": routed_run.tokens, "steps": routed_run.step, "seed": recipe.seed,
        "parameters": hard.config.parameters(), "config": hard.config.model_dump(mode="json"),
    }  # fmt: skip
    if args.beyond:
        longer = Evaluation(dense_run, args.documents, args.beyond)
        base = longer.measure(clone(dense, max_context=args.beyond))
        told["beyond"] = summary(longer.measure(clone(hard, max_context=args.beyond)), base)["by_length"]
    gap = results["routed"]["bits_per_token"] / soft - 1
    write_json(args.json, told | circumstances({}) | {"hard_over_soft_bits": gap, "results": results})
    for name, r in results.items():
        print(f"{name:18} reads {r['read_share']:.3f}  bits {r['bits_per_token']:.4f}  exact {r['exact_mean']:.3f}")


if __name__ == "__main__":
    main()

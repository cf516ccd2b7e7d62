"""Which key-value heads of a dense network can do without distant tokens? Shut one after another, without training.

In each round the head goes whose shutting costs the fewest bits a token; measured again are only heads that could still
be the best, as what one costs hardly falls when others are shut (lazy greedy, Minoux 1978). Shut heads see the window,
the first tokens, and pinned ones. The order is what `shut` in a recipe's stage takes. Source of the idea that few heads
retrieve: DuoAttention, arXiv 2410.10819. Does not cover training without them (routing.py).

    python benchmarks/heads.py benchmarks/routing_8m.yaml --json benchmarks/results/heads-8m.json
"""

import argparse
from pathlib import Path
from types import SimpleNamespace

from routing import Evaluation, clone, share_of

from microreason.evaluation.records import circumstances, write_json
from microreason.model.transformer import Transformer
from microreason.tokenizer import Tokenizer
from microreason.training.recipe import load_recipe
from microreason.weights_file import describe


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("recipe", help="its start, tasks, and last stage are used")
    parser.add_argument("--documents", type=int, default=70)
    parser.add_argument("--least", type=int, default=220, help="tokens of a document")
    parser.add_argument("--heads", type=int, help="how many to shut; left out, all but one")
    parser.add_argument("--json", type=Path, required=True)
    args = parser.parse_args()
    recipe, tokenizer = load_recipe(args.recipe), Tokenizer.load()
    evaluation = Evaluation(SimpleNamespace(recipe=recipe, tokenizer=tokenizer), args.documents, args.least)
    pinned = {"pin": (tokenizer.problem, tokenizer.solution), "pin_after": (tokenizer.solution, tokenizer.newline)}
    open_ = Transformer.load(recipe.start)

    def measured(heads):
        model = clone(open_, routing="hard", window=recipe.stages[-1].window, **pinned)
        for layer, head in heads:
            model.blocks[layer].router.shut([head])
        rows = evaluation.measure(model)
        tokens = sum(r["tokens"] for r in rows)
        exact = sum(r["exact"] for r in rows) / len(rows)
        return {"bits_per_token": sum(r["bits"] for r in rows) / tokens, "read_share": share_of(rows), "exact": exact}

    c = open_.config
    least = {(layer, head): 0.0 for layer in range(c.layers) for head in range(c.kv_heads)}
    rounds = [{"shut": None, **measured([])}]
    print(rounds[-1], flush=True)
    shut = []
    while len(shut) < (args.heads or len(least) - 1):
        found = {}
        for head in sorted(set(least) - set(shut), key=lambda head: least[head]):
            if found and least[head] >= min(row["bits_per_token"] for row in found.values()):
                break
            found[head] = measured([*shut, head])
            least[head] = found[head]["bits_per_token"]
        shut.append(min(found, key=lambda head: least[head]))
        rounds.append({"shut": shut[-1], **found[shut[-1]]})
        print(rounds[-1], flush=True)
    write_json(args.json, {
        "benchmark": "heads", "recipe": args.recipe, "documents": args.documents, "least_tokens": args.least,
        "window": recipe.stages[-1].window, "rounds": rounds,
    } | circumstances({"engine": "torch", "sha256": describe(recipe.start)["sha256"]}))  # fmt: skip


if __name__ == "__main__":
    main()

"""What int8 costs: the same checkpoint in float32 and after rounding to int8, on the same questions, plain.

python benchmarks/int8_loss.py recipes/third.yaml --size 10 --max-tokens 600 --json benchmarks/results/int8-loss.json
"""

import argparse
from pathlib import Path

import torch

from microreason.evaluation.reasoning_gym import evaluate
from microreason.evaluation.records import write_json
from microreason.inference.batched import TorchEngine
from microreason.model.config import ModelConfig
from microreason.model.transformer import Transformer
from microreason.tokenizer import Tokenizer
from microreason.training import checkpoint
from microreason.training.recipe import load_recipe
from microreason.weights_file import quantise


def rounded(tensor):
    values, scale = quantise(tensor.numpy())
    return torch.from_numpy(values * scale[:, None])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--level", default="hard")
    parser.add_argument("--size", type=int, default=20)
    parser.add_argument("--max-tokens", type=int, default=1024)
    parser.add_argument("--json", type=Path, required=True)
    args = parser.parse_args()
    recipe = load_recipe(args.recipe)
    tensors, _, state = checkpoint.load(checkpoint.latest(recipe.folder))
    config = ModelConfig.parse(state["config"])
    scores = {}
    for name in ("float32", "int8"):
        model = Transformer(config)
        model.load_state_dict({
            k: rounded(v) if name == "int8" and v.ndim == 2 and "router" not in k else v for k, v in tensors.items()
        })  # fmt: skip
        engine = TorchEngine(model, Tokenizer.load(recipe.tokenizer))
        result = evaluate(engine, args.level, sorted(recipe.tasks), size=args.size, max_tokens=args.max_tokens)
        scores[name] = result
        print(name, result["mean"], flush=True)
    write_json(args.json, {
        "benchmark": "int8-loss", "level": args.level, "n": len(scores["int8"]["questions"]),
        "float32": scores["float32"]["mean"], "int8": scores["int8"]["mean"],
        "lost": scores["float32"]["mean"] - scores["int8"]["mean"],
        "tasks": {t: {n: scores[n]["tasks"][t]["score"] for n in scores} for t in scores["int8"]["tasks"]},
        **{k: scores["int8"][k] for k in ("date", "commit", "hardware")},
    })  # fmt: skip


if __name__ == "__main__":
    main()

"""Where do experts' solutions surprise a network? Their text, with the loss of each token that it found improbable.

    python benchmarks/improbable.py runs/NAME gcd lcm [--level hard] [--size 2] [--above 0.2]

The first argument is a run's folder or one with weights. A token stands as ⟦text|loss in nats⟧ where its loss is above
the limit. What one step of thinking cannot do shows as the same place lighting up again and again, however long the
training: such a line wants to be two. Problems are drawn from a seed of their own; prompts are not shown.
"""

import argparse
from pathlib import Path

import torch
import torch.nn.functional as F

from microreason.model.config import ModelConfig
from microreason.model.transformer import Transformer
from microreason.tasks import get_task
from microreason.tokenizer import Tokenizer
from microreason.training import checkpoint

SEED = 777


def load(folder):
    """The network of a run's newest checkpoint, or of weights."""
    path = checkpoint.latest(folder)
    if path is None:
        return Transformer.load(folder, routing="off").eval()
    weights, _, state = checkpoint.load(path)
    model = Transformer(ModelConfig.parse(state["config"]))
    model.load_state_dict(weights)
    return model.eval()


@torch.no_grad()
def losses(model, prompt, solution):
    """Loss of each token of the solution [S]."""
    ids = torch.tensor([prompt + solution])
    hidden = model(ids, torch.arange(ids.shape[1])[None], torch.zeros_like(ids))
    return F.cross_entropy(
        model.logits(hidden)[0, len(prompt) - 1 : -1].float(), ids[0, len(prompt) :], reduction="none"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("tasks", nargs="+")
    parser.add_argument("--level", default="hard")
    parser.add_argument("--size", type=int, default=2)
    parser.add_argument("--above", type=float, default=0.2)
    args = parser.parse_args()
    model, tokenizer = load(args.model), Tokenizer.load(None)
    for name in args.tasks:
        task = get_task(name)
        for index in range(args.size):
            problem = task.generate(SEED, index, args.level)
            solution = tokenizer.encode_solution(task.expert(problem), task.spelled, task.spaced)
            each = losses(model, tokenizer.encode_problem(problem.text), solution).tolist()
            print(f"--- {name} {index}: {len(solution)} tokens, {sum(each):.1f} nats")
            texts = (tokenizer.decode([token]) for token in solution)
            print("".join(t if x < args.above else f"⟦{t}|{x:.1f}⟧" for t, x in zip(texts, each, strict=True)))


if __name__ == "__main__":
    main()

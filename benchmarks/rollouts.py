"""Rollouts per second of self-evolution against TRL's GRPO trainer: same shape, prompts, lengths and machine.

Both train a network of random weights (ours, and Qwen3 of the same shape: the same architecture with dense attention),
so that no solution ends by itself and each has `--max-tokens` tokens. A step is rollouts, rewards drawn at random (a
group always has spread), one update. Rounds of steps alternate between the two, and medians are compared: of the time
in which the rollouts are drawn, and of whole steps. Does not cover vLLM, which TRL can draw with on a GPU.

    pip install trl
    python benchmarks/rollouts.py --json benchmarks/results/rollouts.json
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from microreason.evaluation.records import circumstances, write_json
from microreason.model.config import ModelConfig
from microreason.model.transformer import Transformer
from microreason.tokenizer import DEFAULT, Tokenizer
from microreason.training.evolve import Evolver, EvolveRecipe
from microreason.weights_file import write_weights


class Ours(Evolver):
    """Every group has spread, so every step has an update."""

    def gain(self, rewards):
        return np.random.default_rng(self.step).standard_normal(len(rewards))


def ours(a, folder):
    """A function that takes one step and returns its seconds and those of the drawing."""
    config = ModelConfig.size(a.size, vocab_size=Tokenizer.load().size)
    write_weights(folder, config, {k: v.numpy() for k, v in Transformer(config, seed=1).state_dict().items()}, {})
    (folder / "tokenizer.json").write_bytes(DEFAULT.read_bytes())
    run = Ours(
        EvolveRecipe(
            name="ours", start=str(folder), tasks=["gcd"], difficulty=0.3, problems=a.problems, group=a.group,
            max_tokens=a.max_tokens, steps=a.steps + 1, output=str(folder),
        )
    )  # fmt: skip

    def step():
        begin = time.monotonic()
        record = run.train_step()
        seconds = time.monotonic() - begin
        assert record["tokens"] > 0.9 * a.problems * a.group * a.max_tokens
        return seconds, a.problems * a.group / record["rollouts_per_second"]

    return step, [p.text for p in run.problems()]


def theirs(a, folder, texts):
    """The seconds of each of TRL's steps and those of its drawing, the first one left out."""
    from datasets import Dataset
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM, TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    config = ModelConfig.size(a.size, vocab_size=Tokenizer.load().size)
    model = Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=config.vocab_size, hidden_size=config.dim, intermediate_size=config.ff,
            num_hidden_layers=config.layers, num_attention_heads=config.heads, num_key_value_heads=config.kv_heads,
            head_dim=config.head_dim, tie_word_embeddings=True, max_position_embeddings=8192,
            bos_token_id=None, eos_token_id=config.vocab_size - 1,
        )
    )  # fmt: skip
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(DEFAULT), eos_token="<|end|>", pad_token="<|end|>")
    model.save_pretrained(folder / "model")  # TRL wants a name that can be loaded
    model.config._name_or_path = str(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    seconds, drawing = [], []

    class Drawing(GRPOTrainer):
        def _generate(self, *args, **kwargs):
            begin = time.monotonic()
            drawn = super()._generate(*args, **kwargs)
            drawing.append(time.monotonic() - begin)
            return drawn

    class Clock(TrainerCallback):
        def on_step_begin(self, *args, **kwargs):
            self.begin = time.monotonic()

        def on_step_end(self, *args, **kwargs):
            seconds.append(time.monotonic() - self.begin)

    rng, count = np.random.default_rng(0), a.problems * a.group
    settings = GRPOConfig(
        output_dir=str(folder), per_device_train_batch_size=count, num_generations=a.group, max_steps=a.steps + 1,
        max_completion_length=a.max_tokens, temperature=1.0, beta=0.02, learning_rate=3e-5, logging_steps=10**6,
        use_cpu=not torch.cuda.is_available(), bf16=False, gradient_checkpointing=False, report_to=[],
        save_strategy="no",
    )  # fmt: skip
    trainer = Drawing(
        model=model, args=settings, processing_class=tokenizer, callbacks=[Clock()],
        reward_funcs=lambda completions, **rest: rng.standard_normal(len(completions)).tolist(),
        train_dataset=Dataset.from_dict({"prompt": texts * (a.steps + 1)}),
    )  # fmt: skip
    trainer.train()
    return seconds[1:], drawing[1:]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="8m")
    parser.add_argument("--problems", type=int, default=4)
    parser.add_argument("--group", type=int, default=8)
    parser.add_argument("--max-tokens", type=int, default=128)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", type=Path)
    a = parser.parse_args()
    folder, count = Path(tempfile.mkdtemp()), a.problems * a.group
    step, texts = ours(a, folder / "start")
    step()
    found = {"ours": [], "ours_drawing": [], "trl": [], "trl_drawing": []}
    for _ in range(a.rounds):
        for _ in range(a.steps):
            whole, drawing = step()
            found["ours"].append(whole)
            found["ours_drawing"].append(drawing)
        for name, times in zip(("trl", "trl_drawing"), theirs(a, folder / "trl", texts), strict=True):
            found[name] += times
    rates = {k: count / statistics.median(v) for k, v in found.items()}
    ratios = {
        "drawing": rates["ours_drawing"] / rates["trl_drawing"], "whole step": rates["ours"] / rates["trl"],
    }  # fmt: skip
    print({k: round(v, 2) for k, v in (rates | ratios).items()})
    if a.json:
        settings = {k: v for k, v in vars(a).items() if k != "json"}
        told = {"benchmark": "rollouts", "settings": settings, "rollouts_per_second": rates, "ratios": ratios}
        write_json(a.json, told | {"seconds": found} | circumstances({}))


if __name__ == "__main__":
    main()

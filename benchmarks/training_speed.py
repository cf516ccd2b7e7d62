"""Training throughput of the 27M model at 512 tokens against transformers' Trainer with a Llama of equal shape.

Both see packed batches of the same task documents (same loss positions), same gradient accumulation, float32 or bf16
as the machine allows, in turns: ours, theirs, ours, theirs …, for each number of micro-batches in an optimiser's step.
Ours steps with Muon, theirs with AdamW, so the more tokens a step has the less the dearer optimiser weighs.
With `--earlier` the loop of an older checkout of this project takes part too, in a process of its own each round.
Needs `pip install transformers accelerate`.

    git worktree add /tmp/earlier bab1225
    python benchmarks/training_speed.py --earlier /tmp/earlier --json benchmarks/results/training_speed.json
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
import transformers
from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainerCallback, TrainingArguments

from microreason.data.documents import DocumentStream
from microreason.data.packing import Packer
from microreason.evaluation.records import circumstances, write_json
from microreason.model.config import SIZES
from microreason.tokenizer import Tokenizer
from microreason.training.loop import Trainer as Ours
from microreason.training.optim import bf16_is_fast
from microreason.training.recipe import load_recipe

LENGTH, MICRO = 512, 4096


def recipe(folder, accumulate):
    """A release recipe at its final shape, rows of 512 tokens."""
    base = load_recipe(Path(__file__).parent.parent / "recipes" / "second.yaml")
    stage = base.stages[-1].model_copy(update={"until": 1.0, "shape": {}, "accumulate": accumulate})
    return base.model_copy(update={
        "stages": [stage], "row_lengths": [LENGTH], "micro_batch_tokens": MICRO,
        "output": folder, "start": None})  # fmt: skip


def ours(trainer, steps):
    start = time.perf_counter()
    before = trainer.tokens
    for _ in range(steps):
        trainer.train_step()
    return (trainer.tokens - before) / (time.perf_counter() - start)


class Clock(TrainerCallback):
    def on_step_end(self, args, state, control, **kwargs):
        self.times.append(time.perf_counter())


def theirs(model, batches, steps, accumulate, folder):
    clock = Clock()
    clock.times = []
    cuda = torch.cuda.is_available()
    arguments = TrainingArguments(
        folder, max_steps=steps + 1, per_device_train_batch_size=MICRO // LENGTH,
        gradient_accumulation_steps=accumulate, report_to=[], save_strategy="no", logging_strategy="no",
        disable_tqdm=True, use_cpu=not cuda, bf16=bf16_is_fast(torch.device("cuda" if cuda else "cpu")),
        dataloader_pin_memory=False,
    )  # fmt: skip
    Trainer(model, arguments, train_dataset=batches, callbacks=[clock]).train()
    return steps * MICRO * accumulate / (clock.times[-1] - clock.times[0])


def earlier(checkout, accumulate, steps):
    """Tokens/s of the loop of another checkout, which is imported instead of this one."""
    command = [sys.executable, __file__, "--only-ours", "--accumulate", str(accumulate), "--steps", str(steps)]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    done = subprocess.run(command, env=environment, cwd=checkout, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout.split()[-1])


def ratio(results, other):
    """Median and range over rounds of our rate over another's."""
    ratios = [a / b for a, b in zip(results["ours"], results[other], strict=True)]
    return {"ratio": statistics.median(ratios), "interval": [min(ratios), max(ratios)]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--accumulate", default="2,8", help="micro-batches of 4,096 tokens to a step")
    parser.add_argument("--earlier", type=Path)
    parser.add_argument("--only-ours", action="store_true")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    folder, sizes = tempfile.mkdtemp(), [int(n) for n in args.accumulate.split(",")]
    if args.only_ours:
        trainer = Ours(recipe(folder, sizes[0]))
        ours(trainer, 2)
        print(ours(trainer, args.steps))
        return
    r = recipe(folder, max(sizes))
    tokenizer, shape = Tokenizer.load(r.tokenizer), SIZES["27m"]
    llama = LlamaForCausalLM(LlamaConfig(
        vocab_size=tokenizer.size, hidden_size=shape["dim"], intermediate_size=shape["ff"],
        num_hidden_layers=shape["layers"], num_attention_heads=shape["heads"], num_key_value_heads=shape["kv_heads"],
        tie_word_embeddings=True, max_position_embeddings=8192))  # fmt: skip
    packer = Packer(DocumentStream(r.mixture(0), tokenizer), [LENGTH], MICRO)
    rows, settings = [], []
    while len(rows) < (args.steps + 1) * MICRO * max(sizes) // LENGTH:
        batch = next(packer)
        labels = torch.from_numpy(batch.targets).roll(1, 1)  # transformers shifts the labels itself
        rows += [{"input_ids": i, "labels": t} for i, t in zip(torch.from_numpy(batch.ids), labels, strict=True)]
    for accumulate in sizes:
        trainer = Ours(recipe(folder, accumulate))
        ours(trainer, 1)  # compiles
        results = {"ours": [], "trainer": []} | ({"earlier": []} if args.earlier else {})
        for _ in range(args.rounds):
            results["ours"].append(ours(trainer, args.steps))
            results["trainer"].append(theirs(llama, rows, args.steps, accumulate, folder))
            if args.earlier:
                results["earlier"].append(earlier(args.earlier.resolve(), accumulate, args.steps))
            print({k: round(v[-1]) for k, v in results.items()}, flush=True)
        settings.append({
            "tokens_per_step": MICRO * accumulate, "tokens_per_second": results,
            "median": {k: statistics.median(v) for k, v in results.items()}, **ratio(results, "trainer"),
            "earlier": ratio(results, "earlier") if args.earlier else None,
        })  # fmt: skip
    result = {
        "benchmark": "training-speed", "tokens_per_row": LENGTH, "rounds": args.rounds, "settings": settings,
        "parameters": {"ours": sum(p.numel() for p in trainer.model.parameters()), "trainer": llama.num_parameters()},
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
    } | circumstances({"engine": "training", "sha256": None})  # fmt: skip
    if args.json:
        write_json(args.json, result)
    print(json.dumps([{k: s[k] for k in ("tokens_per_step", "median", "ratio", "interval")} for s in settings]))


if __name__ == "__main__":
    main()

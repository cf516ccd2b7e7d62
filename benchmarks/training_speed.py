"""Training throughput of the 27M model at 512 tokens against transformers' Trainer with a Llama of equal shape.

Both see the same packed batches of task documents (same tokens, same loss positions), same gradient accumulation,
float32 or bf16 as the machine allows, in turns: ours, theirs, ours, theirs …
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
from microreason.training.loop import Trainer as Ours
from microreason.training.optim import bf16_is_fast
from microreason.training.recipe import load_recipe

LENGTH, MICRO, ACCUMULATE = 512, 4096, 2


def recipe(folder):
    """The release recipe at its final shape, rows of 512 tokens."""
    base = load_recipe(Path(__file__).parent.parent / "recipes" / "second.yaml")
    stage = base.stages[-1].model_copy(update={"until": 1.0, "shape": {}, "accumulate": ACCUMULATE})
    return base.model_copy(update={
        "stages": [stage], "row_lengths": [LENGTH], "micro_batch_tokens": MICRO,
        "output": folder, "start": None})  # fmt: skip


def ours(trainer, steps):
    start = time.perf_counter()
    for _ in range(steps):
        trainer.train_step()
    return steps * MICRO * ACCUMULATE / (time.perf_counter() - start)


class Clock(TrainerCallback):
    def on_step_end(self, args, state, control, **kwargs):
        self.times.append(time.perf_counter())


def theirs(model, batches, steps, folder):
    clock = Clock()
    clock.times = []
    cuda = torch.cuda.is_available()
    arguments = TrainingArguments(
        folder, max_steps=steps + 1, per_device_train_batch_size=MICRO // LENGTH,
        gradient_accumulation_steps=ACCUMULATE, report_to=[], save_strategy="no", logging_strategy="no",
        disable_tqdm=True, use_cpu=not cuda, bf16=bf16_is_fast(torch.device("cuda" if cuda else "cpu")),
        dataloader_pin_memory=False,
    )  # fmt: skip
    Trainer(model, arguments, train_dataset=batches, callbacks=[clock]).train()
    return steps * MICRO * ACCUMULATE / (clock.times[-1] - clock.times[0])


def earlier(checkout, steps):
    """Tokens/s of the loop of another checkout, which is imported instead of this one."""
    command = [sys.executable, __file__, "--steps", str(steps), "--only-ours"]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    done = subprocess.run(command, env=environment, cwd=checkout, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout.split()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--earlier", type=Path)
    parser.add_argument("--only-ours", action="store_true")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    folder = tempfile.mkdtemp()
    r = recipe(folder)
    trainer = Ours(r)
    if args.only_ours:
        ours(trainer, 2)
        print(ours(trainer, args.steps))
        return
    shape = SIZES["27m"]
    llama = LlamaForCausalLM(LlamaConfig(
        vocab_size=trainer.tokenizer.size, hidden_size=shape["dim"], intermediate_size=shape["ff"],
        num_hidden_layers=shape["layers"], num_attention_heads=shape["heads"], num_key_value_heads=shape["kv_heads"],
        tie_word_embeddings=True, max_position_embeddings=8192))  # fmt: skip
    packer = Packer(DocumentStream(r.mixture(0), trainer.tokenizer), [LENGTH], MICRO)
    rows = []
    while len(rows) < (args.steps + 1) * MICRO * ACCUMULATE // LENGTH:
        batch = next(packer)
        labels = torch.from_numpy(batch.targets).roll(1, 1)  # transformers shifts the labels itself
        rows += [{"input_ids": i, "labels": t} for i, t in zip(torch.from_numpy(batch.ids), labels, strict=True)]
    ours(trainer, 2)  # compiles
    results = {"ours": [], "trainer": []} | ({"earlier": []} if args.earlier else {})
    for _ in range(args.rounds):
        results["ours"].append(ours(trainer, args.steps))
        results["trainer"].append(theirs(llama, rows, args.steps, folder))
        if args.earlier:
            results["earlier"].append(earlier(args.earlier.resolve(), args.steps))
        print({k: round(v[-1]) for k, v in results.items()}, flush=True)

    def ratio(other):
        ratios = [a / b for a, b in zip(results["ours"], results[other], strict=True)]
        return {"ratio": statistics.median(ratios), "interval": [min(ratios), max(ratios)]}

    result = {
        "benchmark": "training-speed", "tokens_per_row": LENGTH, "tokens_per_step": MICRO * ACCUMULATE,
        "parameters": {"ours": sum(p.numel() for p in trainer.model.parameters()), "trainer": llama.num_parameters()},
        "tokens_per_second": results, "median": {k: statistics.median(v) for k, v in results.items()},
        **ratio("trainer"), "earlier": ratio("earlier") if args.earlier else None, "rounds": args.rounds,
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
    } | circumstances({"engine": "training", "sha256": None})  # fmt: skip
    if args.json:
        write_json(args.json, result)
    print(json.dumps({k: result[k] for k in ("median", "ratio", "interval", "earlier")}))


if __name__ == "__main__":
    main()

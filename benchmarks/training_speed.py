"""Training throughput of the 27M model at 512 tokens against transformers' Trainer with a Llama of equal shape.

Both see packed batches of the same task documents (same loss positions), same tokens and micro-batches in an
optimiser's step, float32 or bf16 as the machine allows, in turns, each in a fresh process that compiles before the
clock starts. Each runs as one process with all cores and as two with half of them (`torchrun`), and of a round the
faster way of each counts. Ours steps with Muon, theirs with AdamW, so the more tokens a step has the less the dearer
optimiser weighs. With `--earlier` the loop of an older checkout of this project takes part too, as one process.
Needs `pip install transformers accelerate`.

    git worktree add /tmp/earlier bab1225
    python benchmarks/training_speed.py --earlier /tmp/earlier --json benchmarks/results/training_speed.json
"""

import argparse
import json
import os
import re
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
from microreason.model.config import SIZES, ModelConfig
from microreason.model.transformer import Transformer
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


def ours(accumulate, steps):
    """Tokens/s of this project's loop; the first two steps compile."""
    trainer = Ours(recipe(tempfile.mkdtemp(), accumulate))
    for _ in range(2):
        trainer.train_step()
    start, before = time.perf_counter(), trainer.tokens
    for _ in range(steps):
        trainer.train_step()
    return (trainer.tokens - before) / (time.perf_counter() - start)


class Clock(TrainerCallback):
    def __init__(self):
        self.times = []

    def on_step_end(self, args, state, control, **kwargs):
        self.times.append(time.perf_counter())


def llama(vocabulary):
    shape = SIZES["27m"]
    return LlamaForCausalLM(LlamaConfig(
        vocab_size=vocabulary, hidden_size=shape["dim"], intermediate_size=shape["ff"],
        num_hidden_layers=shape["layers"], num_attention_heads=shape["heads"], num_key_value_heads=shape["kv_heads"],
        tie_word_embeddings=True, max_position_embeddings=8192))  # fmt: skip


def theirs(accumulate, steps):
    """Tokens/s of the Trainer; its first two steps don't count."""
    processes = int(os.environ.get("WORLD_SIZE", 1))
    r = recipe(tempfile.mkdtemp(), accumulate)
    tokenizer = Tokenizer.load(r.tokenizer)
    packer = Packer(DocumentStream(r.mixture(0), tokenizer), [LENGTH], MICRO)
    rows = []
    while len(rows) < (steps + 2) * MICRO * accumulate // LENGTH:
        batch = next(packer)
        labels = torch.from_numpy(batch.targets).roll(1, 1)  # transformers shifts the labels itself
        rows += [{"input_ids": i, "labels": t} for i, t in zip(torch.from_numpy(batch.ids), labels, strict=True)]
    clock, cuda = Clock(), torch.cuda.is_available()
    arguments = TrainingArguments(
        tempfile.mkdtemp(), max_steps=steps + 2, per_device_train_batch_size=MICRO // LENGTH,
        gradient_accumulation_steps=accumulate // processes, report_to=[], save_strategy="no", logging_strategy="no",
        disable_tqdm=True, use_cpu=not cuda, bf16=bf16_is_fast(torch.device("cuda" if cuda else "cpu")),
        dataloader_pin_memory=False, ddp_backend="gloo" if processes > 1 and not cuda else None,
    )  # fmt: skip
    Trainer(llama(tokenizer.size), arguments, train_dataset=rows, callbacks=[clock]).train()
    return steps * MICRO * accumulate / (clock.times[-1] - clock.times[1])


def measure(name, processes, accumulate, steps, checkout=None):
    """Tokens/s of `ours` or `trainer` in fresh processes, of another checkout's package where one is given."""
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command = [*start, __file__, "--only", name, "--accumulate", str(accumulate), "--steps", str(steps)]
    threads = max(1, (os.cpu_count() or 1) // processes)
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    if checkout:
        environment["PYTHONPATH"] = str(checkout)
    done = subprocess.run(command, env=environment, cwd=checkout, stdout=subprocess.PIPE, text=True, check=True)
    return float(re.findall(r"^rate (\S+)$", done.stdout, re.M)[-1])


def ratio(a, b):
    """Median and range over rounds of one rate over another."""
    ratios = [x / y for x, y in zip(a, b, strict=True)]
    return {"ratio": statistics.median(ratios), "interval": [min(ratios), max(ratios)]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--accumulate", default="8,2", help="micro-batches of 4,096 tokens to a step")
    parser.add_argument("--earlier", type=Path)
    parser.add_argument("--only", choices=["ours", "trainer"])
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    sizes = [int(n) for n in args.accumulate.split(",")]
    if args.only:
        rate = (ours if args.only == "ours" else theirs)(sizes[0], args.steps)
        if os.environ.get("RANK", "0") == "0":
            print(f"\nrate {rate}")
        return
    ways = [(name, n) for name in ("ours", "trainer") for n in (1, 2)]
    settings = []
    for accumulate in sizes:
        rates = {f"{name}, {n} process{'es' * (n > 1)}": [] for name, n in ways} | (
            {"earlier": []} if args.earlier else {}
        )
        for _ in range(args.rounds):
            for (name, n), found in zip(ways, rates.values(), strict=False):
                found.append(measure(name, n, accumulate, args.steps))
            if args.earlier:
                rates["earlier"].append(measure("ours", 1, accumulate, args.steps, args.earlier.resolve()))
            print({k: round(v[-1]) for k, v in rates.items()}, flush=True)
        best = {
            name: [max(r) for r in zip(*(v for k, v in rates.items() if k.startswith(name)), strict=True)]
            for name in ("ours", "trainer")
        }
        settings.append({
            "tokens_per_step": MICRO * accumulate, "tokens_per_second": rates,
            "median": {k: statistics.median(v) for k, v in best.items()}, **ratio(best["ours"], best["trainer"]),
            "earlier": ratio(rates["ours, 1 process"], rates["earlier"]) if args.earlier else None,
        })  # fmt: skip
    vocabulary = Tokenizer.load().size
    result = {
        "benchmark": "training-speed", "tokens_per_row": LENGTH, "rounds": args.rounds, "settings": settings,
        "parameters": {
            "ours": sum(p.numel() for p in Transformer(ModelConfig.size("27m")).parameters()),
            "trainer": llama(vocabulary).num_parameters(),
        },
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
    } | circumstances({"engine": "training", "sha256": None})  # fmt: skip
    if args.json:
        write_json(args.json, result)
    print(json.dumps([{k: s[k] for k in ("tokens_per_step", "median", "ratio", "interval")} for s in settings]))


if __name__ == "__main__":
    main()

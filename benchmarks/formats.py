"""How numbers and steps are best written for a small network: paired short runs of a 5M model, one core each.

Four tasks (running sums, Euclid, counting bits, one product) with a curriculum from one digit up; formats differ in
nothing else. Score: share of problems whose whole path is the greedy choice, at three difficulties.

    python benchmarks/formats.py msb --minutes 8 --json benchmarks/results/formats-msb.json
"""

import argparse
import json
import platform
import random
import re
import time
from datetime import date
from pathlib import Path

import torch

from microreason.data.documents import Document
from microreason.data.packing import Packer
from microreason.model.config import ModelConfig
from microreason.model.transformer import Transformer
from microreason.training.losses import Wanted, solution_loss
from microreason.training.optim import make_optimizers, schedule

CHARS = "0123456789+*%=/: \nABCD|.,"
FORMATS = ("msb", "lsb", "columns", "state")


def flip(line):
    return re.sub(r"\d+", lambda m: m[0][::-1], line)


def columns(a, b):
    """a+b digit by digit from the right, each column `x+y+carry=sum`, then the sum."""
    out, carry = [], 0
    width = max(len(str(a)), len(str(b)))
    for x, y in zip(f"{a:0{width}d}"[::-1], f"{b:0{width}d}"[::-1], strict=True):
        total = int(x) + int(y) + carry
        out.append(f"{x}+{y}+{carry}={total}")
        carry = total // 10
    return [*out, f"{a}+{b}={a + b}"]


def example(rng, difficulty, form):
    """Text, step lines and answer of one problem."""
    digits = rng.randint(1, 1 + round(5 * difficulty))
    kind = rng.choice("ABCD")
    number = lambda n: rng.randrange(10 ** (n - 1), 10**n)  # noqa: E731
    lines = []
    if kind == "A":
        terms = [number(rng.randint(1, digits)) for _ in range(rng.randint(2, 3 + round(3 * difficulty)))]
        text, total = "A" + "+".join(map(str, terms)), terms[0]
        for t in terms[1:]:
            step = {"columns": columns(total, t), "state": [str(total + t)]}.get(form, [f"{total}+{t}={total + t}"])
            lines += step
            total += t
    elif kind == "B":
        a, b = number(min(4, digits)), number(min(4, digits))
        text = f"B{a},{b}"
        a, b = max(a, b), min(a, b)
        while b:
            lines.append(str(a % b) if form == "state" else f"{a}%{b}={a % b}")
            a, b = b, a % b
        total = a
    elif kind == "C":
        n, total = number(digits), 0
        text = f"C{n}"
        while n:
            total += n % 2
            lines.append(f"{n // 2}:{total}" if form == "state" else f"{n}/2={n // 2}:{n % 2}:{total}")
            n //= 2
    else:
        a, b = number(min(4, digits)), number(min(3, digits))
        text, total = f"D{a}*{b}", 0
        for i, d in enumerate(str(b)[::-1]):
            part = a * int(d) * 10**i
            lines.append(str(part) if form == "state" else f"{a}*{d}={a * int(d)}")
            lines += columns(total, part) if form == "columns" else [
                str(total + part) if form == "state" else f"{total}+{part}={total + part}"]  # fmt: skip
            total += part
    if form == "lsb":
        lines, total = [flip(line) for line in lines], str(total)[::-1]
        text = text[0] + flip(text[1:])
    return text, lines, str(total), kind


def document(rng, difficulty, form):
    text, lines, answer, kind = example(rng, difficulty, form)
    ids = [CHARS.index(c) for c in f"{text}\n{chr(10).join(lines)}|{answer}."]
    return Document(ids, len(text) + 1, kind)


def scores(model, form, count=150):
    model.eval()
    out = {}
    for difficulty in (0.2, 0.6, 1.0):
        rng = random.Random(f"test/{difficulty}")
        hits = {k: [] for k in "ABCD"}
        with torch.no_grad():
            for _ in range(count):
                d = document(rng, difficulty, form)
                ids = torch.tensor([d.ids])
                guess = model.logits(model(ids))[0, d.prompt - 1 : -1].argmax(-1)
                hits[d.task].append(bool((guess == ids[0, d.prompt :]).all()))
        out[difficulty] = {k: round(sum(v) / len(v), 3) for k, v in hits.items()}
        out[difficulty]["mean"] = round(sum(out[difficulty].values()) / 4, 3)
    model.train()
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("format", choices=FORMATS)
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--json", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    config = ModelConfig(vocab_size=260, dim=256, layers=6, heads=4, kv_heads=4, ff=704, routing="off")
    model = Transformer(config)
    optimizers = make_optimizers(model, 0.02, 0.003, 0.01)
    progress, rng = 0.0, random.Random(1)

    def stream():
        while True:
            yield document(rng, rng.uniform(0, min(1.0, 0.3 + progress)), args.format)

    packer, used, tokens, step = Packer(stream(), [256, 512], 4096), 0.0, 0, 0
    while progress < 1:
        start = time.process_time()
        batch = next(packer)
        ids, positions, documents = map(torch.from_numpy, (batch.ids, batch.positions, batch.documents))
        hidden = model(ids, positions, documents)
        target = Wanted.of(batch.targets, hidden.device)
        loss = solution_loss(model, hidden.flatten(0, 1)[target.places], target)[0] / target.number
        loss.backward()
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["base_lr"] * schedule(progress, 0.03, 0.3)
            optimizer.step()
            optimizer.zero_grad()
        used += time.process_time() - start
        tokens, step, progress = tokens + ids.numel(), step + 1, used / (60 * args.minutes)
        if step % 25 == 0:
            print(f"{args.format} step {step} loss {float(loss.detach()):.3f} progress {progress:.2f}", flush=True)
    result = {
        "benchmark": "formats", "format": args.format, "date": str(date.today()),
        "hardware": platform.processor() or platform.machine(),
        "parameters": sum(p.numel() for p in model.parameters()), "cpu_minutes": args.minutes,
        "tokens": tokens, "steps": step, "size": 150, "seed": 1, "scores": scores(model, args.format),
    }  # fmt: skip
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result["scores"]))


if __name__ == "__main__":
    main()

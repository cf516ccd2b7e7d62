"""Time and bytes of the routed cache against the dense one: prefill and decode, same engine, same weights, in turns.

Gates are those of a network whose heads all see their window alone but for `--open` of them, a layer's after another's
from the second on. Weights are random, for time does not depend on them. Decode is a whole token, output head included.
Medians over turns; the ratio is dense over routed. `--engine native` is the compiled engine: int8 weights and keys.
Does not cover quality (routing.py).

    python benchmarks/routing_speed.py --json benchmarks/results/routing-speed.json
    python benchmarks/routing_speed.py --engine native --batches 1 --json benchmarks/results/routing-speed-native.json
"""

import argparse
import itertools
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from microreason.evaluation.records import circumstances, write_json
from microreason.inference.batched import CHUNK
from microreason.inference.network import Network, find_library
from microreason.model.cache import Cache, DenseCache, RoutedCache
from microreason.model.config import ModelConfig
from microreason.model.transformer import Transformer
from microreason.weights_file import quantised


def network(config: ModelConfig, opened: int) -> Transformer:
    """Random weights; the gates of all heads but so many are shut for good."""
    model, heads = Transformer(config).eval(), config.kv_heads
    for layer, block in enumerate(model.blocks):
        before = (layer - 1) % config.layers * heads
        block.router.keep_shut([h for h in range(heads) if before + h >= opened])
    return model


def timed(model: Transformer, cache: Cache, ids: torch.Tensor, chunk: int) -> list[float]:
    """Seconds of each chunk of ids [B, T] with the scores of its last token."""
    seconds = []
    for part in ids.split(chunk, 1):
        start = time.perf_counter()
        model.logits(model(part, cache=cache)[:, -1])
        seconds.append(time.perf_counter() - start)
    return seconds


def in_turns(turns: int, turn: Callable[[str], tuple[float, float, Any]]) -> tuple[dict, dict[str, Any]]:
    """Medians and ratios of the seconds of prefill and decode that `turn` tells of each cache, and what else it tells
    last."""
    seen: dict[str, list[tuple[float, float, Any]]] = {"dense": [], "routed": []}
    for number in range(turns):
        for name in ("dense", "routed") if number % 2 else ("routed", "dense"):
            seen[name].append(turn(name))
    times: dict[str, Any] = {}
    for i, what in enumerate(("prefill", "decode")):
        seconds = times[f"{what}_seconds"] = {name: statistics.median(t[i] for t in of) for name, of in seen.items()}
        times[f"{what}_ratio"] = seconds["dense"] / seconds["routed"]
    return times, {name: of[-1][2] for name, of in seen.items()}


class Native:
    """The compiled engine, with routing or without."""

    def __init__(self, model: Transformer, routing: str, threads: int) -> None:
        name, library = find_library()
        tensors = {n: t.numpy() for n, t in model.state_dict().items()}
        config = model.config.model_copy(update={"routing": routing})
        self.name, self.network = name, Network(config, quantised(tensors), library, threads)

    def turn(self, prompt: list[int], more: list[int]) -> tuple[float, float, int]:
        """Seconds of the prefill and of a single token after it, entries held in the end."""
        network, cache = self.network, self.network.cache(len(prompt) + len(more))
        start = time.perf_counter()
        for at in range(0, len(prompt), network.limit):
            part = prompt[at : at + network.limit]
            network.forward([(cache, part, int(at + network.limit >= len(prompt)))])
            network.commit([part])
        prefill, seconds = time.perf_counter() - start, []
        for token in more:
            start = time.perf_counter()
            network.forward([(cache, [token], 1)])
            network.commit([[token]])
            seconds.append(time.perf_counter() - start)
        return prefill, statistics.median(seconds), cache.entries()


def measure_native(config: ModelConfig, length: int, opened: int, tokens: int, turns: int, threads: int) -> dict:
    """One sequence through the compiled engine, dense and routed in turns."""
    model = network(config, opened)
    engines = {"dense": Native(model, "off", threads), "routed": Native(model, "hard", threads)}
    ids = np.random.default_rng(0).integers(0, config.vocab_size, length + tokens).tolist()
    times, held = in_turns(turns, lambda name: engines[name].turn(ids[:length], ids[length:]))
    return {
        "batch": 1, "length": length, **times, "entries_held": held,
        "bytes_used_share": held["routed"] / held["dense"], "cpu": engines["dense"].name,
    }  # fmt: skip


def measure(config: ModelConfig, batch: int, length: int, opened: int, tokens: int, turns: int) -> dict:
    """Prefill of `length` tokens in each row, then `tokens` single ones, by each cache in turn."""
    model = network(config, opened)
    ids = torch.randint(0, config.vocab_size, (batch, length + tokens), generator=torch.Generator().manual_seed(0))

    def turn(name: str) -> tuple[float, float, tuple[int, int, int]]:
        cache: Cache = RoutedCache(config, batch, torch.float32, torch.device("cpu"))
        if name == "dense":
            cache = DenseCache(config, batch, length + tokens, torch.float32, torch.device("cpu"))
        prefill = sum(timed(model, cache, ids[:, :length], CHUNK))
        before = cache.entries_read().sum()
        decode = statistics.median(timed(model, cache, ids[:, length:], 1))
        return prefill, decode, (int(cache.entries_read().sum() - before), cache.bytes_used(), cache.bytes_allocated())

    times, told = in_turns(turns, turn)
    reads, used, allocated = ({name: of[i] for name, of in told.items()} for i in range(3))
    return {
        "batch": batch, "length": length, "decode_read_share": reads["routed"] / reads["dense"],
        **times, "bytes_used": used, "bytes_allocated": allocated, "bytes_used_share": used["routed"] / used["dense"],
        "bytes_allocated_share": allocated["routed"] / allocated["dense"],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", default="27m")
    parser.add_argument("--lengths", type=int, nargs="+", default=[512, 1024, 2048, 4096, 8192])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--open", type=int, default=6, help="key-value heads of all layers that see everything")
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--engine", choices=["torch", "native"], default="torch")
    parser.add_argument("--json", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    config = ModelConfig.size(args.size, max_context=max(args.lengths) + args.tokens)
    rows = []
    with torch.inference_mode():
        for batch, length in itertools.product(args.batches, args.lengths):
            how = length, args.open, args.tokens, args.turns
            native = args.engine == "native"
            rows.append(measure_native(config, *how, args.threads) if native else measure(config, batch, *how))
            print({k: round(v, 3) for k, v in rows[-1].items() if isinstance(v, int | float)}, flush=True)
    told = {"benchmark": "routing_speed", "config": config.model_dump(mode="json"), "engine_measured": args.engine}
    told |= {"open": args.open, "chunk": CHUNK, "turns": args.turns, "threads": args.threads}
    write_json(args.json, told | circumstances({}) | {"rows": rows})


if __name__ == "__main__":
    main()

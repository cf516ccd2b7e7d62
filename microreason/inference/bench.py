"""`microreason bench`: how fast and how frugal this machine solves: latencies, tokens per second, memory, energy.

Latencies are of problems that the model has learnt, one at a time; the speeds of reading and writing are measured at
several lengths of context filled with such problems, without guessing. Memory is that of a process which solves and
does nothing else, at the longest context. Energy is read where the machine tells: RAPL
(Intel and AMD, often only for root) or the power sensors of a Jetson (INA3221).
Does not cover other programs running the same weights (benchmarks/peers.py).
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from microreason.errors import BadInput
from microreason.evaluation.records import circumstances
from microreason.inference.native import NativeEngine
from microreason.tasks import all_tasks

RAPL = "/sys/class/powercap"
JETSON = "/sys/bus/i2c/drivers/ina3221"
WRITTEN = 32  # tokens written at each length


def joules(powercap: str = RAPL, jetson: str = JETSON) -> Callable[[], float] | None:
    """A counter of joules, or None where the machine does not tell. On a Jetson: power now times the time passed."""
    packages = [p / "energy_uj" for p in Path(powercap).glob("intel-rapl:*") if p.name.count(":") == 1]
    try:
        if packages and all(int(p.read_text()) >= 0 for p in packages):
            return lambda: sum(int(p.read_text()) for p in packages) / 1e6
        inputs = sorted(Path(jetson).glob("*/hwmon/hwmon*/in1_input"))
        if not inputs:
            return None
        volts, amperes = inputs[0], inputs[0].with_name("curr1_input")
        start = time.perf_counter()
        return lambda: int(volts.read_text()) * int(amperes.read_text()) / 1e6 * (time.perf_counter() - start)
    except (OSError, ValueError):
        return None


def quantiles(seconds: list[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    ordered = sorted(seconds)
    return {"p50": statistics.median(ordered), "p95": ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]}


@contextmanager
def _timed(into: list[float]) -> Iterator[None]:
    start = time.perf_counter()
    yield
    into.append(time.perf_counter() - start)


def _speeds(engine: NativeEngine, texts: list[str], contexts: list[int], repeats: int) -> list[dict[str, float]]:
    network, out = engine.network, []
    ids = [i for text in texts for i in engine.tokenizer.encode_problem(text)]
    for context in contexts:
        tokens = list(islice(cycle(ids), context + WRITTEN))
        reading: list[float] = []
        writing: list[float] = []
        for _ in range(repeats):
            cache = network.cache(context + WRITTEN)
            with _timed(reading):
                engine.read((cache, tokens[:context]))
            with _timed(writing):
                for i in tokens[context:]:
                    network.forward([(cache, [i], 1)])
                    network.commit([[i]])
        rates = {"prefill": context / statistics.median(reading), "decode": WRITTEN / statistics.median(writing)}
        out.append({"context": context, "kv_entries": cache.entries(), **rates})
    return out


def bench(
    weights: Path | str | None = None,
    *,
    contexts: list[int] | None = None,
    problems: int = 20,
    repeats: int = 5,
    threads: int | None = None,
    seed: int = 5,
    max_tokens: int = 256,
) -> dict[str, Any]:
    """Measure; see the file's head. Raises BadInput where there is no compiled engine or a context is too long."""
    try:
        engine = NativeEngine(weights, threads)
    except RuntimeError as error:
        raise BadInput(f"There is nothing to measure here: {error}.") from None
    contexts = contexts or [64, 1024, 4096]
    if max(contexts) + WRITTEN > engine.config.max_context or min(contexts) < 1:
        raise BadInput(f"A context must be from 1 to {engine.config.max_context - WRITTEN} tokens.")
    tasks = all_tasks()
    known = [name for name in engine.info["origin"].get("tasks", tasks) if name in tasks]
    drawn = [tasks[name].generate(seed, i, 0.0) for i, name in enumerate(islice(cycle(known), problems))]
    meter = joules()
    first: list[float] = []
    whole: list[float] = []
    solved, tokens = 0.0, 0
    engine.generate([drawn[0].text], max_tokens=2)
    cpu, energy = time.process_time(), meter() if meter else 0.0
    for problem in drawn:
        with _timed(whole):
            got = engine.generate([problem.text], max_tokens=max_tokens)[0]
        tokens += got.tokens
        if got.solution.answer is not None:
            solved += tasks[problem.task or ""].grade(problem, got.solution.answer)
    cpu, energy = time.process_time() - cpu, (meter() if meter else 0.0) - energy
    for problem in drawn:
        with _timed(first):
            engine.generate([problem.text], max_tokens=1)
    speeds = _speeds(engine, [p.text for p in drawn], contexts, repeats)
    return {
        **circumstances(engine.info), "benchmark": "bench", "n": repeats,
        "cpu": engine.info["cpu"], "threads": engine.info["threads"],
        "sha256": engine.info["sha256"], "problems": problems, "solved": solved, "tokens": tokens,
        "first_token_seconds": quantiles(first), "answer_seconds": quantiles(whole), "speeds": speeds,
        "cold_start_seconds": _cold_start(weights), "peak_memory_bytes": _peak_memory(weights, max(contexts)),
        "cpu_seconds_per_solved": cpu / solved if solved else None,
        "joules_per_solved": energy / solved if solved and meter else None,
    }  # fmt: skip


def _cold_start(weights: Path | str | None) -> float:
    """Seconds of a new process that imports, loads and writes one token; the best of three."""
    code = (
        f"import microreason; microreason.load({str(weights) if weights else None!r}).generate(['1+1'], max_tokens=1)"
    )
    seconds: list[float] = []
    for _ in range(3):
        with _timed(seconds):
            subprocess.run([sys.executable, "-c", code], check=True)
    return min(seconds)


def _peak_memory(weights: Path | str | None, context: int) -> int:
    """Bytes of a new process at its largest that loads, reads a context and writes one token."""
    code = (
        "from microreason.inference.native import NativeEngine; from microreason.inference.bench import own_peak\n"
        f"engine = NativeEngine({str(weights) if weights else None!r}); cache = engine.network.cache({context + 1})\n"
        f"engine.read((cache, [5] * {context})); engine.network.forward([(cache, [5], 1)])\n"
        "print(own_peak())"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return int(done.stdout)


def own_peak() -> int:
    """Bytes of this process at its largest. On Linux `getrusage` would count the parent's from before it began."""
    status = Path("/proc/self/status")
    if status.exists():
        return 1024 * next(int(line.split()[1]) for line in status.read_text().splitlines() if line[:5] == "VmHWM")
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def show(result: dict[str, Any], console: Console) -> None:
    """Print the result as tables."""
    table = Table("tokens of context", "reading, tokens/s", "writing, tokens/s", "KV entries held")
    for row in result["speeds"]:
        table.add_row(*(f"{row[key]:,.0f}" for key in ("context", "prefill", "decode", "kv_entries")))
    console.print(table)
    table = Table("figure", "value", show_header=False)
    for name in ("first_token_seconds", "answer_seconds"):
        q = result[name]
        table.add_row(name.replace("_", " ") + ", p50 / p95", f"{q['p50']:.4f} / {q['p95']:.4f}")
    table.add_row("cold start, seconds", f"{result['cold_start_seconds']:.2f}")
    table.add_row("peak memory, MB", f"{result['peak_memory_bytes'] / 1e6:.0f}")
    table.add_row("solved", f"{result['solved']:g} of {result['problems']}")
    for name in ("cpu_seconds_per_solved", "joules_per_solved"):
        value = result[name]
        table.add_row(name.replace("_", " "), "not known here" if value is None else f"{value:.3f}")
    table.add_row("instructions, threads", f"{result['cpu']}, {result['threads']}")
    console.print(table)


def draw(result: dict[str, Any], path: Path) -> None:
    """Speeds against context, as a PNG. Needs matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 4))
    context = [row["context"] for row in result["speeds"]]
    for key, label in (("prefill", "reading"), ("decode", "writing")):
        axes.plot(context, [row[key] for row in result["speeds"]], marker="o", label=label)
    axes.set(xscale="log", yscale="log", xlabel="tokens of context", ylabel="tokens per second",
             title=f"{result['cpu']}, {result['threads']} threads")  # fmt: skip
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120, format="png")
    pyplot.close(figure)

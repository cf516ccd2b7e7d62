"""The blocks of docs/routing.md: quality and reads of routed networks beside their dense twins, and the time saved.

Quality comes from the files `routing-SIZE-SEED.json` (routing.py), one for each seed; time from `routing-speed*.json`
(routing_speed.py). Does not cover replacing the blocks in the page (tables.py does, which is what to run).
"""

import re
from statistics import fmean

from figures import RESULTS, have, load, percent

from microreason.model.config import ModelConfig

WAYS = {
    "dense": "dense twin", "routed": "**routed, hard gates**", "routed_soft": "the same weights, soft gates",
    "routed_open": "the same weights, gates open", "window_trained": "trained with window and sinks alone",
    "dense_smaller": "smaller dense network, as many multiplications",
    "window_and_sinks": "dense twin, window and sinks",
    "accumulated": "dense twin, accumulated attention (H2O)", "key_norm": "dense twin, small keys",
    "separators": "dense twin, separators", "random": "dense twin, random tokens",
}  # fmt: skip


def runs(size):
    return [load(path.stem) for path in sorted(RESULTS.glob(f"routing-{size}-*.json"))]


def over(values, show):
    """Mean over seeds, and from the least to the greatest where there are several."""
    return show(fmean(values)) + (f" ({show(min(values))} to {show(max(values))})" if len(values) > 1 else "")


def dearer(results):
    """Bits a token against the dense twin; of one seed with the 95 % interval of its documents."""

    def show(part):
        return f"{100 * part:+.1f}"

    against = [r["bits_per_token_against_dense"] for r in results]
    if len(against) > 1:
        return over([middle for middle, _, _ in against], show)
    middle, low, high = map(show, against[0])
    return f"{middle} ({low} to {high})"


def quality(size):
    found = runs(size)
    if not found:
        return ["Not measured yet."]
    rows = ["| network | entries read, % of dense | bits a token | against the dense twin, % | solutions exact, % |"]
    rows.append("|---|---|---|---|---|")
    for way, title in WAYS.items():
        results = [run["results"][way] for run in found if way in run["results"]]
        if results:
            cells = [
                over([r["read_share"] for r in results], percent),
                over([r["bits_per_token"] for r in results], lambda bits: f"{bits:.4f}"),
                dearer(results),
                over([r["exact_mean"] for r in results], percent),
            ]
            rows.append(f"| {title} | {' | '.join(cells)} |")
    first, several = found[0], len(found) > 1
    many, spread = "s" * several, "95 % interval of the difference"
    if several:
        alone = any(sum(way in run["results"] for run in found) == 1 for way in WAYS)
        spread = "mean over seeds, least and greatest" + f"; where one seed alone was measured, the {spread}" * alone
    gaps = over([run["hard_over_soft_bits"] for run in found], lambda gap: f"{100 * gap:+.2f} %")
    rows += [
        "",
        f"{len(found)} seed{many} of {first['tokens']:,} tokens in {first['steps']:,} steps, {first['parameters']:,} "
        f"parameters, tasks {', '.join(first['recipe']['tasks'])}; {first['size']} documents that no step saw; "
        f"{spread}. Hard over soft decisions: {gaps} bits a token. "
        f"{first['date'][:10]}, commit {first['commit']}, {first['hardware']['cpu']}.",
    ]
    return rows


def lengths(size):
    found = runs(size)
    if not found:
        return ["Not measured yet."]
    titles = ["tokens, up to", "documents", "entries read, % of dense", "bits a token, routed / dense", "exact, %"]
    table = []
    by_length = [run["results"]["routed"]["by_length"] | run.get("beyond", {}) for run in found]
    for length in sorted({int(n) for of in by_length for n in of}):
        parts = [of[str(length)] for of in by_length if str(length) in of]
        bits, exact = ([fmean(p[key][i] for p in parts) for i in range(2)] for key in ("bits_per_token", "exact"))
        cells = [f"{length:,}", str(sum(p["documents"] for p in parts)), over([p["share"] for p in parts], percent)]
        cells += [f"{bits[0]:.3f} / {bits[1]:.3f}", f"{percent(exact[0])} / {percent(exact[1])}"]
        if all("last_share" in p for p in parts):
            titles[5:] = ["read by the last token, %"]  # not measured in earlier files
            cells.append(over([p["last_share"] for p in parts], percent))
        table.append(cells)
    titles, *rows = (f"| {' | '.join(row)} |" for row in (titles, *table))
    return [titles, re.sub("[^|]+", "---", titles), *rows]


def speed():
    rows = ["| engine | tokens | at once | decode, dense / routed | prefill, dense / routed | entries held, % |"]
    rows.append("|---|---|---|---|---|---|")
    dates = []
    names = ("routing-speed-native", "routing-speed-native-intel", "routing-speed")
    for name, title in zip(names, ("compiled, int8", "compiled, int8, Intel", "torch, float32"), strict=True):
        if not have(name):
            continue
        result = load(name)
        c = result["config"]
        for row in result["rows"]:
            rows.append(
                f"| {title} | {row['length']:,} | {row['batch']} | {row['decode_ratio']:.2f}× | "
                f"{row['prefill_ratio']:.2f}× | {percent(row['bytes_used_share'])} |"
            )
        dates.append(
            f"{title}: {result['open']} of {c['layers'] * c['kv_heads']} heads see everything, the others "
            f"{c['window']} tokens; {result['threads']} thread(s) of {result['hardware']['cpu']}, "
            f"{result['turns']} turns, {result['date'][:10]}, commit {result['commit']}."
        )
    if not dates:
        return ["Not measured yet."]
    return [*rows, "", f"Shape of the 27M model. {' '.join(dates)}"]


def bound():
    """What of a dense prefill's multiplications attention has, from the shape alone."""
    c = ModelConfig.size("27m")
    weights = c.dim * (2 * c.dim + 2 * c.kv_heads * c.head_dim + 3 * c.ff)
    shares = {n: c.dim * n / (c.dim * n + weights) for n in (512, 1024, 2048, 4096, 8192)}
    told = ", ".join(f"{percent(share)} % at {n:,}" for n, share in shares.items())
    return [f"Attention's part of a dense prefill's multiplications, 27M, by tokens: {told}."]


BLOCKS = {
    "routing_quality": lambda: quality("nano"), "routing_lengths": lambda: lengths("nano"),
    "routing_quality_8m": lambda: quality("8m"), "routing_lengths_8m": lambda: lengths("8m"),
    "routing_quality_heads": lambda: quality("heads"), "routing_lengths_heads": lambda: lengths("heads"),
    "routing_quality_heads3": lambda: quality("heads3"), "routing_lengths_heads3": lambda: lengths("heads3"),
    "routing_speed": speed, "routing_bound": bound,
}  # fmt: skip

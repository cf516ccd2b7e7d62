"""Fits loss = a + b * tokens^-c to the logs of training runs, and says what more tokens would give.

    python benchmarks/scaling.py runs/NAME/log.jsonl [more] [--to 1e9,2e9] [--json FILE] [--picture FILE.svg]

Each stage of each run is a curve of its own (the model grows from stage to stage), if it has at least 100 steps. Its
steps, after the first tenth, are averaged in blocks of equal count; for each c on a grid a and b (neither negative) are
the least squares, and the best c wins. The interval is a bootstrap over blocks, so it covers the noise of steps, not
whether the law holds. `last_fifth` tests that: the fit of the first four fifths against what then came.
Does not cover loss on held-out problems or scores: the log holds the training loss alone, on a mixture that may become
harder, at a rate that falls, from weights that may have been trained before. Tokens are those of the stage's run.
"""

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from microreason.errors import MicroReasonError
from microreason.evaluation.records import circumstances, write_json
from microreason.inputs import check_writable

BLOCKS, DRAWS, LEAST = 60, 1000, 100
EXPONENTS = np.geomspace(0.02, 2.0, 100)
FLOOR = 1e4
"""Unit of tokens while fitting, so that the powers stay near 1."""


def read_curves(paths):
    """Name -> (tokens, losses) of each stage with enough steps. Raises MicroReasonError for what is no log.

    A run that was resumed has steps twice in its log; the later line counts. A last line without its end is left out.
    """
    curves = {}
    for path in paths:
        stages = defaultdict(dict)
        try:
            for line in path.read_text("utf-8").split("\n")[:-1]:
                row = json.loads(line)
                stages[row.get("stage", 0)][row["step"]] = (float(row["tokens"]), float(row["loss"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise MicroReasonError(f"The file {path} cannot be read as the log of a run ({error!r}).") from None
        for stage, steps in stages.items():
            if len(steps) >= LEAST:
                curves[f"{path.parent.name}, stage {stage}"] = np.array([steps[i] for i in sorted(steps)]).T
    if not curves:
        raise MicroReasonError(f"No stage in these logs has {LEAST} steps.")
    return curves


def blocks_of(tokens, losses, count=BLOCKS):
    """[2, blocks]: mean tokens and mean loss of blocks of consecutive steps of about equal count."""
    pieces = zip(np.array_split(tokens, count), np.array_split(losses, count), strict=True)
    return np.array([(t.mean(), x.mean()) for t, x in pieces]).T


def fit(tokens, losses):
    """(a, b, c) of the least squares with a, b >= 0; arrays of equal length."""
    powers = (tokens / FLOOR) ** -EXPONENTS[:, None]  # [exponents, blocks]
    centred = powers - powers.mean(1, keepdims=True)
    spread = (centred**2).sum(1)
    b = np.maximum(centred @ (losses - losses.mean()) / np.maximum(spread, 1e-12), 0)
    a = losses.mean() - b * powers.mean(1)
    through_zero = (powers @ losses) / (powers**2).sum(1)
    a, b = np.where(a < 0, 0, a), np.where(a < 0, through_zero, b)
    best = ((a[:, None] + b[:, None] * powers - losses) ** 2).sum(1).argmin()
    return a[best], b[best] * FLOOR ** EXPONENTS[best], EXPONENTS[best]


def value(law, tokens):
    a, b, c = law
    return float(a + b * tokens**-c)


def study(name, tokens, losses, targets):
    """One curve's fit, test and predictions with their 95 % intervals."""
    tokens, losses = (x[len(x) // 10 :] for x in (tokens, losses))
    x, y = blocks_of(tokens, losses)
    law, rng = fit(x, y), np.random.default_rng(0)
    drawn = [fit(x[i], y[i]) for i in rng.integers(0, BLOCKS, (DRAWS, BLOCKS))]
    early = 4 * BLOCKS // 5
    before = fit(x[:early], y[:early])

    def interval(values):
        return [float(v) for v in np.percentile(values, [2.5, 97.5])]

    return {
        "name": name, "steps": len(losses), "tokens": int(tokens[-1]), "loss_at_end": value(law, tokens[-1]),
        "fit": dict(zip("abc", map(float, law), strict=True)),
        "intervals": {k: interval([d[i] for d in drawn]) for i, k in enumerate("abc")},
        "predictions": [
            {"tokens": n, "loss": value(law, n), "interval": interval([value(d, n) for d in drawn])} for n in targets
        ],
        "last_fifth": {
            "predicted": float(np.mean([value(before, n) for n in x[early:]])), "measured": float(y[early:].mean()),
        },
        "points": [[int(n), round(float(loss), 4)] for n, loss in zip(x, y, strict=True)],
    }  # fmt: skip


def draw(result, path):
    """The blocks, the fits and the extrapolations with their intervals; the format is that of the file's ending."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(8, 4.5), layout="constrained")
    axis = drawing.subplots()
    colours = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
    for i, curve in enumerate(result["curves"]):
        colour, law = colours[i % len(colours)], tuple(curve["fit"].values())
        axis.plot(*zip(*curve["points"], strict=True), ".", color=colour, label=curve["name"])
        line = np.geomspace(curve["points"][0][0], max(result["targets"] + [curve["tokens"]]), 200)
        axis.plot(line, [value(law, n) for n in line], "--", color=colour, linewidth=1)
        for p in curve["predictions"]:
            (low, high), loss = p["interval"], p["loss"]
            axis.errorbar(p["tokens"], loss, [[max(loss - low, 0)], [max(high - loss, 0)]], capsize=3, color=colour)
    axis.set(xscale="log", xlabel="tokens", ylabel="training loss, nats a solution token")
    axis.grid(alpha=0.3)
    axis.legend()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "scaling"}):
        drawing.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("logs", nargs="+", type=Path, metavar="log.jsonl")
    parser.add_argument("--to", default="1e9,2e9", help="token counts to extrapolate to, commas between")
    parser.add_argument("--json", type=Path, default=Path("benchmarks/results/scaling.json"))
    parser.add_argument("--picture", type=Path, default=Path("docs/scaling.svg"))
    options = parser.parse_args()
    try:
        targets = [float(n) for n in options.to.split(",")]
        if min(targets) < 1:
            raise ValueError
    except ValueError:
        parser.error(f"{options.to!r} is no list of token counts with commas between them.")
    try:
        for path in (options.json, options.picture):
            check_writable(path)
        curves = read_curves(options.logs)
    except MicroReasonError as error:
        parser.error(str(error))
    result = {"targets": targets, "blocks": BLOCKS, "draws": DRAWS}
    result["curves"] = [study(name, *curve, targets) for name, curve in curves.items()]
    facts = circumstances({})
    result |= {key: facts[key] for key in ("date", "commit", "hardware")}
    write_json(options.json, result)
    draw(result, options.picture)
    for curve in result["curves"]:
        a, b, c = curve["fit"].values()
        reached = "; ".join(
            f"{p['tokens']:.0e}: {p['loss']:.3f} ({p['interval'][0]:.3f} to {p['interval'][1]:.3f})"
            for p in curve["predictions"]
        )
        print(f"{curve['name']}: {a:.3f} + {b:.3g} * tokens^-{c:.3f}; {reached}; last fifth {curve['last_fifth']}")


if __name__ == "__main__":
    sys.exit(main())

"""The blocks of docs/results.md and its picture: all published tasks, MicroReason beside the seven published models.

Our scores come from the result files of `microreason eval reasoning-gym` at seed 45, theirs from
microreason/evaluation/published.py. A task that our file does not hold is "not measured" everywhere and takes part in
no mean, unless the line says that it is counted as zero. Figures are compared as `published.figure` gives them.
Does not cover running the benchmark, or replacing the blocks in the page (tables.py does, which is what to run).
"""

from collections import defaultdict
from statistics import fmean

from figures import between, have, load, percent

from microreason.evaluation.published import MODELS, figure, not_rescored, published, published_tasks
from microreason.evaluation.statistics import mean_interval
from microreason.model.config import ModelConfig

LEVELS = ("hard", "easy")
MODEL = "8m"
"""Whose figures the page shows: the model that has learnt the most tasks."""
OF = f"-{MODEL}"
"""The end of its result files' names."""
NAME = f"MicroReason {MODEL.upper()}"
OURS = ModelConfig.size(MODEL).parameters() / 1e6
"""Millions of parameters."""
SIZES = {
    "deepseek-r1": (671_000, "arXiv 2501.12948 and, for its base, 2412.19437; 37,000 of them active for a token"),
    "qwq-32b": (32_500, "model card Qwen/QwQ-32B"),
    "llama-3.3-70b-instruct": (70_000, "model card meta-llama/Llama-3.3-70B-Instruct"),
    "gemma-3-27b-it": (27_000, "arXiv 2503.19786"),
}  # fmt: skip
"""Millions of parameters as their makers state them, and where; the makers of the others state none."""


def result(level):
    """Our result file at a level, {} where there is none."""
    name = f"{level}-45{OF}"
    return load(name) if have(name) else {}


def measured(level):
    """Our result at a level, {} where there is none: task -> its row."""
    return result(level).get("tasks", {})


def signed(value):
    return f"{100 * value:+.1f}"


def pairs(level, column, same=False):
    """(our score, theirs) of every task that both have; `same`: only those where both answered the same questions."""
    rows = {task: row["score"] for task, row in measured(level).items() if row["same_questions"] or not same}
    both = [(score, figure(task, level, column)) for task, score in rows.items() if task in published_tasks()]
    return [(ours, theirs) for ours, theirs in both if theirs is not None]


def how_measured():
    lines = []
    for level in LEVELS:
        ours = result(level)
        if not ours:
            lines.append(f"- {level}: not measured yet.")
            continue
        hardware = ours["hardware"]
        many = len(published_tasks() & set(ours["tasks"]))
        lines.append(
            f"- {level}: {many} of {len(published_tasks())} tasks measured, {ours['size']} questions each, seed "
            f"{ours['seed']}, {ours['mode']} greedy decoding, at most {ours['max_tokens']} tokens a solution; "
            f"{ours['date'][:10]}, commit {ours['commit']}, {ours['engine']} engine on {hardware['cores']} "
            f"core(s) of {hardware['cpu']}, weights `{ours['weights'][:16]}…`."
            + ("" if ours["complete"] else " The run was interrupted.")
        )
    return lines


def means():
    rows = [
        f"| mean over tasks, in percent | {' | '.join(LEVELS)} |",
        "|---|---|---|",
    ]
    cells = {f"{NAME}, measured tasks": [], f"{NAME}, all tasks, those not measured counted as 0": []}
    for level in LEVELS:
        scores = {task: row["score"] for task, row in measured(level).items() if task in published_tasks()}
        texts = ["not measured", "not measured"]
        if scores:
            answered = defaultdict(list)
            for question in result(level)["questions"]:
                if question["task"] in scores:
                    answered[question["task"]].append(question["score"])
            texts[0] = f"{percent(fmean(scores.values()))} ({between(mean_interval(answered))}; n={len(scores)})"
            texts[1] = percent(sum(scores.values()) / len(published_tasks()))
        for row, text in zip(cells.values(), texts, strict=True):
            row.append(text)
    for column, name in MODELS.items():
        for title, tasks in (("measured tasks", None), ("all tasks", published_tasks())):
            out = cells.setdefault(f"{name}, {title}", [])
            for level in LEVELS:
                known = [figure(t, level, column) for t in (measured(level) if tasks is None else tasks)
                         if t in published_tasks()]  # fmt: skip
                known = [value for value in known if value is not None]
                out.append(f"{percent(fmean(known))} (n={len(known)})" if known else "–")
        raw = cells.setdefault(f"{name}, all tasks, as published", [])
        for level in LEVELS:
            known = [value for t in published_tasks() if (value := figure(t, level, column, raw=True)) is not None]
            raw.append(percent(fmean(known)) if known else "–")
    return rows + [f"| {name} | {' | '.join(values)} |" for name, values in cells.items()]


def ahead():
    rows = [
        "| against | level | tasks | ahead | equal | behind | our mean | theirs |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for level in LEVELS:
        for column, name in MODELS.items():
            both = pairs(level, column)
            if not both:
                rows.append(f"| {name} | {level} | 0 | – | – | – | – | – |")
                continue
            counts = [sum(o > t for o, t in both), sum(o == t for o, t in both), sum(o < t for o, t in both)]
            ours, theirs = (fmean(side) for side in zip(*both, strict=True))
            cells = [name, level, len(both), *counts, percent(ours), percent(theirs)]
            rows.append(f"| {' | '.join(map(str, cells))} |")
    return rows


def paired():
    rows = [
        "| against | level | tasks with the same questions | our mean | theirs | difference | 95 % interval |",
        "|---|---|---|---|---|---|---|",
    ]
    for level in LEVELS:
        for column, name in MODELS.items():
            both = pairs(level, column, same=True)
            if len(both) < 2:
                rows.append(f"| {name} | {level} | {len(both)} | – | – | – | – |")
                continue
            ours, theirs = (fmean(side) for side in zip(*both, strict=True))
            low, high = mean_interval({"difference": [o - t for o, t in both]})
            cells = [name, level, len(both), percent(ours), percent(theirs), signed(ours - theirs)]
            rows.append(f"| {' | '.join(map(str, cells))} | {signed(low)} to {signed(high)} |")
    return rows


def efficiency():
    rows = [
        "| model | million parameters | level | tasks | mean | points per million parameters | ours is | size from |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for level in LEVELS:
        scores = [row["score"] for task, row in measured(level).items() if task in published_tasks()]
        if not scores:
            rows.append(f"| {NAME} | {OURS:.1f} | {level} | 0 | not measured | – | – | counted in the weights |")
            continue
        mean = fmean(scores)
        rows.append(
            f"| {NAME} | {OURS:.1f} | {level} | {len(scores)} | {percent(mean)} | {100 * mean / OURS:.3g} | – | "
            "counted in the weights |"
        )
        for column, (size, source) in SIZES.items():
            both = pairs(level, column)
            if not both:
                continue
            ours, theirs = (100 * fmean(side) for side in zip(*both, strict=True))
            ratio = (ours / OURS) / (theirs / size)
            cells = [MODELS[column], f"{size:,}", level, len(both), f"{theirs:.1f}", f"{theirs / size:.3g}"]
            rows.append(f"| {' | '.join(map(str, cells))} | {ratio:,.0f} × | {source} |")
    unknown = [name for column, name in MODELS.items() if column not in SIZES]
    return rows + [f"| {name} | unknown | both | – | – | – | – | its maker states none |" for name in unknown]


def all_tasks():
    rows = []
    for level in LEVELS:
        ours = measured(level)
        rows += [
            f"### {level.capitalize()}",
            "",
            f"| task | {NAME} | 95 % interval | {' | '.join(MODELS.values())} |",
            f"|---|---|---|{'---|' * len(MODELS)}",
        ]
        for task in sorted(published_tasks()):
            row = ours.get(task)
            same = "" if published(task, level)["same_questions"] else " *"
            ours_there = ["not measured", "–"] if row is None else [percent(row["score"]), between(row["interval"])]
            cells = [task + same, *ours_there]
            for column in MODELS:
                mark = " †" if not_rescored(task, level, column) else ""
                value = figure(task, level, column)
                cells.append("–" if value is None else percent(value) + mark)
            rows.append(f"| {' | '.join(cells)} |")
        rows.append("")
    return rows[:-1]


def learning_curve():
    if not have("scaling"):
        return ["Not measured yet."]
    result = load("scaling")
    rows = [
        "| run | steps | tokens of this run | fit | loss at the end | "
        + " | ".join(f"at {float(n):.0e} tokens" for n in result["targets"])
        + " | last fifth, from the rest |",
        "|---|---|---|---|---|" + "---|" * (len(result["targets"]) + 1),
    ]
    for curve in result["curves"]:
        a, b, c = (curve["fit"][k] for k in "abc")
        reached = [f"{p['loss']:.3f} ({p['interval'][0]:.3f} to {p['interval'][1]:.3f})" for p in curve["predictions"]]
        test = curve["last_fifth"]
        cells = [
            curve["name"], f"{curve['steps']:,}", f"{curve['tokens']:,}", f"{a:.3f} + {b:.3g}·n^−{c:.3f}",
            f"{curve['loss_at_end']:.3f}", *reached, f"{test['predicted']:.3f} for {test['measured']:.3f}",
        ]  # fmt: skip
        rows.append(f"| {' | '.join(cells)} |")
    hardware = result["hardware"]
    reach = max(result["targets"]) / max(curve["tokens"] for curve in result["curves"])
    return [
        *rows, "",
        f"The farthest of these counts is {reach:,.0f} times what the longest of these runs has seen.", "",
        f"Mean training loss in nats a solution token; n is tokens; 95 % intervals of {result['draws']:,} bootstrap "
        f"draws over {result['blocks']} blocks of steps; {result['date'][:10]}, commit {result['commit']}, "
        f"{hardware['cores']} core(s) of {hardware['cpu']}.", "", "![Learning curves](scaling.svg)",
    ]  # fmt: skip


BLOCKS = {
    "how_measured": how_measured, "means": means, "ahead": ahead, "paired": paired, "efficiency": efficiency,
    "all_tasks": all_tasks, "learning_curve": learning_curve,
}  # fmt: skip


def draw(path):
    """Write the picture (SVG): our tasks from best to worst, those not measured below, two others beside."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    tasks = sorted(published_tasks())
    drawing = Figure(figsize=(13, 1.5 + 0.165 * len(tasks)), layout="constrained")
    others = {"claude-3.5-sonnet": ("#d55e00", "x"), "deepseek-r1": ("#0072b2", "|")}
    for axis, level in zip(drawing.subplots(1, len(LEVELS)), LEVELS, strict=True):
        scores = {task: row["score"] for task, row in measured(level).items()}
        order = sorted(tasks, key=lambda task: (-scores.get(task, -1), task))
        place = {task: i for i, task in enumerate(order)}
        known = [task for task in order if task in scores]
        lengths = [100 * scores[task] for task in known]
        axis.barh([place[task] for task in known], lengths, 0.7, color="#b8b8b8", label=NAME)
        for column, (colour, marker) in others.items():
            points = [(100 * value, place[t]) for t in order if (value := figure(t, level, column)) is not None]
            style = {"color": colour, "markersize": 6, "markeredgewidth": 1.6, "label": MODELS[column]}
            axis.plot(*zip(*points, strict=True), marker, **style)
        names = [t if t in scores else f"{t} (not measured)" for t in order]
        axis.set_yticks(range(len(order)), names, fontsize=7.5)
        axis.set(xlim=(-2, 102), ylim=(len(order) - 0.4, -0.6), title=f"reasoning-gym, {level}", xlabel="percent")
        axis.grid(axis="x", alpha=0.3)
        axis.xaxis.set_tick_params(labeltop=True)
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.025), ncols=3, fontsize=8)
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "results"}):
        drawing.savefig(path, metadata={"Date": None})

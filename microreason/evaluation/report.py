"""A benchmark result as a table for the terminal. Does not cover computing it (reasoning_gym.py)."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from microreason.evaluation.published import SYSTEMS, to_beat
from microreason.evaluation.records import way


def _percent(value: float | None, digits: int = 1) -> str:
    return "–" if value is None else f"{100 * value:.{digits}f}"


def _interval(interval: list[float] | None) -> str:
    return "–" if interval is None else f"{_percent(interval[0])}–{_percent(interval[1])}"


def table(result: dict[str, Any]) -> Table:
    """One row per task, then the means over the same tasks."""
    title = f"{result['benchmark']}, {result['level']}, seed {result['seed']}, {way(result)}"
    out = Table(title=title if result["complete"] else title + " (interrupted)", show_footer=False)
    out.add_column("task")
    for heading in ("n", "score", "95 % interval", *SYSTEMS.values()):
        out.add_column(heading, justify="right")
    out.add_column("ahead")
    for name, row in result["tasks"].items():
        ours = "MicroReason" in row["ahead"]
        theirs = [_percent(to_beat(row, system)) for system in SYSTEMS]
        mark = "" if row["same_questions"] else " *"
        out.add_row(
            name + mark, str(row["n"]), _percent(row["score"]), _interval(row["interval"]), *theirs,
            ", ".join(row["ahead"]), style="green" if ours else None,
        )  # fmt: skip
    out.add_section()
    means = [_percent(c["theirs"]) if (c := result["comparison"][system]) else "–" for system in SYSTEMS]
    out.add_row(
        "mean",
        str(len(result["questions"])),
        _percent(result["mean"]),
        _interval(result["interval"]),
        *means,
        "",
    )
    return out


def show(result: dict[str, Any], console: Console) -> None:
    """Print the table and what has to be said with it."""
    console.print(table(result))
    if any(not row["same_questions"] for row in result["tasks"].values()):
        console.print("* published on other questions of the same generator")
    for system, name in SYSTEMS.items():
        if c := result["comparison"][system]:
            console.print(
                f"Ahead of {name} on {c['ahead']}, level on {c['level']}, behind on {c['behind']} of {c['tasks']} "
                f"tasks (mean {_percent(c['ours'])} against {_percent(c['theirs'])})."
            )
    e = result["explainability"]
    console.print(
        f"On the {e['solved']} solved problems {_percent(e['soundness'])} % of the checkable steps are sound; "
        f"{_percent(e['coverage'])} % of the steps are checkable."
    )
    console.print("A specialist trained on the same generators with other seeds, against general models zero-shot.")

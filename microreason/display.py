"""Solutions and information for people (coloured lines) and for programs (JSON).

Text that came from a model or a user is shown with control characters made visible, so it cannot steer a terminal.
Does not cover benchmark tables (evaluation/report.py).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from rich.console import Console
from rich.text import Text

from microreason.solution import Solution

MARKS = {"sound": ("✓", "green"), "unsound": ("✗", "bold red"), "unknown": ("?", "yellow")}


def solution_json(text: str, solution: Solution, mode: str) -> dict[str, Any]:
    """A solution as `microreason solve --json` prints it."""
    verdicts = Counter(step.verdict for step in solution.steps)
    checkable = verdicts["sound"] + verdicts["unsound"]
    return {
        "problem": text,
        "mode": mode,
        "steps": [{"text": step.text, "verdict": step.verdict} for step in solution.steps],
        "answer": solution.answer,
        "complete": solution.complete,
        "soundness": verdicts["sound"] / checkable if checkable else None,
        "coverage": checkable / len(solution.steps) if solution.steps else None,
    }


def harmless(text: str) -> str:
    r"""The text with control characters written out.

    >>> harmless("a\x1b[2Jb\n") == "a\\x1b[2Jb\n"
    True
    """
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


def show_solution(solution: Solution, mode: str, console: Console) -> None:
    """Steps with ✓ ✗ ?, then the answer and the way it was decoded."""
    for step in solution.steps:
        mark, style = MARKS[step.verdict]
        console.print(Text.assemble((mark, style), " ", harmless(step.text)), soft_wrap=True)
    if solution.answer is not None and solution.complete:
        console.print(Text.assemble(("answer: ", "bold"), harmless(solution.answer)), soft_wrap=True)
    console.print(Text(f"mode: {mode}", style="dim"))


def show_info(info: dict[str, Any], console: Console, indent: int = 0) -> None:
    """Nested information as lines of `key: value`."""
    for key, value in info.items():
        head = Text(" " * indent + key.replace("_", " ") + ":", style="bold")
        if isinstance(value, dict):
            console.print(head, soft_wrap=True)
            show_info(value, console, indent + 2)
        else:
            shown = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value
            shown = ", ".join(map(str, shown)) if isinstance(shown, list | tuple) else shown
            console.print(Text.assemble(head, " ", harmless(str("–" if shown is None else shown))), soft_wrap=True)

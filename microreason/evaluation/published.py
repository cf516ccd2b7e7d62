"""The published reasoning-gym figures of other systems, one row per task and level (frontier.csv).

Source: github.com/open-thought/reasoning-gym-eval, commit 5f09fecc, folder
`reasoninggym-paper-experiments/zero-shot`, Apache-2.0: zero-shot, temperature 0.6, up to 32,768 tokens, seed 45,
50 questions a task; easy is the mean of three answers, hard of one.

Where reasoning-gym 0.1.25 grades differently from the version behind the publication and the questions are the
same, the stored answers graded again by 0.1.25 are used instead (`RESCORED`). A figure that only a grader's error
explains is left out (`UNUSABLE`). The answers of the other four models were not published with the figures and could
not be graded again (`not_rescored`). DeepSeek-R1's easy runs count failed API calls as zero: `r1` is the published
figure, `r1_without_failures` the one without those calls, and comparisons use the higher of the two.
Does not cover answers question by question: the publication's answers are not part of this package.
"""

from __future__ import annotations

import csv
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

SEED, SIZE = 45, 50
"""The seed and number of questions of the published runs."""

SYSTEMS = {"claude": "Claude 3.5 Sonnet", "r1": "DeepSeek-R1", "o3_mini": "o3-mini"}
_COLUMNS = {"claude": "claude-3.5-sonnet", "r1": "deepseek-r1", "o3_mini": "o3-mini"}
MODELS = {
    "claude-3.5-sonnet": "Claude 3.5 Sonnet", "deepseek-r1": "DeepSeek-R1", "o3-mini": "o3-mini",
    "claude-sonnet-4": "Claude Sonnet 4", "qwq-32b": "QwQ-32B", "llama-3.3-70b-instruct": "Llama 3.3 70B",
    "gemma-3-27b-it": "Gemma 3 27B",
}  # fmt: skip
"""All published models by their column. Claude Sonnet 4 has figures of the easy level only."""

RESCORED = {
    ("cryptarithm", "easy"), ("cryptarithm", "hard"), ("rectangle_count", "easy"), ("rectangle_count", "hard"),
    ("power_function", "easy"),
}  # fmt: skip
UNUSABLE = {
    ("number_sorting", "easy"): (
        "claude-3.5-sonnet", "o3-mini", "qwq-32b", "llama-3.3-70b-instruct", "gemma-3-27b-it",
    ),
}  # fmt: skip


def _number(text: str) -> float | None:
    return float(text) if text else None


@lru_cache(maxsize=1)
def _table() -> dict[tuple[str, str], dict[str, Any]]:
    table = {}
    with (Path(__file__).parent / "frontier.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            key = (row["task"], row["level"])
            raw = {column: _number(row[column]) for column in MODELS}
            figures = dict(raw)
            for column in MODELS:
                again = _number(row.get(f"rescored_{column}", "")) if key in RESCORED else None
                figures[column] = raw[column] if again is None else again
                if column in UNUSABLE.get(key, ()):
                    figures[column] = None
            out: dict[str, Any] = {system: figures[column] for system, column in _COLUMNS.items()}
            out["models"], out["raw"] = figures, raw
            out["r1_without_failures"] = _number(row["rescored_without_nulls_deepseek-r1"])
            out["same_questions"] = int(row["same_questions"])
            out["params"] = json.loads(row["params"])
            out["category"] = row["category"]
            table[key] = out
    return table


def published(task: str, level: str) -> dict[str, Any] | None:
    """The figures for one task and level, None where nothing was published.

    >>> figures = published("gcd", "hard")
    >>> figures["claude"], figures["same_questions"], figures["params"]["max_numbers"]
    (0.97, 1, 4)
    """
    row = _table().get((task, level))
    return None if row is None else dict(row)


def published_tasks() -> set[str]:
    """The names of all tasks with published figures."""
    return {task for task, _ in _table()}


def to_beat(figures: dict[str, Any], system: str) -> float | None:
    """The figure a comparison uses: the published one, for DeepSeek-R1 the higher of the two."""
    values = [figures.get(system)] + ([figures.get("r1_without_failures")] if system == "r1" else [])
    known = [value for value in values if value is not None]
    return max(known) if known else None


def figure(task: str, level: str, column: str, raw: bool = False) -> float | None:
    """The figure of one of `MODELS` that a comparison uses, as `to_beat`; `raw`: as it was published.

    >>> figure("gcd", "hard", "qwq-32b"), figure("gcd", "hard", "claude-sonnet-4")
    (1.0, None)
    """
    row = _table()[task, level]
    if raw:
        return row["raw"][column]
    return to_beat(row, "r1") if column == _COLUMNS["r1"] else row["models"][column]


def not_rescored(task: str, level: str, column: str) -> bool:
    """Whether a figure was scored by an older grader that judges this task differently."""
    return (task, level) in RESCORED and column not in _COLUMNS.values()

"""Tokens per character that a tokenizer needs on the problems of each category.

Needs the extra `eval` (problems are generated). Does not cover solutions or speed.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from microreason.tasks import all_tasks


def tokens_per_character(tokenizer: Any, *, seed: int = 1, problems: int = 20) -> dict[str, float]:
    """By category, over `problems` hard problems of each task; and `all` together."""
    tokens: dict[str, int] = defaultdict(int)
    characters: dict[str, int] = defaultdict(int)
    for task in all_tasks().values():
        for index in range(problems):
            text = task.generate(seed, index, "hard").text
            count = len(tokenizer.encode(text))
            for group in (task.category, "all"):
                tokens[group] += count
                characters[group] += len(text)
    return {group: round(tokens[group] / characters[group], 3) for group in sorted(tokens)}

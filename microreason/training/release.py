"""From the newest checkpoint of a run to released weights: int8, tokenizer beside them, origin told.

Does not cover the model card (evaluation/card.py).
"""

from __future__ import annotations

import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

from microreason.errors import BadWeights
from microreason.model.config import ModelConfig
from microreason.tokenizer import DEFAULT as DEFAULT_TOKENIZER
from microreason.training import checkpoint
from microreason.training.recipe import Recipe
from microreason.weights_file import describe, write_weights


def _start(recipe: Recipe) -> dict[str, Any] | None:
    """Origin of the weights that a run started from; None for a run from nothing."""
    if not recipe.start:
        return None
    origin: dict[str, Any] = describe(recipe.start)["origin"]
    return origin["start"] if origin["recipe"] == recipe.name else origin  # released over its own start before


def export(recipe: Recipe, folder: Path) -> Path:
    """Write the newest checkpoint of a recipe's run as int8 weights into a folder; routing is hard, gates as trained.

    Raises BadWeights where the run has no checkpoint.
    """
    path = checkpoint.latest(recipe.folder)
    if path is None:
        raise BadWeights(f"The run {recipe.folder} has no checkpoint yet.")
    tensors, _, state = checkpoint.load(path)
    config = ModelConfig.parse({**state["config"], "routing": "hard"})
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    origin: dict[str, Any] = {
        "recipe": recipe.name, "date": str(date.today()), "commit": commit or None, "tokens": state["tokens"],
        "steps": state["step"], "training_minutes": round(state["seconds"] / 60, 1), "tasks": sorted(recipe.tasks),
        "start": _start(recipe),
    }  # fmt: skip
    source = Path(recipe.tokenizer) if recipe.tokenizer else DEFAULT_TOKENIZER
    folder.mkdir(parents=True, exist_ok=True)
    if source.resolve() != (folder / "tokenizer.json").resolve():
        shutil.copyfile(source, folder / "tokenizer.json")
    return write_weights(folder, config, {k: v.float().numpy() for k, v in tensors.items()}, origin)

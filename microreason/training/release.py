"""From a run to weights that can be used: int8, tokenizer beside them, origin told; from its newest checkpoint
(`export`), or from a stage that has just ended (`write_stage`).

Does not cover the model card (benchmarks/tables.py).
"""

from __future__ import annotations

import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

from microreason.errors import BadWeights
from microreason.model.config import ModelConfig
from microreason.model.transformer import Transformer
from microreason.tokenizer import DEFAULT as DEFAULT_TOKENIZER
from microreason.tokenizer import Tokenizer
from microreason.training import checkpoint
from microreason.training.contrast import StepHead
from microreason.training.recipe import Recipe
from microreason.weights_file import describe, read_weights, write_weights


def _start(recipe: Recipe) -> dict[str, Any] | None:
    """Origin of the weights that a run started from; None for a run from nothing."""
    if not recipe.start:
        return None
    origin: dict[str, Any] = describe(recipe.start)["origin"]
    return origin["start"] if origin["recipe"] == recipe.name else origin  # released over its own start before


def _commit() -> str | None:
    if shutil.which("git") is None:
        return None
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return done.stdout.strip() or None


def write_stage(
    folder: Path, model: Transformer, head: StepHead | None, tokenizer: Tokenizer, start: Path | str | None,
    origin: dict[str, Any],
) -> Path:  # fmt: skip
    """Write the network that a stage made from the weights in `start`, and its step head; routing is hard."""
    tensors = {k: v.detach().float().cpu().numpy() for k, v in model.state_dict().items()}
    config = model.config.model_copy(update={"routing": "hard"})
    before = describe(start)["origin"] if start else None
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(folder / "tokenizer.json")
    told = origin | {"date": str(date.today()), "commit": _commit(), "start": before}
    return write_weights(folder, config, tensors | (head.arrays() if head else {}), told)


def export(recipe: Recipe, folder: Path) -> Path:
    """Write the newest checkpoint of a recipe's run as int8 weights into a folder; routing is hard, gates as trained.

    With `blend` they are a mean with those it started from (WiSE-FT, arXiv 2109.01903, section 3): a short run learns
    what it is shown and forgets some of the rest, and between the two lies what has more of both.
    Raises BadWeights where the run has no checkpoint, or was not shaped like its start.
    """
    path = checkpoint.latest(recipe.folder)
    if path is None:
        raise BadWeights(f"The run {recipe.folder} has no checkpoint yet.")
    tensors, _, state = checkpoint.load(path)
    config = ModelConfig.parse({**state["config"], "routing": "hard"})
    arrays = {k: v.float().numpy() for k, v in tensors.items()}
    if recipe.blend < 1:
        before, start = read_weights(recipe.start)
        if before.model_copy(update={"routing": "hard"}) != config:
            raise BadWeights(f"`blend` needs a start of the same shape; {recipe.start} has another.")
        arrays = {k: (1 - recipe.blend) * start[k] + recipe.blend * v for k, v in arrays.items()}
    origin: dict[str, Any] = {
        "recipe": recipe.name, "date": str(date.today()), "commit": _commit(), "tokens": state["tokens"],
        "steps": state["step"], "training_minutes": round(state["seconds"] / 60, 1), "tasks": sorted(recipe.tasks),
        "blend": recipe.blend, "start": _start(recipe),
    }  # fmt: skip
    source = Path(recipe.tokenizer) if recipe.tokenizer else DEFAULT_TOKENIZER
    folder.mkdir(parents=True, exist_ok=True)
    if source.resolve() != (folder / "tokenizer.json").resolve():
        shutil.copyfile(source, folder / "tokenizer.json")
    return write_weights(folder, config, arrays, origin)

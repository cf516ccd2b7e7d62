"""The three stages of one recipe, in order: foundation, distillation, self-evolution; those that it names.

Each stage has a folder with checkpoints and log (the foundation has that of the run), leaves its weights in `weights`
there (int8, the start of the next stage) and a `report.json` with trials on unseen problems before and after. A stage
with a report is done; one without goes on from its newest checkpoint. A recipe without `distill` and `evolve` is the
foundation alone, without a report. Does not cover what a stage does (pretrain.py, distill.py, evolve.py).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from microreason.errors import BadRecipe
from microreason.evaluation.records import circumstances, write_json
from microreason.model.transformer import Transformer
from microreason.tokenizer import Tokenizer
from microreason.training import pretrain
from microreason.training.contrast import StepHead
from microreason.training.distill import Distiller
from microreason.training.evolve import Evolver, EvolveRecipe, write_evolved
from microreason.training.evolve import show as show_evolution
from microreason.training.loop import Trainer
from microreason.training.recipe import Evolution, Recipe
from microreason.training.release import export, write_stage
from microreason.training.trial import trial

TRIAL_SIZE = 32


def _trial(recipe: Recipe, weights: Path | str | None) -> dict[str, dict[str, float]]:
    model = Transformer.load(weights).to("cuda" if torch.cuda.is_available() else "cpu")
    told = recipe.evolve or Evolution.model_validate({})
    tokenizer = Tokenizer.load(recipe.tokenizer)
    return trial(model, tokenizer, list(recipe.tasks), TRIAL_SIZE, told.difficulty, told.max_tokens)


def _stage(
    recipe: Recipe, folder: Path, start: Path | str | None, resume: bool, run: Callable[[], dict[str, Any]]
) -> Path:
    """Run one stage unless its report is there already; returns the folder of its weights."""
    weights, report = folder / "weights", folder / "report.json"
    if resume and report.exists():
        return weights
    before = _trial(recipe, start) if start else None
    told = run()
    write_json(report, told | {"before": before, "after": _trial(recipe, weights)} | circumstances({}))
    return weights


def _loop(trainer: Trainer, weights: Path, head: StepHead | None, resume: bool, quiet: bool) -> dict[str, Any]:
    """Run the loop of the first two stages and write its weights; what the report says of it."""
    if resume:
        trainer.resume()
    pretrain.show(trainer, quiet)
    origin = {"recipe": trainer.recipe.name, "tasks": sorted(trainer.recipe.tasks), "tokens": trainer.tokens}
    write_stage(weights, trainer.model, head, trainer.tokenizer, trainer.recipe.start, origin)
    return {"steps": trainer.step, "tokens": trainer.tokens, "seconds": trainer.seconds}


def train(recipe: Recipe, minutes: float | None = None, resume: bool = False, quiet: bool = False) -> Path:
    """Run the stages that a recipe names; returns the folder of the last one. `minutes` bounds the foundation.

    A run that is not resumed begins anew, and what an earlier one left is removed. Raises MicroReasonError where a
    checkpoint cannot be written or read, and KeyboardInterrupt, with everything saved, on Ctrl-C.
    """
    folder = recipe.folder
    if (recipe.distill or recipe.evolve) and int(os.environ.get("WORLD_SIZE", 1)) > 1:
        raise BadRecipe("Distillation and self-evolution run in one process: start this recipe without torchrun.")
    if not (recipe.distill or recipe.evolve):
        pretrain.train(recipe, minutes, resume, quiet)
        if int(os.environ.get("RANK", 0)) == 0:
            export(recipe, folder / "weights")
        return folder

    def foundation() -> dict[str, Any]:
        return _loop(Trainer(recipe, minutes), folder / "weights", None, resume, quiet)

    def distillation() -> dict[str, Any]:
        trainer = Distiller(recipe, folder / "weights")
        head = trainer.head if trainer.distill.contrast else None
        return _loop(trainer, folder / "distill" / "weights", head, resume, quiet)

    def evolution() -> dict[str, Any]:
        evolver = Evolver(told)
        if resume:
            evolver.resume()
        show_evolution(evolver, Console(stderr=True, quiet=quiet))
        write_evolved(evolver)
        return {"steps": evolver.step, "counts": dict(evolver.counts), "difficulty": evolver.difficulty}

    if not resume:
        (folder / "report.json").unlink(missing_ok=True)
        for later in ("distill", "evolve"):
            shutil.rmtree(folder / later, ignore_errors=True)
    weights = _stage(recipe, folder, recipe.start, resume, foundation)
    if recipe.distill:
        weights = _stage(recipe, folder / "distill", weights, resume, distillation)
    if recipe.evolve:
        own = {"name": "evolve", "output": str(folder), "start": str(weights), "tasks": list(recipe.tasks)}
        told = EvolveRecipe.model_validate(recipe.evolve.model_dump() | own | {"seed": recipe.seed})
        weights = _stage(recipe, folder / "evolve", weights, resume, evolution)
    return weights.parent

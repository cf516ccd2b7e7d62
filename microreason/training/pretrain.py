"""Stage 1, foundation: next-token training on task problems with expert solutions, from a recipe.

Does not cover guided distillation and self-evolution, the later stages.
"""

from __future__ import annotations

from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from microreason.training.loop import Trainer
from microreason.training.recipe import Recipe


def train(recipe: Recipe, minutes: float | None = None, resume: bool = False, quiet: bool = False) -> Trainer:
    """Run a recipe to its end, or for `minutes` of training; shows step, loss, tokens/s and time left.

    Raises MicroReasonError where a checkpoint cannot be written or read.
    """
    trainer = Trainer(recipe, minutes)
    if resume:
        trainer.resume()
    show(trainer, quiet)
    return trainer


def show(trainer: Trainer, quiet: bool = False) -> None:
    """Run a trainer beside a progress bar."""
    percent = TextColumn("{task.percentage:.1f} %")
    columns = [TextColumn("{task.description}"), BarColumn(), percent, TimeElapsedColumn()]
    with Progress(*columns, disable=quiet or trainer.group.rank > 0) as bar:
        task = bar.add_task("training", total=1.0)

        def report(record: dict[str, Any]) -> None:
            left = trainer.seconds / max(record["progress"], 1e-6) * (1 - record["progress"])
            text = f"step {record['step']}  loss {record['loss']:.3f}  {record['tokens_per_second']:,.0f} tokens/s"
            bar.update(task, completed=record["progress"], description=f"{text}  {left / 60:.0f} min left")

        trainer.run(report)

"""Trains an adapter (plugins/adapter.py): released weights learn tasks they do not know while they stay as they are.

The loop is the foundation's; gradients reach only the low-rank additions, by AdamW. Ctrl-C ends it after the step under
way, and what has been learnt is written. Does not cover resuming: a run takes minutes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from microreason.model.transformer import Transformer
from microreason.plugins.adapter import adapted_shapes, rank, write_adapter
from microreason.tasks import get_task
from microreason.training.loop import Trainer
from microreason.training.pretrain import show
from microreason.training.recipe import Recipe, Stage
from microreason.weights_file import describe, find

LR = 0.004


class LowRank(nn.Module):
    """A matrix [out, in] with up [out, r] · down [r, in] added; up starts at zero."""

    def __init__(self, rows: int, columns: int, rank: int, generator: torch.Generator) -> None:
        super().__init__()
        self.up = nn.Parameter(torch.zeros(rows, rank))
        self.down = nn.Parameter(torch.randn(rank, columns, generator=generator) * columns**-0.5)

    def forward(self, matrix: Tensor) -> Tensor:
        return matrix + self.up @ self.down


def recipe(weights: Path | str | None, tasks: list[str], minutes: float, seed: int, output: Path) -> Recipe:
    """What the loop follows: problems of every difficulty, half of them of the published levels."""
    config = describe(weights)["config"]
    shape = {k: config[k] for k in ("dim", "layers", "heads", "kv_heads", "ff")}
    stage = Stage(until=1.0, difficulty=(0.0, 1.0), published=0.5, shape=shape)
    return Recipe(
        name="adapter", size="nano", seed=seed, tokens=1, tasks=dict.fromkeys(tasks, 1.0), stages=[stage],
        start=str(find(weights)), row_lengths=[1024], micro_batch_tokens=2048, adam_lr=LR, warmup=0.05, decay=0.9,
        output=str(output), checkpoint_minutes=minutes + 1, compile=False,
    )  # fmt: skip


class AdapterTrainer(Trainer):
    """The loop, for the additions alone; `save` writes them to `path`."""

    def __init__(self, recipe: Recipe, minutes: float, weights: Path | str | None, path: Path) -> None:
        self._weights, self._path = weights, path
        super().__init__(recipe, minutes)

    def _fresh(self) -> Transformer:
        model = super()._fresh().requires_grad_(False)
        generator, config = torch.Generator().manual_seed(self.recipe.seed), model.config
        self.added: dict[str, LowRank] = {}
        for name, (rows, columns) in adapted_shapes(config).items():
            self.added[name] = LowRank(rows, columns, rank(config), generator).to(self.device)
            parametrize.register_parametrization(
                model.get_submodule(name.removesuffix(".weight")), "weight", self.added[name]
            )
        return model

    def _enter_stage(self, cursor: int = 0) -> None:
        super()._enter_stage(cursor)
        parameters = [p for low in self.added.values() for p in low.parameters()]
        optimizer = torch.optim.AdamW(parameters, self.recipe.adam_lr, betas=(0.9, 0.95), weight_decay=0.0)
        optimizer.param_groups[0]["base_lr"] = self.recipe.adam_lr
        self.optimizers = [optimizer]

    def save(self) -> None:
        """Write the additions."""
        tensors = {
            f"{n}.{k}": v.detach().cpu().numpy() for n, low in self.added.items() for k, v in low.state_dict().items()
        }
        origin: dict[str, Any] = {
            "tasks": sorted(self.recipe.tasks), "tokens": self.tokens, "minutes": round(self.seconds / 60, 1),
        }  # fmt: skip
        write_adapter(self._path, tensors, self._weights, origin)


def adapt(
    tasks: list[str], path: Path, weights: Path | str | None = None, minutes: float = 10, seed: int = 0,
    quiet: bool = False,
) -> AdapterTrainer:  # fmt: skip
    """Train an adapter for so many minutes and write it; its log goes into a folder beside it.

    Raises UnknownTask and BadWeights, and KeyboardInterrupt, what has been learnt written, on Ctrl-C.
    """
    for name in tasks:
        get_task(name)
    told = recipe(weights, tasks, minutes, seed, path.with_suffix(".run"))
    trainer = AdapterTrainer(told, minutes, weights, path)
    show(trainer, quiet)
    return trainer

"""Engines that write solutions: `load` picks one."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def load(weights: Path | str | None = None, engine: str = "auto") -> Any:
    """An engine for the weights in a folder (default: those that ship). `torch` is the batched one,
    `edge` (and `auto`) the one without torch.

    Raises BadWeights.
    """
    if engine == "torch":
        from microreason.inference.batched import TorchEngine

        return TorchEngine.load(weights)
    from microreason.inference.edge import EdgeEngine

    return EdgeEngine(weights)

"""Engines that write solutions: `load` picks one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal


def load(weights: Path | str | None = None, engine: Literal["auto", "edge", "torch"] = "auto") -> Any:
    """An engine for the weights in a folder (default: those that ship). `auto` is the one without torch.

    Raises BadWeights.
    """
    if engine == "torch":
        from microreason.inference.batched import TorchEngine

        return TorchEngine.load(weights)
    from microreason.inference.edge import EdgeEngine

    return EdgeEngine(weights)

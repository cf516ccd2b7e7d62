"""Engines that write solutions: `load` picks one."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any


def load(weights: Path | str | None = None, engine: str = "auto", adapter: Path | str | None = None) -> Any:
    """An engine for the weights in a folder (default: those that ship). `torch` is the batched one, `numpy` the plain
    one of the tests, `edge` (and `auto`) the compiled one, or numpy where none was compiled. `adapter` is a file of
    what `microreason adapt` learnt beside these weights.

    Raises BadWeights, and BadInput where the environment asks for instructions that are not there.
    """
    if adapter:
        from microreason.plugins.adapter import merge

        with tempfile.TemporaryDirectory() as folder:
            return load(merge(weights, Path(adapter), Path(folder)), engine)
    if engine == "torch":
        from microreason.inference.batched import TorchEngine

        return TorchEngine.load(weights)
    if engine != "numpy":
        from microreason.inference.native import NativeEngine

        try:
            return NativeEngine(weights)
        except RuntimeError as error:
            print(f"Using numpy, which is slow: {error}.", file=sys.stderr)
    from microreason.inference.edge import EdgeEngine

    return EdgeEngine(weights)

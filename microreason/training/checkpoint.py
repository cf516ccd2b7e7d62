"""Checkpoints of a run: a folder per step, written beside its place, flushed, then renamed into it.

A folder holds model.safetensors, optimizer.safetensors and state.json; one that was cut off keeps its `.tmp` name
and is never read. Does not cover the released weights (weights.py).
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from microreason.errors import BadWeights, MicroReasonError


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def optimizer_tensors(optimizers: list[torch.optim.Optimizer]) -> dict[str, Tensor]:
    """The state of optimisers as flat named tensors."""
    return {
        f"{o}.{p}.{key}": torch.as_tensor(value)
        for o, optimizer in enumerate(optimizers)
        for p, state in optimizer.state_dict()["state"].items()
        for key, value in state.items()
    }


def restore_optimizers(optimizers: list[torch.optim.Optimizer], tensors: dict[str, Tensor]) -> None:
    """Undo `optimizer_tensors`; learning rates are left to the schedule."""
    for o, optimizer in enumerate(optimizers):
        whole = optimizer.state_dict()
        state: dict[int, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            which, p, key = name.split(".", 2)
            if int(which) == o:
                state.setdefault(int(p), {})[key] = tensor
        optimizer.load_state_dict({"state": state, "param_groups": whole["param_groups"]})


def save(
    folder: Path, step: int, model: dict[str, Tensor], optimizer: dict[str, Tensor], state: dict[str, Any]
) -> Path:
    """Write the checkpoint of a step and keep the last two. Raises MicroReasonError where the disk is full."""
    final = folder / f"step-{step:08d}"
    part = final.with_suffix(".tmp")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        save_file({k: v.contiguous() for k, v in model.items()}, part / "model.safetensors")
        save_file({k: v.contiguous() for k, v in optimizer.items()}, part / "optimizer.safetensors")
        (part / "state.json").write_text(json.dumps(state), "utf-8")
        for path in [*part.iterdir(), part]:
            _flush(path)
        shutil.rmtree(final, ignore_errors=True)
        part.rename(final)
        _flush(folder)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(part, ignore_errors=True)
        raise MicroReasonError(
            f"The checkpoint of step {step} could not be written ({error}); the last whole one is kept."
        ) from None
    for old in sorted(folder.glob("step-????????"))[:-2]:
        shutil.rmtree(old, ignore_errors=True)
    return final


def latest(folder: Path) -> Path | None:
    """The newest whole checkpoint of a run, or None."""
    return max(folder.glob("step-????????"), default=None)


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Any]]:
    """Model tensors, optimiser tensors and state of a checkpoint. Raises BadWeights where it is damaged."""
    try:
        return (
            load_file(path / "model.safetensors"),
            load_file(path / "optimizer.safetensors"),
            json.loads((path / "state.json").read_text("utf-8")),
        )
    except (OSError, SafetensorError, ValueError) as error:
        raise BadWeights(f"The checkpoint {path} is damaged or incomplete ({error}).") from None

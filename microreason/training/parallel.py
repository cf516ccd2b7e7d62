"""Data-parallel training: processes that `torchrun` starts share the batches of each step and sum their gradients.

The first process draws documents, keeps time, writes the log and the checkpoints; the others are handed their part of
each step's batches, so the losses are those of one process with the same batches. Without `torchrun` there is one
process and nothing here does anything. Does not cover models that do not fit into one process.
"""

from __future__ import annotations

import os
from typing import Any

import torch
import torch.distributed as dist
from torch import nn


class Group:
    """The processes of one run: this one's `rank` among `size`."""

    def __init__(self) -> None:
        self.size = int(os.environ.get("WORLD_SIZE", 1))
        self.rank = int(os.environ.get("RANK", 0))
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)))
        if self.size > 1 and not dist.is_initialized():
            dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")

    def share(self, value: Any) -> Any:
        """The first process's value, in every process."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def hand_out(self, items: list[Any]) -> list[Any]:
        """The first process's items, every `size`-th of them in each process."""
        if self.size == 1:
            return items
        shares = [items[i :: self.size] for i in range(self.size)] if self.rank == 0 else None
        mine: list[Any] = [None]
        dist.scatter_object_list(mine, shares, src=0)
        return mine[0]

    def add(self, tensors: list[torch.Tensor]) -> None:
        """Sum tensors over the processes, in place."""
        if self.size == 1:
            return
        flat = torch.cat([t.flatten() for t in tensors])
        dist.all_reduce(flat)
        for t, part in zip(tensors, flat.split([t.numel() for t in tensors]), strict=True):
            t.copy_(part.view_as(t))

    def add_gradients(self, model: nn.Module, loss: torch.Tensor) -> None:
        """Sum gradients and loss over the processes, in place; a parameter without a gradient counts as zero."""
        if self.size == 1:
            return
        for p in model.parameters():
            if p.grad is None:
                p.grad = torch.zeros_like(p)
        self.add([loss, *(p.grad for p in model.parameters())])

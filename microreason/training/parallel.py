"""Data-parallel training: processes that `torchrun` starts share the batches of each step and sum their gradients.

The first process draws documents, keeps time, writes the log and the checkpoints; the others are handed their part of
each step's batches, so the losses are those of one process with the same batches. Without `torchrun` there is one
process and nothing here does anything. Processors of one machine add up in shared memory, which takes an eighth of the
time that gloo's sockets do (dev/LOG.md). Does not cover models that do not fit into one process.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any, ClassVar

import torch
import torch.distributed as dist
from torch import nn


def _reserve(size: int) -> str | None:
    """A file of so many bytes in memory; None where there is no such place, or no room."""
    try:
        file, path = tempfile.mkstemp(dir="/dev/shm")
    except OSError:
        return None
    try:
        os.posix_fallocate(file, 0, size)
    except OSError:
        os.unlink(path)
        return None
    finally:
        os.close(file)
    return path


class Group:
    """The processes of one run: this one's `rank` among `size`."""

    _rows: ClassVar[torch.Tensor | None] = None  # [size + 1, numbers], seen by all processes; the last row is the sum
    _asked: ClassVar[int] = 0  # numbers that room was asked for

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
        rows = self._shared(sum(t.numel() for t in tensors)) if tensors[0].device.type == "cpu" else None
        if rows is None:
            total = torch.cat([t.flatten() for t in tensors])
            dist.all_reduce(total)
        else:
            count, total = rows.shape[1], rows[-1]
            torch.cat([t.flatten() for t in tensors], out=rows[self.rank])
            dist.barrier()
            part = slice(count * self.rank // self.size, count * (self.rank + 1) // self.size)
            torch.sum(rows[:-1, part], 0, out=total[part])
            dist.barrier()  # the next sum is not begun before all have read this one: they meet before it
        for t, part_of in zip(tensors, total.split([t.numel() for t in tensors]), strict=True):
            t.copy_(part_of.view_as(t))

    def _shared(self, count: int) -> torch.Tensor | None:
        """Rows [size + 1, count] in memory that all processes see; None on several machines or without room for it."""
        if int(os.environ.get("LOCAL_WORLD_SIZE", 0)) != self.size:
            return None
        if count > Group._asked:
            Group._asked, room = count, (self.size + 1) * count
            path = self.share(_reserve(4 * room) if self.rank == 0 else None)
            Group._rows = torch.from_file(path, shared=True, size=room).view(-1, count) if path else None
            dist.barrier()
            if path and self.rank == 0:
                os.unlink(path)
        return None if Group._rows is None else Group._rows[:, :count]

    def add_gradients(self, model: nn.Module, loss: torch.Tensor) -> None:
        """Sum gradients and loss over the processes, in place; a parameter without a gradient counts as zero."""
        if self.size == 1:
            return
        for p in model.parameters():
            if p.grad is None:
                p.grad = torch.zeros_like(p)
        self.add([loss, *(p.grad for p in model.parameters())])

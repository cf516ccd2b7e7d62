"""Muon for matrices, AdamW for the rest, and the warm-up-stable-decay schedule.

Muon (Keller Jordan, 2024): the momentum of a matrix is replaced by its nearest semi-orthogonal matrix, here by five
iterations of a quintic. `torch.optim.Muon` iterates in bfloat16 only, which a CPU without bf16 units runs some 80
times slower than float32 (dev/LOG.md), hence this one, which does so where it is fast.
Does not cover sharding over processes.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor, nn

_QUINTIC = (3.4445, -4.7750, 2.0315)


@cache
def bf16_is_fast(device: torch.device) -> bool:
    """Whether bf16 matrix units exist: every CUDA device in use, and CPUs with AMX or AVX512-BF16."""
    if device.type == "cuda":
        return True
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))


def orthogonalise(matrix: Tensor) -> Tensor:
    """The semi-orthogonal factor of a matrix [M, N], approximately (singular values within about 0.7 to 1.2)."""
    x = matrix.bfloat16() if bf16_is_fast(matrix.device) else matrix
    tall = x.shape[0] > x.shape[1]
    x = x.mT if tall else x
    x = x / (x.norm() + 1e-7)
    a, b, c = _QUINTIC
    for _ in range(5):
        gram = x @ x.mT
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if tall else x).to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    """Momentum, orthogonalised, scaled by sqrt(max(1, rows / columns)); decoupled weight decay."""

    def __init__(self, params: list[nn.Parameter], lr: float, momentum: float = 0.95, weight_decay: float = 0.0):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One update of every parameter that has a gradient."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                buffer = self.state[p].setdefault("momentum", torch.zeros_like(p))
                buffer.lerp_(p.grad, 1 - group["momentum"])
                update = orthogonalise(p.grad.lerp(buffer, group["momentum"]))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(update, alpha=-group["lr"] * max(1.0, p.shape[0] / p.shape[1]) ** 0.5)


def make_optimizers(
    model: nn.Module, muon_lr: float, adam_lr: float, weight_decay: float
) -> list[torch.optim.Optimizer]:
    """Muon on the blocks' matrices, AdamW on embedding, norms and gates; each group remembers its base rate."""
    matrices: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, p in model.named_parameters():
        inside = p.ndim == 2 and "embedding" not in name and "router" not in name
        (matrices if inside else rest).append(p)
    optimizers = [
        Muon(matrices, muon_lr, weight_decay=weight_decay),
        torch.optim.AdamW(rest, adam_lr, betas=(0.9, 0.95), weight_decay=0.0),
    ]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["base_lr"] = group["lr"]
    return optimizers


def schedule(progress: float, warmup: float, decay: float) -> float:
    """Factor on the learning rates at `progress` 0..1: linear up over `warmup`, flat, linear to 0 over `decay`.

    >>> schedule(0.5, 0.1, 0.2), schedule(0.9, 0.1, 0.2)
    (1.0, 0.5)
    """
    up = progress / warmup if warmup else 1.0
    down = (1 - progress) / decay if decay else 1.0
    return round(max(0.0, min(1.0, up + 1e-3, down)), 12)

"""Muon for matrices, AdamW for the rest, and the warm-up-stable-decay schedule.

Muon (Keller Jordan, 2024): the momentum of a matrix is replaced by its nearest semi-orthogonal matrix, approximately,
by a few odd polynomials of degree five. `torch.optim.Muon` takes five of one kind and iterates in bfloat16 only, which
a CPU without bf16 units runs some 80 times slower than float32 (dev/LOG.md); here it is four, of several processes
each one does its share of the matrices, and bfloat16 is for where it is fast.
"""

from __future__ import annotations

import timeit
from functools import cache

import torch
from torch import Tensor, nn

from microreason.training.parallel import Group

# One after the other they bring singular values from .003 to 1 as near to 1 as four such polynomials can: within .8 to
# 1.2. Each is the best for the interval that the one before leaves (greedy, as in Polar Express, arXiv 2505.16932).
# At its end they climb steeply (the first by 26 for 1), and rounding to bfloat16 lifts values beyond it: each is
# stretched by 2 %.
_QUINTICS = [
    (a / 1.02, b / 1.02**3, c / 1.02**5)
    for a, b, c in (
        (8.3837, -24.7661, 18.3572), (4.0434, -3.0114, 0.5695), (3.5056, -2.6267, 0.5257), (2.4901, -1.8343, 0.4368),
    )
]  # fmt: skip


@cache
def bf16_is_fast(device: torch.device) -> bool:
    """Whether products in bf16 are the faster ones: on every CUDA device in use, on a CPU if a trial says so.

    With AVX512-BF16 alone some processors take longer for them than for float32 (dev/LOG.md).
    """
    if device.type == "cuda":
        return True
    capabilities = torch.cpu.get_capabilities()
    if not (capabilities.get("amx_bf16") or capabilities.get("avx512_bf16")):
        return False
    half, full = torch.ones(512, 512, dtype=torch.bfloat16), torch.ones(512, 512)
    return min(timeit.repeat(lambda: half @ half, number=1, repeat=9)) < min(
        timeit.repeat(lambda: full @ full, number=1, repeat=9)
    )


def orthogonalise(matrix: Tensor) -> Tensor:
    """The semi-orthogonal factor of a matrix [M, N], approximately.

    Singular values s end within about .75 to 1.2 where s is at least .003 of (sum of s^4)^(1/4), smaller ones below.
    """
    x = matrix.bfloat16() if bf16_is_fast(matrix.device) else matrix
    tall = x.shape[0] > x.shape[1]
    x = x.mT if tall else x
    gram = x @ x.mT
    bound = gram.norm().sqrt() + 1e-7  # on the singular values, and nearer to the largest one than x.norm()
    x, gram = x / bound, gram / bound.square()
    for number, (a, b, c) in enumerate(_QUINTICS):
        gram = x @ x.mT if number else gram
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if tall else x).to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    """Momentum, orthogonalised, scaled by sqrt(max(1, rows / columns)); decoupled weight decay."""

    def __init__(self, params: list[nn.Parameter], lr: float, momentum: float = 0.95, weight_decay: float = 0.0):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self.processes = Group()

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One update of every parameter that has a gradient."""
        for group in self.param_groups:
            params, updates = [p for p in group["params"] if p.grad is not None], []
            for number, p in enumerate(params):
                buffer = self.state[p].setdefault("momentum", torch.zeros_like(p))
                buffer.lerp_(p.grad, 1 - group["momentum"])
                mine = number % self.processes.size == self.processes.rank
                updates.append(orthogonalise(p.grad.lerp(buffer, group["momentum"])) if mine else torch.zeros_like(p))
            self.processes.add(updates)
            for p, update in zip(params, updates, strict=True):
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(update, alpha=-group["lr"] * max(1.0, p.shape[0] / p.shape[1]) ** 0.5)


def make_optimizers(
    model: nn.Module, muon_lr: float, adam_lr: float, weight_decay: float
) -> list[torch.optim.Optimizer]:
    """Muon on the blocks' matrices, AdamW on embedding, norms and gates; each group remembers its base rate.

    AdamW's eps is far above the gradients of embeddings that no batch holds, which it would else make full steps of.
    """
    matrices: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, p in model.named_parameters():
        inside = p.ndim == 2 and "embedding" not in name and "router" not in name
        (matrices if inside else rest).append(p)
    optimizers = [
        Muon(matrices, muon_lr, weight_decay=weight_decay),
        torch.optim.AdamW(rest, adam_lr, betas=(0.9, 0.95), eps=1e-5, weight_decay=0.0),
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

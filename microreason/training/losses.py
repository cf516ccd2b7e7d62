"""Losses over hidden states and gates. Shapes: B batch, T tokens, D model width, H key-value heads, V vocabulary."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from microreason.data.packing import IGNORE
from microreason.model.routing import entries_read, excess, reads
from microreason.model.transformer import Transformer


class _HeadLoss(torch.autograd.Function):
    """Summed cross-entropy of hidden [S, D] through a head [V, D] for the wanted tokens [S], and that of each, [S].

    Some positions at a time and their gradient at once, so that logits [S, V] are never kept: on a CPU a few hundred,
    which stay in its cache, elsewhere more, to save memory. S is a multiple of `chunk`, because a CPU compiles its
    products for each new shape; positions from `count` on are padding.
    """

    @staticmethod
    def chunk(device: torch.device) -> int:
        """Positions at a time."""
        return 512 if device.type == "cpu" else 8192

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, head: Tensor, wanted: Tensor, count: int, dtype: torch.dtype) -> Any:
        h, weight = hidden.to(dtype), head.to(dtype)
        to_hidden, to_head = torch.empty_like(h), torch.zeros_like(head)
        each = torch.empty(len(h), device=h.device)
        real = (torch.arange(len(h), device=h.device) < count).float()[:, None]
        parts = zip(
            *(x.split(_HeadLoss.chunk(h.device)) for x in (h, wanted[:, None], real, to_hidden, each)), strict=True
        )
        for part, target, weighs, out, loss in parts:
            p = (part @ weight.T).softmax(-1, dtype=torch.float32)
            torch.mul(p.gather(1, target).clamp_(min=1e-38).log_(), -weighs, out=loss[:, None])
            slope = (p.scatter_add_(1, target, -torch.ones_like(weighs)) * weighs).to(dtype)
            torch.mm(slope, weight, out=out)
            to_head += slope.T @ part
        ctx.save_for_backward(to_hidden, to_head)
        ctx.mark_non_differentiable(each)
        return each.sum(), each

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        to_hidden, to_head = ctx.saved_tensors
        return gradients[0] * to_hidden, gradients[0] * to_head, None, None, None


class Wanted(NamedTuple):
    """Where a batch has targets: `places` [S] of flattened [B, T], those from `number` on padding, and `tokens` [S]."""

    places: Tensor
    tokens: Tensor
    number: int

    @classmethod
    def of(cls, targets: np.ndarray, device: torch.device) -> Wanted:
        """Of targets [B, T]; found on the host, so that no device waits for it."""
        places = np.flatnonzero(targets != IGNORE)
        padded = np.pad(places, (0, -len(places) % _HeadLoss.chunk(device)))
        tokens = np.maximum(targets.reshape(-1)[padded], 0)
        return cls(torch.from_numpy(padded).to(device), torch.from_numpy(tokens).to(device), len(places))


def solution_loss(model: Transformer, hidden: Tensor, target: Wanted) -> tuple[Tensor, Tensor]:
    """Sum of the cross-entropy over positions with a target, and its parts [S]; hidden [S, D] there."""
    device = hidden.device.type
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else hidden.dtype
    with torch.autocast(device, enabled=False):
        return _HeadLoss.apply(hidden, model.embedding.weight, target.tokens, target.number, dtype)


def divergence(model: Transformer, hidden: Tensor, wanted: Tensor) -> Tensor:
    """Mean divergence KL(wanted || hidden) of the next-token distributions; hidden and wanted [S, D]."""
    ours, theirs = (model.logits(h).float().log_softmax(-1) for h in (hidden, wanted))
    return F.kl_div(ours, theirs.detach(), reduction="batchmean", log_target=True)


def routing_losses(
    model: Transformer, gates: list[Tensor], ids: Tensor, positions: Tensor, documents: Tensor,
    keep: float | None = None,
) -> tuple[dict[str, Tensor], int]:  # fmt: skip
    """Of each layer's gates [B, H, T] over packed documents: `read_share`, the entries read over those that dense
    attention reads (whose number per head is the second result), `undecided`, mean g(1-g) over all but padding, and
    `excess` over `keep` entries a query, where that is given."""
    decided, dense = reads(model.reach(ids, positions), documents)
    g = torch.cat([z.float().sigmoid() for z in gates], 1)
    real = (documents >= 0)[:, None]
    undecided = (g * (1 - g) * real).sum() / (real.sum() * g.shape[1]).clamp(min=1)
    entries = entries_read(gates, decided, dense, model.config.routing == "hard")
    parts = {"read_share": entries.sum() / dense.sum().clamp(min=1), "undecided": undecided}
    if keep is not None:
        parts["excess"] = excess(entries, dense, positions, documents, keep)
    return parts, int(dense.sum())

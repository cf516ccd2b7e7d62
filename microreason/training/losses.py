"""Losses over hidden states and gates. Shapes: B batch, T tokens, D model width, H key-value heads, V vocabulary."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from microreason.data.packing import IGNORE
from microreason.model.routing import read_share, reads
from microreason.model.transformer import Transformer


def solution_loss(model: Transformer, hidden: Tensor, targets: np.ndarray) -> Tensor:
    """Sum of the cross-entropy over positions with a target; hidden [B, T, D], targets [B, T].

    The output head runs on those positions only; which they are is found on the host, so no device waits for it.
    """
    places = np.flatnonzero(targets != IGNORE)
    chosen, wanted = (torch.from_numpy(a).to(hidden.device) for a in (places, targets.reshape(-1)[places]))
    return F.cross_entropy(model.logits(hidden.flatten(0, 1)[chosen]).float(), wanted, reduction="sum")


def divergence(model: Transformer, hidden: Tensor, wanted: Tensor, targets: np.ndarray) -> Tensor:
    """Mean divergence KL(wanted || hidden) of the next-token distributions, over positions with a target; hidden and
    wanted [B, T, D]."""
    places = torch.from_numpy(np.flatnonzero(targets != IGNORE)).to(hidden.device)
    ours, theirs = (model.logits(h.flatten(0, 1)[places]).float().log_softmax(-1) for h in (hidden, wanted))
    return F.kl_div(ours, theirs.detach(), reduction="batchmean", log_target=True)


def routing_losses(
    model: Transformer, gates: list[Tensor], ids: Tensor, positions: Tensor, documents: Tensor
) -> tuple[dict[str, Tensor], int]:
    """Of each layer's gates [B, H, T] over packed documents: `read_share`, the entries read over those that dense
    attention reads (whose number per head is the second result), and `undecided`, mean g(1-g) over all but padding."""
    decided, dense = reads(model.reach(ids, positions), documents)
    g = torch.cat([z.float().sigmoid() for z in gates], 1)
    real = (documents >= 0)[:, None]
    undecided = (g * (1 - g) * real).sum() / (real.sum() * g.shape[1]).clamp(min=1)
    share = read_share(gates, decided, dense, model.config.routing == "hard")
    return {"read_share": share, "undecided": undecided}, int(dense.sum())

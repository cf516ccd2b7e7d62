"""Losses over hidden states. Shapes: B batch, T tokens, D model width, V vocabulary."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from microreason.data.packing import IGNORE
from microreason.model.transformer import Transformer


def solution_loss(model: Transformer, hidden: Tensor, targets: Tensor) -> Tensor:
    """Sum of the cross-entropy over positions with a target; hidden [B, T, D], targets [B, T].

    The output head runs on those positions only.
    """
    chosen = targets != IGNORE
    return F.cross_entropy(model.logits(hidden[chosen]).float(), targets[chosen], reduction="sum")

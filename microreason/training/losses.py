"""Losses over hidden states. Shapes: B batch, T tokens, D model width, V vocabulary."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from microreason.data.packing import IGNORE
from microreason.model.transformer import Transformer


def solution_loss(model: Transformer, hidden: Tensor, targets: np.ndarray) -> Tensor:
    """Sum of the cross-entropy over positions with a target; hidden [B, T, D], targets [B, T].

    The output head runs on those positions only; which they are is found on the host, so no device waits for it.
    """
    places = np.flatnonzero(targets != IGNORE)
    chosen, wanted = (torch.from_numpy(a).to(hidden.device) for a in (places, targets.reshape(-1)[places]))
    return F.cross_entropy(model.logits(hidden.flatten(0, 1)[chosen]).float(), wanted, reduction="sum")

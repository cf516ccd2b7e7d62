"""Dynamic attention routing (DAR): a learned gate decides which tokens stay visible to distant queries.

Shapes: B batch, T tokens, D model width, H key-value heads. Visible to query i are the tokens of its own window,
the first few (sinks), and those whose gate is open. Soft: a shut gate is a bias `logsigmoid(z)` on the score of a
distant key. Hard: a distant key with z <= 0 is masked. A gate starts at weight 0 and bias +5: every token stays,
and in the hard form the model equals its dense twin exactly (design: DESIGN section 4; relatives: DMS,
arXiv 2506.05345; WG-KV, 2512.17452).
Does not cover the training schedule of gates, budgets, or a cache that drops keys; those come with the routing stage.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class DynamicAttentionRouter(nn.Module):
    """Gate of one attention layer: `z = Linear(x)`, one number per token and key-value head."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.gate = nn.Linear(dim, num_heads)
        nn.init.zeros_(self.gate.weight)
        nn.init.constant_(self.gate.bias, 5.0)

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, D] -> gate logits z [B, H, T]; open where z > 0."""
        return self.gate(x).transpose(1, 2)


def distant(queries: Tensor, keys: Tensor, window: int, sinks: int) -> Tensor:
    """Where routing decides: keys at [B, S] beyond the window of queries at [B, T] and no sinks -> [B, T, S]."""
    age = queries[:, :, None] - keys[:, None, :]
    return (age >= window) & (keys >= sinks)[:, None, :]


def soft_bias(z: Tensor, far: Tensor) -> Tensor:
    """z [B, H, S], far [B, T, S] -> score bias [B, H, T, S]: logsigmoid(z) on distant keys, else 0."""
    return F.logsigmoid(z)[:, :, None, :] * far[:, None]


def hard_visible(is_open: Tensor, far: Tensor) -> Tensor:
    """is_open [B, H, S] bool, far [B, T, S] -> visible [B, H, T, S] bool."""
    return is_open[:, :, None, :] | ~far[:, None]

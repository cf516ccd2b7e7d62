"""Key-value cache of a batch whose rows have different lengths.

Shapes: L layers, B batch, H key-value heads, S slots, K head width. Every token keeps its slot; routing masks the
slots of shut gates. Does not cover compact storage that drops routed-out tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor

from microreason.model.config import ModelConfig


class KVCache:
    """Buffers for keys, values and gate decisions, and the length of each row."""

    def __init__(self, config: ModelConfig, batch: int, slots: int, dtype: torch.dtype, device: torch.device) -> None:
        shape = (config.layers, batch, config.kv_heads, slots)
        self.keys = torch.zeros(*shape, config.head_dim, dtype=dtype, device=device)
        self.values = torch.zeros_like(self.keys)
        self.open = torch.ones(shape, dtype=torch.bool, device=device)
        self.lengths = torch.zeros(batch, dtype=torch.long, device=device)

    def write(self, layer: int, positions: Tensor, k: Tensor, v: Tensor, is_open: Tensor) -> None:
        """Store k, v [B, H, T, K] and gates [B, H, T] of one layer at positions [B, T]."""
        index = positions[:, None, :].expand(-1, k.shape[1], -1)
        wide = index[..., None].expand(-1, -1, -1, k.shape[-1])
        self.keys[layer].scatter_(2, wide, k)
        self.values[layer].scatter_(2, wide, v)
        self.open[layer].scatter_(2, index, is_open)

    def keep(self, rows: Tensor) -> None:
        """Drop all rows of the batch but these."""
        self.keys, self.values, self.open = self.keys[:, rows], self.values[:, rows], self.open[:, rows]
        self.lengths = self.lengths[rows]

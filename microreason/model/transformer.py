"""The decoder: RMSNorm, rotary positions, QK-norm, grouped-query attention with routing, gated MLP, tied embedding.

Shapes: B batch, T tokens, D model width, N query heads, H key-value heads, K head width.
Sources: RMSNorm (arXiv 1910.07467), RoPE (2104.09864), QK-norm (2010.04245), GQA (2305.13245), SwiGLU (2002.05202).
Does not cover losses, sampling or the file format of weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.attention.flex_attention import BlockMask, create_block_mask

from microreason.model.cache import Cache, DenseCache, RoutedCache
from microreason.model.config import ModelConfig
from microreason.model.packed import attend_documents
from microreason.model.routing import DynamicAttentionRouter, Reach, attend, attend_blocks
from microreason.weights_file import read_weights


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embedding: x [B, N, T, K], cos and sin [B, 1, T, K/2]; pairs are (i, i + K/2)."""
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


def document_blocks(documents: Tensor) -> BlockMask:
    """documents [B, T] -> the causal mask within documents, as blocks that FlexAttention skips where they are empty."""

    def visible(b: Tensor, h: Tensor, q: Tensor, k: Tensor) -> Tensor:
        return (q >= k) & (documents[b, q] == documents[b, k])

    return create_block_mask(visible, len(documents), None, documents.shape[1], documents.shape[1], documents.device)


class Block(nn.Module):
    """One layer: attention, then MLP, each on a normalised input and added to the stream."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        kv = config.kv_heads * config.head_dim
        self.attention_norm = nn.RMSNorm(config.dim, eps=1e-6)
        self.wq = nn.Linear(config.dim, config.dim, bias=False)
        self.wk = nn.Linear(config.dim, kv, bias=False)
        self.wv = nn.Linear(config.dim, kv, bias=False)
        self.wo = nn.Linear(config.dim, config.dim, bias=False)
        self.q_norm = nn.RMSNorm(config.head_dim, eps=1e-6)
        self.k_norm = nn.RMSNorm(config.head_dim, eps=1e-6)
        self.router = DynamicAttentionRouter(config.dim, config.kv_heads)
        self.mlp_norm = nn.RMSNorm(config.dim, eps=1e-6)
        self.w_gate = nn.Linear(config.dim, config.ff, bias=False)
        self.w_up = nn.Linear(config.dim, config.ff, bias=False)
        self.w_down = nn.Linear(config.ff, config.dim, bias=False)

    def forward(self, x: Tensor, *seen: Any) -> tuple[Tensor, Tensor]:
        """x [B, T, D] -> ([B, T, D], gates [B, H, T]); `seen`: the other arguments of `attention`."""
        y, z = self.attention(x, *seen)
        return self.rest(x, y), z

    def attention(
        self,
        x: Tensor,
        rope: tuple[Tensor, Tensor],
        mask: Tensor | BlockMask | None,
        reach: Reach | Tensor | None,
        cache: tuple[Cache, int] | None,
    ) -> tuple[Tensor, Tensor]:
        """x [B, T, D] -> (what the heads read [B, T, D], gates [B, H, T]). `mask` [B, 1, T, T] bool, its blocks, or the
        packed documents [B, T] (None: causal), `reach` where routing decides, for dense masks as [B, T, T] (None:
        nowhere), `cache` with the number of the layer."""
        c = self.config
        batch, tokens, _ = x.shape
        h = self.attention_norm(x)
        q = self.wq(h).view(batch, tokens, c.heads, c.head_dim).transpose(1, 2)
        k = self.wk(h).view(batch, tokens, c.kv_heads, c.head_dim).transpose(1, 2)
        v = self.wv(h).view(batch, tokens, c.kv_heads, c.head_dim).transpose(1, 2)
        q, k = rotate(self.q_norm(q), *rope), rotate(self.k_norm(k), *rope)
        z = self.router(h)
        soft = c.routing == "soft"
        if cache:
            store, layer = cache
            y = store.attend(layer, q, k, v, z)
        elif isinstance(mask, BlockMask):
            assert not isinstance(reach, Tensor)
            y = attend_blocks(q, k, v, mask, reach, z, soft)
        elif mask is not None and mask.ndim == 2:
            assert not isinstance(reach, Tensor)
            y = attend_documents(q, k, v, mask, reach, z, soft)
        else:
            assert not isinstance(reach, Reach)
            y = attend(q, k, v, mask, reach, z, soft)
        return y.transpose(1, 2).reshape(x.shape), z

    def rest(self, x: Tensor, y: Tensor) -> Tensor:
        """Output projection of y, what the heads read, and the MLP; x and y [..., D] -> [..., D]."""
        x = x + self.wo(y)
        h = self.mlp_norm(x)
        return x + self.w_down(F.silu(self.w_gate(h)) * self.w_up(h))


class Transformer(nn.Module):
    """The whole network. `forward` gives hidden states; `logits` the scores of the next token.

    `blockwise`: packed documents go through FlexAttention instead of a dense mask; it has no backward pass on a CPU.
    """

    def __init__(self, config: ModelConfig, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        self.blockwise = False
        self.embedding = nn.Embedding(config.vocab_size, config.dim)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.RMSNorm(config.dim, eps=1e-6)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for name, p in self.named_parameters():
                if p.ndim == 2 and "router" not in name:
                    zero = name.endswith(("wo.weight", "w_down.weight"))
                    scale = 0.02 if name.startswith("embedding") else p.shape[1] ** -0.5
                    p.copy_(torch.zeros_like(p) if zero else torch.randn(p.shape, generator=generator) * scale)
        half = config.head_dim // 2
        frequency = config.rope_theta ** (-torch.arange(half, dtype=torch.float64) / half)
        angle = torch.arange(config.max_context, dtype=torch.float64)[:, None] * frequency
        self.register_buffer("cos", angle.cos().float(), persistent=False)
        self.register_buffer("sin", angle.sin().float(), persistent=False)

    @classmethod
    def load(cls, weights: Path | str | None = None, **changes: Any) -> Transformer:
        """The network of a folder of released weights (default: those that ship), `changes` made to its configuration.

        Raises BadWeights.
        """
        config, tensors = read_weights(weights)
        model = cls(config.model_copy(update=changes))
        model.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in tensors.items()})
        return model

    def forward(
        self,
        ids: Tensor,
        positions: Tensor | None = None,
        documents: Tensor | None = None,
        cache: Cache | None = None,
        counts: Tensor | None = None,
        routed: bool = True,
        gates: list[Tensor] | None = None,
        only: Tensor | None = None,
    ) -> Tensor:
        """ids [B, T] -> hidden states [B, T, D], or [S, D] of the places `only` [S] of the flattened tokens.

        `positions` [B, T] count within a document, `documents` [B, T] tell packed documents apart; without them
        each row is one document. With a cache the tokens follow those already stored, the first `counts` [B] of each
        row (default: all) are real. `routed=False` forces all gates open. `gates` takes each layer's z [B, H, T].
        """
        mask: Tensor | BlockMask | None = None
        reach: Reach | Tensor | None = None
        if cache:
            positions = cache.begin(ids, counts)
        else:
            place = torch.arange(ids.shape[1], device=ids.device)[None].expand(len(ids), -1)
            positions = place if positions is None else positions
            decided = routed and self.config.routing != "off"
            if documents is not None and self.blockwise:
                mask = document_blocks(documents)
            elif documents is not None and documents.device.type == "cpu":
                mask = documents
            elif documents is not None:
                causal = place[:, :, None] >= place[:, None, :]
                mask = (causal & (documents[:, :, None] == documents[:, None, :]))[:, None]
            if decided:
                reach = self.reach(ids, positions)
                if mask is None or (isinstance(mask, Tensor) and mask.ndim == 4):
                    reach = reach.distant()
                    if mask is None:
                        mask = (place[:, :, None] >= place[:, None, :])[:, None]
        dtype = self.blocks[0].wq.weight.dtype
        rope = (self.cos[positions][:, None].to(dtype), self.sin[positions][:, None].to(dtype))
        x = self.embedding(ids)
        for layer, block in enumerate(self.blocks):
            inputs = x, rope, mask, reach, (cache, layer) if cache else None
            if only is not None and layer + 1 == len(self.blocks):
                y, z = block.attention(*inputs)
                x = block.rest(*(t.flatten(0, 1).index_select(0, only) for t in (x, y)))  # uncompiled: S varies
            else:
                x, z = block(*inputs)
            if gates is not None:
                gates.append(z)
        if cache:
            cache.end()
        return self.norm(x)

    def reach(self, ids: Tensor, positions: Tensor) -> Reach:
        """Where routing may decide in ids [B, T] at positions [B, T]."""
        before = F.pad(ids[:, :-1], (1, 0), value=-1)
        return Reach(positions, self.config.fixed(ids, before, positions), self.config.window)

    def routes(self) -> bool:
        """Whether any gate could be shut: hard routing, and gates that are not as they started."""
        gates = [block.router.gate for block in self.blocks]
        return self.config.routing == "hard" and any(bool(g.weight.any() or (g.bias <= 0).any()) for g in gates)

    def cache(self, batch: int, slots: int) -> Cache:
        """An empty cache for rows of up to `slots` tokens: routed where gates can be shut, else dense."""
        if self.config.routing == "soft":
            raise ValueError("soft gates are for training; a cache takes routing hard or off")
        weight = self.embedding.weight
        if self.routes():
            return RoutedCache(self.config, batch, weight.dtype, weight.device)
        return DenseCache(self.config, batch, slots, weight.dtype, weight.device)

    def logits(self, hidden: Tensor) -> Tensor:
        """[…, D] -> [..., V] scores of the next token, with the tied embedding."""
        return F.linear(hidden, self.embedding.weight)

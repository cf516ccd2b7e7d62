"""The decoder: RMSNorm, rotary positions, QK-norm, grouped-query attention with routing, gated MLP, tied embedding.

Shapes: B batch, T tokens, S key slots, D model width, N query heads, H key-value heads, K head width.
Sources: RMSNorm (arXiv 1910.07467), RoPE (2104.09864), QK-norm (2010.04245), GQA (2305.13245), SwiGLU (2002.05202).
Does not cover losses, sampling or the file format of weights.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

from microreason.model.cache import KVCache
from microreason.model.config import ModelConfig
from microreason.model.routing import DynamicAttentionRouter, distant, hard_visible, soft_bias


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

    def forward(
        self,
        x: Tensor,
        rope: tuple[Tensor, Tensor],
        mask: Tensor | BlockMask | None,
        far: Tensor | None,
        cache: tuple[KVCache, int, Tensor] | None,
    ) -> Tensor:
        """x [B, T, D] -> [B, T, D]. `mask` [B, 1, T, S] bool, or its blocks (None: causal), `far` [B, T, S] where
        routing decides (None: routing off), `cache` is (cache, layer, positions [B, T])."""
        c = self.config
        batch, tokens, _ = x.shape
        h = self.attention_norm(x)
        q = self.wq(h).view(batch, tokens, c.heads, c.head_dim).transpose(1, 2)
        k = self.wk(h).view(batch, tokens, c.kv_heads, c.head_dim).transpose(1, 2)
        v = self.wv(h).view(batch, tokens, c.kv_heads, c.head_dim).transpose(1, 2)
        q, k = rotate(self.q_norm(q), *rope), rotate(self.k_norm(k), *rope)
        z = self.router(h) if far is not None or cache else None
        is_open = None if z is None else z > 0
        if cache:
            assert mask is not None and is_open is not None
            store, layer, positions = cache
            store.write(layer, positions, k, v, is_open)
            slots = mask.shape[-1]
            k, v = store.keys[layer][:, :, :slots], store.values[layer][:, :, :slots]
            is_open = store.open[layer][:, :, :slots]
        groups = c.heads // c.kv_heads
        if isinstance(mask, BlockMask):
            y = flex_attention(q, k, v, block_mask=mask, enable_gqa=True)
            return self._rest(x, y)
        if far is not None:
            if c.routing == "soft":
                mask = torch.where(mask, soft_bias(z, far), float("-inf"))
            else:
                mask = mask & hard_visible(is_open, far)
        if tokens == 1:  # the queries of a group share keys and mask: let them stand as rows, copy nothing
            q = q.view(batch, c.kv_heads, groups, c.head_dim)
        else:
            k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
            mask = mask if mask is None or mask.shape[1] == 1 else mask.repeat_interleave(groups, 1)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None and tokens > 1)
        return self._rest(x, y.reshape(batch, c.heads, tokens, c.head_dim))

    def _rest(self, x: Tensor, y: Tensor) -> Tensor:
        """Output projection of y [B, N, T, K], then the MLP."""
        x = x + self.wo(y.transpose(1, 2).reshape(x.shape))
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

    def forward(
        self,
        ids: Tensor,
        positions: Tensor | None = None,
        documents: Tensor | None = None,
        cache: KVCache | None = None,
    ) -> Tensor:
        """ids [B, T] -> hidden states [B, T, D].

        `positions` [B, T] count within a document, `documents` [B, T] tell packed documents apart; without them
        each row is one document. With a cache the tokens follow those already stored (`cache.lengths`).
        """
        batch, tokens = ids.shape
        routed = self.config.routing != "off"
        far: Tensor | None = None
        mask: Tensor | BlockMask | None = None
        place = torch.arange(tokens, device=ids.device)[None].expand(batch, -1)
        if cache:
            positions = cache.lengths[:, None] + place
            slots = torch.arange(int(positions.max()) + 1, device=ids.device)[None].expand(batch, -1)
            mask = (slots[:, None, :] <= positions[:, :, None])[:, None]
            if routed:
                far = distant(positions, slots, self.config.window, self.config.sinks)
        else:
            if documents is not None and not routed and self.blockwise:
                mask = document_blocks(documents)
            elif documents is not None:
                causal = place[:, :, None] >= place[:, None, :]
                mask = (causal & (documents[:, :, None] == documents[:, None, :]))[:, None]
            positions = place if positions is None else positions
            if routed:
                if mask is None:
                    mask = (place[:, :, None] >= place[:, None, :])[:, None]
                far = distant(positions, positions, self.config.window, self.config.sinks)
        dtype = self.blocks[0].wq.weight.dtype
        rope = (self.cos[positions][:, None].to(dtype), self.sin[positions][:, None].to(dtype))
        x = self.embedding(ids)
        for layer, block in enumerate(self.blocks):
            x = block(x, rope, mask, far, (cache, layer, positions) if cache else None)
        return self.norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        """[…, D] -> [..., V] scores of the next token, with the tied embedding."""
        return F.linear(hidden, self.embedding.weight)

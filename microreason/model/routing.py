"""Dynamic attention routing (DAR): a learned gate decides which tokens stay visible to distant queries.

Visible to query i are the tokens of its own window, the fixed ones (sinks and pinned tokens), and those whose gate is
open (z > 0). Soft: a distant key has the bias `logsigmoid(z)` on its score. Hard: a distant key with a shut gate is
hidden, and the gate learns as if its 0 or 1 were multiplied to the key's weight before normalisation (`_GateGradient`).
A gate starts at weight 0 and bias +5, so the hard form begins as the dense model exactly (design: DESIGN section 4;
relatives: DMS, arXiv 2506.05345; WG-KV, 2512.17452).

Shapes: B batch, T queries, S keys, D model width, N query heads, H key-value heads, G = N/H, K head width.
Does not cover the schedule of a training (training/loop.py) or the cache that drops keys (cache.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.attention.flex_attention import BlockMask, flex_attention

START = 5.0
"""Bias of a fresh gate: open."""
SHUT = -20.0
"""Bias of a gate that is shut for good, in its soft form too."""


class Reach(NamedTuple):
    """Where routing may decide: positions [B, T] within documents, `fixed` [B, T] (sinks, pinned), the window."""

    positions: Tensor
    fixed: Tensor
    window: int

    def distant(self) -> Tensor:
        """[B, T, T]: keys beyond the window of a query that are not fixed."""
        return distant(self.positions, self.positions, self.fixed, self.window)


def distant(queries: Tensor, keys: Tensor, fixed: Tensor, window: int) -> Tensor:
    """Queries at [B, T], keys at [B, S] with fixed [B, S] -> [B, T, S], where routing decides."""
    return (queries[:, :, None] - keys[:, None, :] >= window) & ~fixed[:, None, :]


def bias_of(z: Tensor, soft: bool) -> Tensor:
    """Gates z [B, H, S] -> bias on the scores of distant keys: logsigmoid, or 0 and -inf without a gradient."""
    return F.logsigmoid(z) if soft else torch.zeros_like(z).masked_fill(z <= 0, float("-inf")).detach()


def attend(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, far: Tensor | None = None, z: Tensor | None = None,
    soft: bool = False,
) -> Tensor:  # fmt: skip
    """Attention of q [B, N, T, K] over k, v [B, H, S, K], in dense matrices -> [B, N, T, K].

    `mask` [B, 1, T, S] bool (None: causal), `far` [B, T, S] where the gates z [B, H, S] decide (None: nowhere).
    """
    groups = q.shape[1] // k.shape[1]
    bias: Tensor | None = mask
    if far is not None:
        assert mask is not None and z is not None
        routed = torch.where(far[:, None], bias_of(z, soft)[:, :, None, :], 0.0)
        bias = torch.where(mask, routed, float("-inf")).to(q.dtype).repeat_interleave(groups, 1)
    wide_k, wide_v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
    y = F.scaled_dot_product_attention(q, wide_k, wide_v, attn_mask=bias, is_causal=bias is None)
    if far is not None and not soft and torch.is_grad_enabled():
        y = _GateGradient.apply(y, z, q, k, v, mask, far)
    return y


def attend_blocks(
    q: Tensor, k: Tensor, v: Tensor, blocks: BlockMask, reach: Reach | None = None, z: Tensor | None = None,
    soft: bool = False,
) -> Tensor:  # fmt: skip
    """The same through FlexAttention, which skips empty blocks, in the type of v; no backward pass on a CPU."""
    q, k = q.to(v.dtype), k.to(v.dtype)  # rotary positions are in float32, which no fast matrix unit takes
    if reach is None or z is None:
        return flex_attention(q, k, v, block_mask=blocks, enable_gqa=True)
    groups, bias = q.shape[1] // k.shape[1], bias_of(z, soft).to(q.dtype)
    positions, fixed, window = reach

    def routed(score: Tensor, b: Tensor, n: Tensor, i: Tensor, j: Tensor) -> Tensor:
        far = (positions[b, i] - positions[b, j] >= window) & ~fixed[b, j]
        return torch.where(far, score + bias[b, n // groups, j], score)

    y = flex_attention(q, k, v, score_mod=routed, block_mask=blocks, enable_gqa=True)
    if not soft and torch.is_grad_enabled():
        place = torch.arange(q.shape[2], device=q.device)
        same = positions - place  # constant within a document, and different from the next one's
        mask = (place[:, None] >= place) & (same[:, :, None] == same[:, None, :])
        y = _GateGradient.apply(y, z, q, k, v, mask[:, None], reach.distant())
    return y


def attend_naive(q: Tensor, k: Tensor, v: Tensor, mask: Tensor, far: Tensor, z: Tensor, soft: bool) -> Tensor:
    """The reference for both, in product form, straight from the equations: weights exp(score) times the gate, then
    normalised -> [B, N, T, K]. Hard gates are 0 or 1 with the gradient of the sigmoid."""
    groups = q.shape[1] // k.shape[1]
    gate = z.sigmoid() if soft else (z > 0).to(q.dtype) + z.sigmoid() - z.sigmoid().detach()
    gate = torch.where(far[:, None], gate[:, :, None, :], 1.0).repeat_interleave(groups, 1)
    scores = q @ k.repeat_interleave(groups, 1).transpose(-1, -2) / q.shape[-1] ** 0.5
    weights = scores.exp() * mask * gate
    weights = weights / weights.sum(-1, keepdim=True)
    return weights @ v.repeat_interleave(groups, 1)


class _GateGradient(torch.autograd.Function):
    """Hands y on and gives the gates the gradient of the product form, d y_i / d gate_j = c_ij (v_j - y_i).

    For an open gate c is the weight of key j, which makes it the exact derivative; for a shut one c is the weight that
    the key would get if it were opened, which is the exact difference and, unlike the derivative, never exceeds 1.
    """

    @staticmethod
    def forward(ctx: Any, y: Tensor, z: Tensor, q: Tensor, k: Tensor, v: Tensor, mask: Tensor, far: Tensor) -> Tensor:
        ctx.save_for_backward(y, z, q, k, v, mask, far)
        return y.view_as(y)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        y, z, q, k, v, mask, far = ctx.saved_tensors
        heads = k.shape[1]
        y, q, dy = (t.float().unflatten(1, (heads, -1)) for t in (y, q, gradients[0]))  # [B, H, G, T, K]
        k, v, z32 = k.float(), v.float(), z.float()
        scores = q @ k[:, :, None].transpose(-1, -2) / q.shape[-1] ** 0.5
        scores = scores.masked_fill(~mask[:, None], float("-inf"))
        shut = far[:, None, None] & (z32 <= 0)[:, :, None, None, :]
        total = scores.masked_fill(shut, float("-inf")).logsumexp(-1, keepdim=True)
        total = torch.where(shut, torch.logaddexp(total, scores), total)
        share = (scores - total).exp() * far[:, None, None]
        gain = dy @ v[:, :, None].transpose(-1, -2) - (dy * y).sum(-1, keepdim=True)
        g = z32.sigmoid()
        return gradients[0], ((share * gain).sum((2, 3)) * g * (1 - g)).to(z.dtype), None, None, None, None, None


class DynamicAttentionRouter(nn.Module):
    """The gate of one attention layer, for any model: `z = Linear(x)`, one number per token and key-value head.

    `z = router(x)`, `y = router.attend(q, k, v, z)` in place of causal attention, `router.share(z)` in the loss.
    """

    def __init__(self, dim: int, num_heads: int, window: int = 64, sinks: int = 4, soft: bool = True) -> None:
        super().__init__()
        self.window, self.sinks, self.soft = window, sinks, soft
        self.gate = nn.Linear(dim, num_heads)
        nn.init.zeros_(self.gate.weight)
        nn.init.constant_(self.gate.bias, START)
        self.hooks: list[Any] = []

    @torch.no_grad()
    def keep_shut(self, heads: Sequence[int]) -> None:
        """Shut the gates of these heads for all tokens: they see the window and what is fixed. Training changes them no
        more, and those of an earlier call again, which begin open."""
        for hook in self.hooks:
            hook.remove()
        weight, bias = self.gate.weight, self.gate.bias
        free = torch.ones_like(bias)
        free[heads] = 0.0
        weight.mul_(free[:, None])
        bias[bias == SHUT] = START
        bias[heads] = SHUT
        self.hooks = [
            weight.register_hook(lambda gradient: gradient * free[:, None]),
            bias.register_hook(lambda gradient: gradient * free),
        ]

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, D] -> gate logits z [B, H, T]; open where z > 0."""
        return self.gate(x).transpose(1, 2)

    def reach(self, z: Tensor) -> Reach:
        """Of rows that are one document each; z [B, H, T]."""
        positions = torch.arange(z.shape[-1], device=z.device)[None].expand(len(z), -1)
        return Reach(positions, positions < self.sinks, self.window)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, z: Tensor) -> Tensor:
        """Causal routed attention of q [B, N, T, K] over k, v [B, H, T, K] with gates z [B, H, T] -> [B, N, T, K]."""
        mask = torch.ones(q.shape[2], q.shape[2], dtype=torch.bool, device=q.device).tril()
        return attend(q, k, v, mask.expand(len(q), 1, -1, -1), self.reach(z).distant(), z, self.soft)

    def share(self, z: Tensor) -> Tensor:
        """Share of what causal attention reads that is read with gates z [B, H, T], a number with a gradient."""
        return read_share([z], *reads(self.reach(z)), hard=not self.soft)


def reads(reach: Reach, documents: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Entries that queries read per layer and head, key by key: ([B, T] where the gate decides, [B, T] in all).

    `documents` [B, T] as packed, -1 for padding (reads nothing); None: each row is one document.
    """
    positions = reach.positions
    number = torch.zeros_like(positions) if documents is None else documents + 1
    lengths = torch.zeros(len(number), int(number.max()) + 1, dtype=torch.long, device=number.device)
    lengths.scatter_add_(1, number, torch.ones_like(number))
    later = lengths.gather(1, number) - positions  # queries that come at or after a key
    if documents is not None:
        later = later * (documents >= 0)
    return (later - reach.window).clamp(min=0) * ~reach.fixed, later


def read_share(gates: Sequence[Tensor], decided: Tensor, dense: Tensor, hard: bool) -> Tensor:
    """rho: entries read over entries that dense attention reads, over all layers and heads; see `reads`.

    gates: [B, H, T] of each layer. Soft: the expectation. Hard: what is read, with the expectation's gradient.
    """
    return entries_read(gates, decided, dense, hard).sum() / dense.sum().clamp(min=1)


def entries_read(gates: Sequence[Tensor], decided: Tensor, dense: Tensor, hard: bool) -> Tensor:
    """Entries that queries read, key by key [B, T], in the mean of all layers and heads; see `read_share`."""
    z = torch.cat([g.float() for g in gates], 1)
    g = z.sigmoid()
    if hard:
        g = (z > 0) + g - g.detach()
    return dense - (1 - g).mean(1) * decided


def excess(entries: Tensor, dense: Tensor, positions: Tensor, documents: Tensor, keep: float) -> Tensor:
    """What documents read beyond `keep` entries a query, as a share of what dense attention reads of all of them.

    entries and dense [B, T] key by key, positions [B, T] within the documents [B, T] (-1: padding).
    """
    real = documents >= 0
    over = entries - (positions + 1).clamp(max=keep) * real
    sums = torch.zeros(len(over), int(documents.max()) + 2, device=over.device)
    return sums.scatter_add(1, documents + 1, over * real).clamp(min=0).sum() / dense.sum().clamp(min=1)

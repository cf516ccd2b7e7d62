"""Causal attention within packed documents on a CPU, where the fused kernel's backward pass is several times slower
than plain matrix products: documents of about one length are attended to together, in batches.

Rows are taken apart into documents, each put into the first of the `LENGTHS` that holds it; longer ones go through
the fused kernel one by one. Long documents go query block by query block, each against the keys up to its end. Scores
and their softmax are in the type of v, sums inside in float32.
Shapes: B batch, T tokens, N query heads, H key-value heads, K head width; n documents of length L in one batch.
Does not cover routing (routing.py) or CUDA, where FlexAttention does the same.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

LENGTHS = (32, 64, 96, 128, 160, 192, 256, 320, 384, 512, 768, 1024, 1536, 2048)
QUERIES = 256  # in one block


class _Layout(NamedTuple):
    """Where tokens of flattened rows go: `shapes` (n, L) of the batches, `there` [sum of n·L] the token at each place
    (a document's last one at places of padding), `real` [sum of n·L], `back` [B·T] the place of each token."""

    shapes: list[tuple[int, int]]
    there: Tensor
    real: Tensor
    back: Tensor


def _layout(documents: np.ndarray) -> _Layout:
    """Of the packed documents [B, T]."""
    own = (documents + np.arange(len(documents))[:, None] * (documents.max() + 2)).ravel()
    starts = np.flatnonzero(np.diff(own, prepend=own[0] - 1))
    lengths = np.diff(starts, append=own.size)
    sizes = np.append(LENGTHS, 0)[np.searchsorted(LENGTHS, lengths)]
    shapes, there, real = [], [], []
    back = np.empty(own.size, np.int64)
    at = 0
    for size in np.unique(sizes):
        for chosen in [[i] for i in np.flatnonzero(sizes == 0)] if size == 0 else [np.flatnonzero(sizes == size)]:
            length = int(size or lengths[chosen[0]])
            place = np.arange(length)
            inside = place < lengths[chosen][:, None]
            tokens = starts[chosen][:, None] + np.minimum(place, lengths[chosen][:, None] - 1)
            back[tokens[inside]] = np.flatnonzero(inside) + at
            at += inside.size
            shapes.append(inside.shape)
            there.append(tokens.ravel())
            real.append(inside.ravel())
    return _Layout(shapes, *(torch.from_numpy(x) for x in (np.concatenate(there), np.concatenate(real), back)))


class _Apart(torch.autograd.Function):
    """x [B·T, C] -> [sum of n·L, C]: documents laid out one by one."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, layout: _Layout) -> Tensor:
        ctx.back = layout.back
        return x[layout.there]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return gradients[0][ctx.back], None


class _Together(torch.autograd.Function):
    """The way back, [sum of n·L, C] -> [B·T, C]; nothing flows to places of padding."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, layout: _Layout) -> Tensor:
        ctx.layout = layout
        return x[layout.back]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return gradients[0][ctx.layout.there] * ctx.layout.real[:, None], None


def _attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal attention of q [n, L, N, K] over k, v [n, L, H, K] -> [n, L, N, K]; query heads of a group share one
    product."""
    n, length, heads, width = q.shape
    kv = k.shape[2]
    if length > LENGTHS[-1]:
        wide = (q, k.repeat_interleave(heads // kv, 2), v.repeat_interleave(heads // kv, 2))
        return F.scaled_dot_product_attention(*(x.transpose(1, 2) for x in wide), is_causal=True).transpose(1, 2)
    k, v = (x.transpose(1, 2).reshape(n * kv, length, width) for x in (k, v))
    q = (q * width**-0.5).unflatten(2, (kv, -1)).permute(0, 2, 3, 1, 4).reshape(n * kv, -1, length, width)
    done = []
    for block in q.split(QUERIES, 2):
        size, seen = block.shape[2], min(length, (len(done) + 1) * QUERIES)
        later = torch.full((size, seen), float("-inf"), dtype=q.dtype).triu(1 + seen - size)
        scores = torch.baddbmm(later.repeat(heads // kv, 1), block.flatten(1, 2), k[:, :seen].mT)
        done.append((scores.softmax(-1) @ v[:, :seen]).view(block.shape))
    return torch.cat(done, 2).view(n, kv, -1, length, width).permute(0, 3, 1, 2, 4).reshape(n, length, heads, width)


@torch.compiler.disable
def attend_documents(q: Tensor, k: Tensor, v: Tensor, documents: Tensor) -> Tensor:
    """Causal attention of q [B, N, T, K] over k, v [B, H, T, K] within each of the `documents` [B, T] packed in a row.

    Returns [B, N, T, K] in the type of v.
    """
    with torch.autocast("cpu", enabled=False):
        layout = _layout(documents.numpy())
        flat = (x.to(v.dtype).transpose(1, 2).flatten(0, 1) for x in (q, k, v))  # [B·T, heads, K]
        apart = [_Apart.apply(x.flatten(1), layout).unflatten(1, x.shape[1:]) for x in flat]
        parts = zip(*(x.split([n * length for n, length in layout.shapes]) for x in apart), strict=True)
        done = [
            _attend(*(x.unflatten(0, shape) for x in part)).flatten(2).flatten(0, 1)
            for shape, part in zip(layout.shapes, parts, strict=True)
        ]
        y = _Together.apply(torch.cat(done), layout)
        return y.view(len(documents), documents.shape[1], q.shape[1], -1).transpose(1, 2)

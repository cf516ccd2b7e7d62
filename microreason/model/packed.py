"""Causal attention within packed documents on a CPU, where the fused kernel's backward pass is several times slower
than plain matrix products: documents of about one length are attended to together, in batches.

Rows are taken apart into documents, each put into the first of the `LENGTHS` that holds it (longer ones take a batch
each), a few at a time, so that their scores stay in the processor's cache. Queries go block by block, each against the
keys up to its end. Scores and their softmax are in the type of v, sums inside in float32. Gates of routing act on keys
beyond the window as in routing.py: soft ones add to the scores, hard ones hide, and learn from what opening would do.
Shapes: B batch, T tokens, N query heads, H key-value heads, K head width; n documents of length L in one batch.
Does not cover CUDA, where FlexAttention does the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from microreason.model.routing import Reach

LENGTHS = (32, 64, 96, 128, 160, 192, 256, 320, 384, 512, 768, 1024, 1536, 2048)
QUERIES, SCORES = 64, 1 << 19  # queries in one block, scores in one product


class _Rows(NamedTuple):
    """Rows of K numbers, one for a token and a head: `there` [R] which one stands at each place, `padding` the places
    of none (they repeat another), `back` [B·heads·T] the place of each."""

    there: Tensor
    padding: Tensor
    back: Tensor


class _Layout(NamedTuple):
    """How documents lie: `shapes` (n, L) of the batches, rows of queries [n, H, N/H, block, K] block after block, and
    of keys and values [n, H, L, K]."""

    shapes: list[tuple[int, int]]
    queries: _Rows
    keys: _Rows


def _blocks(length: int) -> Iterator[tuple[int, int]]:
    return ((at, min(length, at + QUERIES)) for at in range(0, length, QUERIES))


@lru_cache(1)  # each layer asks for that of the same documents
def _layout(packed: bytes, width: int, heads: int, kv: int) -> _Layout:
    """Of the packed documents, int32 [B, width]."""
    documents = np.frombuffer(packed, np.int32).reshape(-1, width)
    own = (documents + np.arange(len(documents))[:, None] * (documents.max() + 2)).ravel()
    starts = np.flatnonzero(np.diff(own, prepend=own[0] - 1))
    lengths = np.diff(starts, append=own.size)
    sizes = np.append(LENGTHS, 0)[np.searchsorted(LENGTHS, lengths)]
    sizes = np.where(sizes, sizes, lengths)
    shapes: list[tuple[int, int]] = []
    found: dict[int, tuple[list[np.ndarray], list[np.ndarray]]] = {heads: ([], []), kv: ([], [])}

    def lay(count: int, tokens: np.ndarray, inside: np.ndarray) -> None:
        """Rows [n, count, length] of a block of tokens [n, length]."""
        first = (tokens // width * count * width + tokens % width)[:, None] + np.arange(count)[:, None] * width
        there, real = found[count]
        there.append(first.ravel())
        real.append(np.repeat(inside[:, None], count, 1).ravel())

    for size in np.unique(sizes):
        chosen = np.flatnonzero(sizes == size)
        few = max(1, SCORES // (heads * min(size, QUERIES) * size))
        for part in np.split(chosen, range(few, len(chosen), few)):
            place = np.arange(size)
            inside = place < lengths[part][:, None]
            tokens = starts[part][:, None] + np.minimum(place, lengths[part][:, None] - 1)
            shapes.append((len(part), int(size)))
            for begin, end in _blocks(int(size)):
                lay(heads, tokens[:, begin:end], inside[:, begin:end])
            lay(kv, tokens, inside)

    def rows(count: int) -> _Rows:
        there, real = (np.concatenate(parts) for parts in found[count])
        back = np.empty(own.size * count, np.int64)
        back[there[real]] = np.flatnonzero(real)
        return _Rows(*(torch.from_numpy(x) for x in (there, np.flatnonzero(~real), back)))

    return _Layout(shapes, rows(heads), rows(kv))


@lru_cache(64)
def _later(begin: int, end: int, group: int, dtype: torch.dtype) -> Tensor:
    """[group · queries, keys]: -inf where a key of 0..end comes after a query of begin..end."""
    return torch.full((end - begin, end), float("-inf"), dtype=dtype).triu(1 + begin).repeat(group, 1)


def _parts(layout: _Layout, kv: int, group: int, q: Tensor, *others: Tensor) -> Iterator[tuple[Any, ...]]:
    """For each block of queries its begin and end, views [n·H, N/H · block, K] of rows q, and for each of the `others`
    views [n·H, end, K]."""
    at = behind = 0
    for n, length in layout.shapes:
        whole = [x[behind : behind + n * kv * length].view(n * kv, length, -1) for x in others]
        behind += n * kv * length
        for begin, end in _blocks(length):
            size = n * kv * group * (end - begin)
            yield begin, end, q[at : at + size].view(n * kv, group * (end - begin), -1), *(x[:, :end] for x in whole)
            at += size


class _Gates(NamedTuple):
    """How the keys' gates act, whose logits are infinite for keys that always stay (`window`, `soft`: routing.py)."""

    window: int
    soft: bool


@lru_cache(64)
def _far(begin: int, end: int, window: int) -> Tensor:
    """[queries, keys that may be far from one of them] of a block, bool."""
    return torch.ones(end - begin, end - window, dtype=torch.bool).tril(begin - window)


def _distant(x: Tensor, begin: int, end: int, window: int, group: int) -> tuple[Tensor, Tensor]:
    """Of scores or weights x [n·H, group · queries, end] the keys that may be far, [n·H, group, queries, end - window],
    and which of them are; there are some where end > window."""
    return x.view(len(x), group, -1, end)[..., : end - window], _far(begin, end, window)


def _gated(x: Tensor, z: Tensor, begin: int, end: int, gates: _Gates, group: int) -> None:
    """Change the scores x of a block in place by soft gates z [n·H, end, 1], or set its weights x to 0 where hard gates
    are shut."""
    if end > gates.window:
        there, far = _distant(x, begin, end, gates.window, group)
        z = z[:, None, None, : end - gates.window, 0]
        if gates.soft:
            there += torch.where(far, F.logsigmoid(z), 0.0)
        else:
            there *= ~far | (z > 0)


class _Attend(torch.autograd.Function):
    """Of rows: q [B·N·T, K], k and v [B·H·T, K], gates' z [B·H·T, 1] or none -> [B·N·T, K]."""

    @staticmethod
    def forward(
        ctx: Any, q: Tensor, k: Tensor, v: Tensor, z: Tensor | None, layout: _Layout, heads: tuple[int, int],
        gates: _Gates | None,
    ) -> Tensor:  # fmt: skip
        q, k, v = (x.index_select(0, r.there) for x, r in ((q, layout.queries), (k, layout.keys), (v, layout.keys)))
        z = z.index_select(0, layout.keys.there) if z is not None else k[:, :1]
        scale, group = q.shape[1] ** -0.5, heads[0] // heads[1]
        y, kept = torch.empty_like(q), []
        for (begin, end, query, key, value, gate), out in zip(
            _parts(layout, heads[1], group, q, k, v, z), _parts(layout, heads[1], group, y), strict=True
        ):
            p = torch.baddbmm(_later(begin, end, group, q.dtype), query, key.mT, alpha=scale)
            if gates and gates.soft:
                _gated(p, gate, begin, end, gates, group)
            p = p.softmax(-1)
            kept.append(p)
            if gates and not gates.soft:
                p = _open(p, gate, begin, end, gates, group)[0]
            torch.bmm(p, value, out=out[2])
        ctx.layout, ctx.heads, ctx.gates = layout, heads, gates
        ctx.save_for_backward(q, k, v, z, *kept)
        return y.index_select(0, layout.queries.back)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        q, k, v, z, *kept = ctx.saved_tensors
        layout, (heads, kv), gates = ctx.layout, ctx.heads, ctx.gates
        scale, group = q.shape[1] ** -0.5, heads // kv
        to_y = gradients[0].index_select(0, layout.queries.there).index_fill_(0, layout.queries.padding, 0.0)
        to_q, to_k, to_v, to_z = torch.empty_like(q), *(torch.zeros_like(x) for x in (k, v, z))
        back = zip(_parts(layout, kv, group, to_y), _parts(layout, kv, group, to_q, to_k, to_v, to_z), strict=True)
        for p, (begin, end, query, key, value, gate), ((_, _, to_out), (*_, out_q, out_k, out_v, out_z)) in zip(
            kept, _parts(layout, kv, group, q, k, v, z), back, strict=True
        ):
            whole, rest = p, None
            if gates and not gates.soft:
                p, rest = _open(p, gate, begin, end, gates, group)
            out_v += p.mT @ to_out
            gain = to_out @ value.mT
            slope = torch._softmax_backward_data(gain, p, -1, p.dtype)
            torch.bmm(slope, key, out=out_q)
            out_k.baddbmm_(slope.mT, query, alpha=scale)
            if gates and end > gates.window:
                if rest is not None:  # a shut key's weight if it alone were opened
                    gain -= (gain * p).sum(-1, keepdim=True)
                    shut = whole / (rest + whole)
                    slope = torch.where(p == 0, shut, p) * gain
                there, far = _distant(slope, begin, end, gates.window, group)
                out_z[:, : end - gates.window, 0] += (there * far).sum((1, 2))
        to_q *= scale
        if gates:
            to_z *= (-z).sigmoid() * (1.0 if gates.soft else z.sigmoid())
        rows = (to_q, layout.queries), (to_k, layout.keys), (to_v, layout.keys)
        to_z = to_z.index_select(0, layout.keys.back) if gates else None
        return *(x.index_select(0, r.back) for x, r in rows), to_z, None, None, None


def _open(p: Tensor, z: Tensor, begin: int, end: int, gates: _Gates, group: int) -> tuple[Tensor, Tensor]:
    """Weights p over all keys -> weights over those with an open gate, and the share of p that these had."""
    p = p.clone()
    _gated(p, z, begin, end, gates, group)
    share = p.sum(-1, keepdim=True).clamp(min=1e-30)
    return p / share, share


@torch.compiler.disable
def attend_documents(
    q: Tensor, k: Tensor, v: Tensor, documents: Tensor, reach: Reach | None = None, z: Tensor | None = None,
    soft: bool = False,
) -> Tensor:  # fmt: skip
    """Causal attention of q [B, N, T, K] over k, v [B, H, T, K] within each of the `documents` [B, T] packed in a row,
    with the gates z [B, H, T] where `reach` lets them decide.

    Returns [B, N, T, K] in the type of v.
    """
    heads = q.shape[1], k.shape[1]
    with torch.autocast("cpu", enabled=False):
        rows = (x.to(v.dtype).reshape(-1, x.shape[-1]) for x in (q, k, v))
        layout = _layout(documents.numpy().astype(np.int32).tobytes(), documents.shape[1], *heads)
        if reach is None or z is None:
            return _Attend.apply(*rows, None, layout, heads, None).view(q.shape)
        z = z.masked_fill(reach.fixed[:, None], float("inf")).to(v.dtype).reshape(-1, 1)
        return _Attend.apply(*rows, z, layout, heads, _Gates(reach.window, soft)).view(q.shape)

"""Key-value caches of a batch whose rows have different lengths: one that keeps every token, and the routed one.

Shapes: L layers, B batch, T new tokens, H key-value heads, G query heads of each, S slots, W window, K head width.
Both are fed by `Transformer.forward`: `begin` a chunk, `attend` in each layer, `end`. Any chunks give the same result.
The routed cache has one buffer per layer and head: a ring of the last W tokens, then those kept for good (open gates,
sinks, pinned tokens), appended as they leave the ring. What is valid is a prefix of the buffer, in any order, for
positions are rotated into the keys: a single new token needs no mask and no gather.
Does not cover soft gates (training only), or taking tokens back from a ring: `rewind` asks for the row anew.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from microreason.errors import BadInput
from microreason.model.config import ModelConfig

ROUND = 64  # slots by which buffers grow


class Cache:
    """What both have in common: length of each row, the chunk under way, and the count of entries read [L, H]."""

    def __init__(self, config: ModelConfig, batch: int, dtype: torch.dtype, device: torch.device) -> None:
        self.config, self.dtype, self.device = config, dtype, device
        self.lengths = torch.zeros(batch, dtype=torch.long)
        self.entries_read = torch.zeros(config.layers, config.kv_heads, dtype=torch.long)
        self._before = torch.full((batch, 1), -1, device=device)

    def begin(self, ids: Tensor, counts: Tensor | None) -> Tensor:
        """Chunk ids [B, T], of which the first counts [B] of each row are real -> their positions [B, T].

        Raises BadInput where a row would become longer than the model's context.
        """
        batch, tokens = ids.shape
        self._counts = torch.full((batch,), tokens) if counts is None else counts.cpu()
        longest, limit = int((self.lengths + self._counts).max()), self.config.max_context
        if longest > limit:
            raise BadInput(f"A row of {longest} tokens does not fit the context of {limit}.")
        place = torch.arange(tokens, device=self.device)
        self._start = self.lengths.to(self.device)[:, None]
        self._real = place < self._counts.to(self.device)[:, None]
        self._positions = (self._start + place).clamp(max=limit - 1)
        before = torch.cat((self._before, ids[:, :-1]), 1)
        self._fixed = self.config.fixed(ids, before, self._positions)
        last = (self._counts - 1).clamp(min=0).to(self.device)[:, None]
        self._before = torch.where(self._real[:, :1], ids.gather(1, last), self._before)
        return self._positions

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor, z: Tensor) -> Tensor:
        """Store k, v [B, H, T, K] with gates z [B, H, T], attend with q [B, N, T, K] -> [B, N, T, K]."""
        raise NotImplementedError

    def end(self) -> None:
        """The chunk has gone through all layers."""
        self.lengths = self.lengths + self._counts

    def rewind(self, row: int, length: int) -> None:
        """Forget the tokens of a row from `length` on, or more: `lengths` says what is left."""
        raise NotImplementedError

    def keep(self, rows: Tensor) -> None:
        """Drop all rows of the batch but these."""
        self.lengths, self._before = self.lengths[rows], self._before[rows.to(self.device)]

    def entries_stored(self) -> Tensor:
        """[L, H, B]: key-value entries held."""
        raise NotImplementedError

    def bytes_allocated(self) -> int:
        """Bytes of all buffers of keys and values."""
        raise NotImplementedError

    def bytes_used(self) -> int:
        """Bytes of the entries held."""
        return self.config.kv_bytes(int(self.entries_stored().sum()), self.dtype.itemsize)


class DenseCache(Cache):
    """Every token keeps its slot."""

    def __init__(self, config: ModelConfig, batch: int, slots: int, dtype: torch.dtype, device: torch.device) -> None:
        super().__init__(config, batch, dtype, device)
        shape = (config.layers, batch, config.kv_heads, slots, config.head_dim)
        self.keys, self.values = (torch.zeros(shape, dtype=dtype, device=device) for _ in range(2))

    def begin(self, ids: Tensor, counts: Tensor | None) -> Tensor:
        positions = super().begin(ids, counts)
        slots = int((self.lengths + ids.shape[1]).max())
        self._mask = (torch.arange(slots, device=self.device) <= positions[:, :, None])[:, None]
        return positions

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor, z: Tensor) -> Tensor:
        heads, tokens = k.shape[1:3]
        index = self._positions[:, None, :, None].expand_as(k)
        self.keys[layer].scatter_(2, index, k)
        self.values[layer].scatter_(2, index, v)
        slots = self._mask.shape[-1]
        k, v = self.keys[layer][:, :, :slots], self.values[layer][:, :, :slots]
        self.entries_read[layer] += len(q) * tokens * slots
        groups = q.shape[1] // heads
        if tokens == 1:  # the queries of a group share keys and mask: let them stand as rows, copy nothing
            rows = q.view(len(q), heads, groups, -1)
            return F.scaled_dot_product_attention(rows, k, v, attn_mask=self._mask).view_as(q)
        k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=self._mask)

    def rewind(self, row: int, length: int) -> None:
        self.lengths[row] = min(length, int(self.lengths[row]))

    def keep(self, rows: Tensor) -> None:
        super().keep(rows)
        self.keys, self.values = (t[:, rows.to(self.device)] for t in (self.keys, self.values))

    def entries_stored(self) -> Tensor:
        return self.lengths.expand(self.config.layers, self.config.kv_heads, -1)

    def bytes_allocated(self) -> int:
        return self.keys.nbytes + self.values.nbytes


class RoutedCache(Cache):
    """Tokens with a shut gate are dropped when they leave the window."""

    def __init__(self, config: ModelConfig, batch: int, dtype: torch.dtype, device: torch.device) -> None:
        super().__init__(config, batch, dtype, device)
        shape = (batch, config.window + ROUND, config.head_dim)
        self._buffers = [  # keys and values of each layer and head
            [[torch.zeros(shape, dtype=dtype, device=device) for _ in range(2)] for _ in range(config.kv_heads)]
            for _ in range(config.layers)
        ]
        self.kept = torch.zeros(config.layers, config.kv_heads, batch, dtype=torch.long)
        self._stays = torch.zeros(config.layers, batch, config.kv_heads, config.window, dtype=torch.bool, device=device)

    def begin(self, ids: Tensor, counts: Tensor | None) -> Tensor:
        positions, window = super().begin(ids, counts), self.config.window
        self._single = ids.shape[1] == 1 and bool((self._counts == 1).all())
        if self._single:
            self._slot = positions[:, 0] % window
            return positions
        slot = torch.arange(window, device=self.device)
        ring = self._start - 1 - (self._start - 1 - slot) % window  # position that each slot of the ring holds
        self._local = torch.cat((ring, positions), 1)
        real = torch.cat((ring >= 0, self._real), 1)
        age = positions[:, :, None] - self._local[:, None, :]
        self._seen = (age == 0) | ((age >= 0) & real[:, None])
        self._near = age < window
        end = self._start + self._counts.to(self.device)[:, None]
        self._leaving = real & (self._local < end - window)
        self._stayers = (self._real & (positions >= end - window)).nonzero(as_tuple=True)
        return positions

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor, z: Tensor) -> Tensor:
        stays = (z > 0) | self._fixed[:, None]
        rows = q.unflatten(1, (k.shape[1], -1))  # [B, H, G, T, K]
        one = self._decode if self._single else self._chunk
        heads = [one(layer, h, rows[:, h], k[:, h], v[:, h], stays[:, h]) for h in range(k.shape[1])]
        return torch.stack(heads, 1).flatten(1, 2)

    def _decode(self, layer: int, head: int, q: Tensor, k: Tensor, v: Tensor, stays: Tensor) -> Tensor:
        """One new token in every row: k, v [B, 1, K], q [B, G, 1, K] -> [B, G, 1, K]."""
        ring, window, batch = self._stays[layer, :, head], self.config.window, torch.arange(len(k), device=self.device)
        kept = self.kept[layer, head]
        moved = ring[batch, self._slot].cpu() & (self.lengths >= window)
        if moved.any():
            who = moved.nonzero()[:, 0]
            self._reserve(layer, head, window + int(kept[who].max()) + 1)
            there, where = who.to(self.device), (window + kept[who]).to(self.device)
            for buffer in self._buffers[layer][head]:
                buffer[there, where] = buffer[there, self._slot[there]]
            kept += moved
        for buffer, new in zip(self._buffers[layer][head], (k, v), strict=True):
            buffer[batch, self._slot] = new[:, 0]
        ring[batch, self._slot] = stays[:, 0]
        valid = (self.lengths + 1).clamp(max=window) + kept
        slots = int(valid.max())
        keys, values = (buffer[:, None, :slots] for buffer in self._buffers[layer][head])
        mask = None
        if int(valid.min()) < slots:
            mask = (torch.arange(slots) < valid[:, None]).to(self.device)[:, None, None]
        self.entries_read[layer, head] += len(q) * slots
        return F.scaled_dot_product_attention(q.transpose(1, 2), keys, values, attn_mask=mask).transpose(1, 2)

    def _chunk(self, layer: int, head: int, q: Tensor, k: Tensor, v: Tensor, stays: Tensor) -> Tensor:
        """Several new tokens: k, v [B, T, K], q [B, G, T, K] -> [B, G, T, K]."""
        window, kept = self.config.window, self.kept[layer, head]
        most = int(kept.max())
        stays = torch.cat((self._stays[layer, :, head], stays), 1)
        visible = self._seen & (self._near | stays[:, None, :])
        held = (torch.arange(most) < kept[:, None]).to(self.device)[:, None].expand(-1, k.shape[1], -1)
        mask = torch.cat((visible[..., :window], held, visible[..., window:]), -1)[:, None]
        buffers = self._buffers[layer][head]
        keys, values = (torch.cat((b[:, : window + most], new), 1) for b, new in zip(buffers, (k, v), strict=True))
        shape = (-1, q.shape[1], -1, -1)
        wide = (keys[:, None].expand(shape), values[:, None].expand(shape))
        self.entries_read[layer, head] += mask.numel()
        y = F.scaled_dot_product_attention(q, *wide, attn_mask=mask)

        keepers = self._leaving & stays
        gained = keepers.sum(1).cpu()
        self._reserve(layer, head, window + int((kept + gained).max()))
        rows, columns = keepers.nonzero(as_tuple=True)
        rank = keepers.cumsum(1)[rows, columns] - 1
        where = window + kept.to(self.device)[rows] + rank
        source = columns + most * (columns >= window)  # the kept stand between ring and chunk
        who, place = self._stayers
        slot = self._positions[who, place] % window
        for buffer, seen, new in zip(self._buffers[layer][head], (keys, values), (k, v), strict=True):
            buffer[rows, where] = seen[rows, source]
            buffer[who, slot] = new[who, place]
        self._stays[layer][who, head, slot] = stays[:, window:][who, place]
        kept += gained
        return y

    def _reserve(self, layer: int, head: int, slots: int) -> None:
        """Make room in the buffers of one head: an eighth more than needed, so that growing is rare."""
        buffers = self._buffers[layer][head]
        if buffers[0].shape[1] < slots:
            more = -(-(slots + slots // 8) // ROUND) * ROUND - buffers[0].shape[1]
            self._buffers[layer][head] = [F.pad(buffer, (0, 0, 0, more)) for buffer in buffers]

    def rewind(self, row: int, length: int) -> None:
        if length < int(self.lengths[row]):
            self.lengths[row] = 0
            self._before[row] = -1
            self.kept[:, :, row] = 0

    def keep(self, rows: Tensor) -> None:
        super().keep(rows)
        self.kept, self._stays = self.kept[:, :, rows], self._stays[:, rows.to(self.device)]
        for layer, heads in enumerate(self._buffers):
            for head, buffers in enumerate(heads):
                slots = -(-int(self.kept[layer, head].max()) // ROUND) * ROUND + ROUND + self.config.window
                heads[head] = [buffer[rows.to(self.device), :slots] for buffer in buffers]

    def entries_stored(self) -> Tensor:
        return self.kept + self.lengths.clamp(max=self.config.window)

    def bytes_allocated(self) -> int:
        return sum(buffer.nbytes for heads in self._buffers for buffers in heads for buffer in buffers)

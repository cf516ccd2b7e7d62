"""Key-value caches of a batch whose rows have different lengths: one that keeps every token, and the routed one.

Shapes: L layers, B batch, T new tokens, H key-value heads, G query heads of each, S slots, W window, K head width.
Both are fed by `Transformer.forward`: `begin` a chunk, `attend` in each layer, `end`. Any chunks give the same result.
The routed cache has one buffer per layer and head, as long as that head needs: a ring of the last W tokens, then those
kept for good (open gates, sinks, pinned tokens), appended as they leave the ring. What is valid is a prefix of the
buffer, in any order, for positions are rotated into the keys: a single new token needs no mask and no gather.
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
    """What both have in common: length of each row, the chunk under way, the count of entries read."""

    def __init__(self, config: ModelConfig, batch: int, dtype: torch.dtype, device: torch.device) -> None:
        self.config, self.dtype, self.device = config, dtype, device
        self.lengths = torch.zeros(batch, dtype=torch.long)
        self._read = [[0] * config.kv_heads for _ in range(config.layers)]
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

    def entries_read(self) -> Tensor:
        """[L, H]: pairs of query and key that attention has computed so far, hidden ones in a chunk included."""
        return torch.tensor(self._read)

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
        self._read[layer] = [n + len(q) * tokens * slots for n in self._read[layer]]
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
        layers, heads, window = config.layers, config.kv_heads, config.window
        self.kept = torch.zeros(layers, heads, batch, dtype=torch.long, device=device)
        self._stays = torch.zeros(layers, heads, batch, window, dtype=torch.bool, device=device)
        self._flat = [torch.zeros(2, 0, config.head_dim, dtype=dtype, device=device) for _ in range(layers)]
        self._views: list[list[Tensor]] = [[] for _ in range(layers)]  # keys and values of each head [2, B, slots, K]
        self._room = torch.zeros(layers, heads, 1, dtype=torch.long, device=device)  # slots for kept tokens
        self._first = torch.zeros(layers, heads, batch, dtype=torch.long, device=device)  # slot in the flat buffer
        for layer in range(layers):
            self._lay_out(layer, [0] * heads)

    def _lay_out(self, layer: int, kept: list[int], rows: Tensor | None = None) -> None:
        """Buffers of a layer with room for so many kept tokens of each head and some more, in one piece of memory."""
        old, window, batch = self._views[layer], self.config.window, self.kept.shape[2]
        slots = [window + -(-(n + n // 8 + 1) // ROUND) * ROUND for n in kept]
        self._flat[layer] = self._flat[layer].new_zeros(2, batch * sum(slots), self.config.head_dim)
        parts = self._flat[layer].split([batch * n for n in slots], 1)
        self._views[layer] = [part.unflatten(1, (batch, n)) for part, n in zip(parts, slots, strict=True)]
        for before, after in zip(old, self._views[layer], strict=False):
            n = min(before.shape[2], after.shape[2])
            after[:, :, :n] = before[:, :, :n] if rows is None else before[:, rows, :n]
        start = 0
        for head, n in enumerate(slots):
            self._room[layer, head] = n - window
            self._first[layer, head] = start + n * torch.arange(batch, device=self.device)
            start += batch * n

    def _reserve(self, layer: int, kept: Tensor) -> None:
        """Make room for kept tokens [H, B]."""
        if bool((kept > self._room[layer]).any()):
            self._lay_out(layer, kept.amax(1).tolist())

    def begin(self, ids: Tensor, counts: Tensor | None) -> Tensor:
        positions, window = super().begin(ids, counts), self.config.window
        rows = torch.arange(len(ids), device=self.device)
        if ids.shape[1] == 1 and bool((self._counts == 1).all()):
            self._single: tuple[Tensor, Tensor] | None = (rows, positions[:, 0] % window)
            self._full = self._start[:, 0] >= window
            self._recent = (self._start[:, 0] + 1).clamp(max=window)
            return positions
        self._single = None
        slot = torch.arange(window, device=self.device)
        ring = self._start - 1 - (self._start - 1 - slot) % window  # position that each slot of the ring holds
        real = torch.cat((ring >= 0, self._real), 1)
        age = positions[:, :, None] - torch.cat((ring, positions), 1)[:, None, :]
        self._seen = (age == 0) | ((age >= 0) & real[:, None])
        self._near = age < window
        end = self._start + self._counts.to(self.device)[:, None]
        self._leaving = real & (torch.cat((ring, positions), 1) < end - window)
        self._stayers = (self._real & (positions >= end - window)).nonzero(as_tuple=True)
        return positions

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor, z: Tensor) -> Tensor:
        stays = ((z > 0) | self._fixed[:, None]).transpose(0, 1)  # [H, B, T]
        new = torch.stack((k, v)).transpose(1, 2)  # [2, H, B, T, K]
        rows = q.unflatten(1, (k.shape[1], -1)).transpose(0, 1)  # [H, B, G, T, K]
        y = self._chunk(layer, rows, new, stays) if self._single is None else self._decode(layer, rows, new, stays)
        return torch.stack(y, 1).flatten(1, 2)

    def _decode(self, layer: int, q: Tensor, new: Tensor, stays: Tensor) -> list[Tensor]:
        """One new token in every row -> [B, G, 1, K] of each head."""
        assert self._single
        (rows, slot), window, kept, ring = self._single, self.config.window, self.kept[layer], self._stays[layer]
        moved = ring[:, rows, slot] & self._full
        if bool(moved.any()):
            self._reserve(layer, kept + moved)
            first, flat = self._first[layer], self._flat[layer]
            flat[:, (first + window + kept)[moved]] = flat[:, (first + slot)[moved]]
            kept += moved
        self._flat[layer][:, self._first[layer] + slot] = new[..., 0, :]
        ring[:, rows, slot] = stays[..., 0]
        valid = self._recent + kept
        out = []
        for head, lengths in enumerate(valid.tolist()):
            slots = max(lengths)
            keys, values = self._views[layer][head][:, :, None, :slots]
            mask = None
            if min(lengths) < slots:
                mask = (torch.arange(slots, device=self.device) < valid[head][:, None])[:, None, None]
            self._read[layer][head] += len(lengths) * slots
            y = F.scaled_dot_product_attention(q[head].transpose(1, 2), keys, values, attn_mask=mask)
            out.append(y.transpose(1, 2))
        return out

    def _chunk(self, layer: int, q: Tensor, new: Tensor, stays: Tensor) -> list[Tensor]:
        """Several new tokens -> [B, G, T, K] of each head."""
        window, kept, tokens = self.config.window, self.kept[layer], new.shape[3]
        stays = torch.cat((self._stays[layer], stays), 2)
        visible = self._seen & (self._near | stays[:, :, None, :])
        keepers = self._leaving & stays
        gained = keepers.sum(2)
        self._reserve(layer, kept + gained)
        out = []
        for head, most in enumerate(kept.amax(1).tolist()):
            buffer = self._views[layer][head]
            held = (torch.arange(most, device=self.device) < kept[head][:, None])[:, None].expand(-1, tokens, -1)
            mask = torch.cat((visible[head, ..., :window], held, visible[head, ..., window:]), -1)[:, None]
            seen = torch.cat((buffer[:, :, : window + most], new[:, head]), 2)
            self._read[layer][head] += mask.numel()
            wide = seen[:, :, None].expand(-1, -1, q.shape[2], -1, -1)
            out.append(F.scaled_dot_product_attention(q[head], wide[0], wide[1], attn_mask=mask))
            rows, columns = keepers[head].nonzero(as_tuple=True)
            where = window + kept[head][rows] + keepers[head].cumsum(1)[rows, columns] - 1
            buffer[:, rows, where] = seen[:, rows, columns + most * (columns >= window)]
            rows, place = self._stayers
            slot = self._positions[rows, place] % window
            buffer[:, rows, slot] = new[:, head, rows, place]
            self._stays[layer, head, rows, slot] = stays[head, rows, window + place]
        kept += gained
        return out

    def rewind(self, row: int, length: int) -> None:
        if length < int(self.lengths[row]):
            self.lengths[row] = 0
            self._before[row] = -1
            self.kept[:, :, row] = 0

    def keep(self, rows: Tensor) -> None:
        super().keep(rows)
        rows = rows.to(self.device)
        self.kept, self._stays = self.kept[:, :, rows], self._stays[:, :, rows]
        self._first = self._first[:, :, : len(rows)].clone()
        for layer, kept in enumerate(self.kept.amax(2).tolist()):
            self._lay_out(layer, kept, rows)

    def entries_stored(self) -> Tensor:
        return self.kept.cpu() + self.lengths.clamp(max=self.config.window)

    def bytes_allocated(self) -> int:
        return sum(flat.nbytes for flat in self._flat)

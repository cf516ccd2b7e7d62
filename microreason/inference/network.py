"""The network in C (native.c) as a Python object: its memory, its caches and one call for tokens of many sequences.

Shapes: n tokens in a call, L layers, H key-value heads, S slots, K head width, V vocabulary. All arrays belong to
numpy; the library only computes, without Python's lock. Matrices are laid out in panels when a model is loaded
(panels.h). Which library is loaded is decided by the processor, or by the environment variable MICROREASON_CPU (numpy:
none; plain, avx2, avxvnni, avx512, amx, dotprod).
Does not cover choosing tokens (native.py) or reading weights (mapped.py).
"""

from __future__ import annotations

import ctypes
import math
import mmap
import os
from collections.abc import Sequence
from ctypes import c_int32, c_int64, c_void_p
from pathlib import Path
from typing import Any

import numpy as np

from microreason.errors import BadInput
from microreason.model.config import ModelConfig

VARIABLE = "MICROREASON_CPU"
ALIGN = 32  # widths must be multiples of this
LIMIT = 128  # tokens in a call
QUERIES, PANEL, TILE = 16, 16, 64  # as in the C files
LINE = 64  # bytes of a line of the cache
PAIR = 2 * PANEL  # rows of a matrix are filled up to a multiple of this
_ORDER = {"amx": 16, "avx512": 4, "avxvnni": 2, "avx2": 1, "dotprod": 8, "plain": 0}  # best first, bits of mr_cpu()
_MATRICES = {"qkv": ("wq", "wk", "wv"), "o": ("wo",), "gate_up": ("w_gate", "w_up"), "down": ("w_down",)}
_NORMS = ("attention_norm.weight", "q_norm.weight", "k_norm.weight", "mlp_norm.weight",
          "router.gate.weight", "router.gate.bias")  # fmt: skip


def _up(n: int, unit: int) -> int:
    return -(-n // unit) * unit


class _Matrix(ctypes.Structure):
    _fields_ = [
        ("w", c_void_p), ("scale", c_void_p), ("sum", c_void_p),
        *((name, c_int32) for name in ("rows", "width", "panel", "step")),
    ]  # fmt: skip


class _Quant(ctypes.Structure):
    _fields_ = [("x", c_void_p), ("scale", c_void_p), ("stride", c_int32), ("planes", c_int32)]


class _Block(ctypes.Structure):
    _fields_ = [("matrices", _Matrix * len(_MATRICES)), ("norms", c_void_p * len(_NORMS))]


class _Entries(ctypes.Structure):
    _fields_ = [(name, c_void_p) for name in ("k", "v", "ks", "vs", "sum", "open")]


class _Cache(ctypes.Structure):
    _fields_ = [("at", _Entries), ("kept", c_void_p), ("slots", c_int32), ("length", c_int32)]


class _Scratch(ctypes.Structure):
    _fields_ = [("scores", c_void_p), ("p", c_void_p), ("room", c_int64)]


class _Part(ctypes.Structure):
    _fields_ = [("cache", c_void_p), ("first", c_int32), ("count", c_int32), ("wanted", c_int32),
                ("accepted", c_int32)]  # fmt: skip


_SIZES = ("layers", "dim", "heads", "kv", "head", "ff", "window", "routed", "limit", "threads", "n", "parts")
_FLOATS = ("x", "h", "qkv", "y", "up", "f", "cos", "sin", "logits")


class _Model(ctypes.Structure):
    _fields_ = [
        *((name, c_int32) for name in _SIZES),
        ("blocks", c_void_p), ("embedding", _Matrix), ("norm", c_void_p), ("frequency", c_void_p),
        ("ids", c_void_p), ("position", c_void_p), ("fixed", c_void_p), ("part", c_void_p),
        *((name, c_void_p) for name in _FLOATS),
        ("a", _Quant), ("wide", _Quant), ("query", _Quant), ("stage", _Entries), ("scratch", c_void_p),
        ("stage_slots", c_int64), ("pool", c_void_p),
    ]  # fmt: skip


def find_library() -> tuple[str, ctypes.CDLL] | None:
    """Name and handle of the best library for this processor; None where there is none, or numpy is asked for.

    Raises BadInput where MICROREASON_CPU names what this processor or this installation does not have.
    """
    folder, wanted = Path(__file__).parent, os.environ.get(VARIABLE, "")
    if wanted == "numpy":
        return None
    if wanted and wanted not in _ORDER:
        raise BadInput(f"{VARIABLE} must be one of numpy, {', '.join(_ORDER)}, not {wanted!r}.")
    plain = folder / "_native_plain.so"
    has = _load(plain).mr_cpu() if plain.exists() else 0
    for name, bit in _ORDER.items():
        path = folder / f"_native_{name}.so"
        if (not wanted or name == wanted) and path.exists() and (bit == 0 or has & bit):
            return name, _load(path)
    if wanted:
        raise BadInput(f"{VARIABLE} asks for {wanted}, which this processor or this installation does not have.")
    return None


def _load(path: Path) -> ctypes.CDLL:
    library = ctypes.CDLL(str(path))
    for name in ("mr_start", "mr_stop", "mr_forward", "mr_commit"):
        getattr(library, name).argtypes, getattr(library, name).restype = [c_void_p], None
    library.mr_pack.argtypes = [c_void_p, *[ctypes.c_int] * 4, c_void_p, c_void_p]
    library.mr_pack.restype = None
    return library


def _zeros(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Zeros from a multiple of 64 bytes on, so that no vector lies across two lines of the processor's cache; memory is
    taken as it is written."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.zeros(size + LINE, np.uint8)
    start = -room.ctypes.data % LINE
    return room[start : start + size].view(dtype).reshape(shape)


def _entries(heads: int, slots: int, width: int) -> tuple[list[np.ndarray], _Entries]:
    """Room for keys and values, in blocks of 64 slots: arrays [heads, blocks, bytes or numbers of a block]."""
    blocks = _up(slots, TILE) // TILE
    sizes = [(TILE * _up(width, TILE), np.int8), (TILE * width, np.int8), (TILE, np.float32), (TILE, np.float32),
             (TILE, np.int32), (TILE, np.uint8)]  # fmt: skip
    arrays = [_zeros((heads, blocks, size), dtype) for size, dtype in sizes]
    return arrays, _Entries(*(a.ctypes.data for a in arrays))


class Cache:
    """Keys and values of one sequence of up to `slots` tokens, in int8; memory is taken as it fills."""

    def __init__(self, config: ModelConfig, slots: int) -> None:
        self.slots = slots
        self._window = config.window
        self._heads = config.layers * config.kv_heads
        self.arrays, at = _entries(self._heads, slots, config.head_dim)
        self.kept = np.zeros(self._heads, np.int32)
        self.ids: list[int] = []
        self.c = _Cache(at, self.kept.ctypes.data, _up(slots, TILE), 0)
        self.address = ctypes.addressof(self.c)

    def entries(self) -> int:
        """Key-value entries held, over all layers and heads."""
        return int(self.kept.sum()) + self._heads * min(len(self.ids), self._window)

    def mark(self) -> tuple[Any, ...]:
        """What `back` needs to forget all that is written later: the ring, which alone is written over."""
        ring = _up(min(self._window, self.slots), TILE) // TILE
        return [a[:, :ring].copy() for a in self.arrays], self.kept.copy(), len(self.ids)

    def back(self, mark: tuple[Any, ...]) -> None:
        """Return to a mark."""
        for array, ring in zip(self.arrays, mark[0], strict=True):
            array[:, : ring.shape[1]] = ring
        self.kept[:] = mark[1]
        del self.ids[mark[2] :]
        self.c.length = mark[2]

    def copy_from(self, other: Cache) -> None:
        """Become equal to another cache that holds no more than fits here."""
        used = _up(min(len(other.ids), self._window) + int(other.kept.max()), TILE) // TILE
        for mine, theirs in zip(self.arrays, other.arrays, strict=True):
            mine[:, :used] = theirs[:, :used]
        self.kept[:] = other.kept
        self.ids = list(other.ids)
        self.c.length = other.c.length


class Network:
    """A model ready to run: `forward` tokens, then `commit` those that are accepted. `tensors` may go afterwards.

    Activations are rounded to `planes` int8 vectors each; hidden units of the MLP, whose largest stand far from the
    rest, always to two: in int8 they part scores furthest from those of unrounded activations (dev/LOG.md).
    """

    def __init__(
        self, config: ModelConfig, tensors: dict[str, np.ndarray], library: ctypes.CDLL,
        threads: int = 1, planes: int = 1, limit: int = LIMIT,
    ) -> None:  # fmt: skip
        self.config, self._library, self.limit = config, library, limit
        self._alive: list[Any] = []
        c, m = config, _Model()
        kv, wide = c.kv_heads * c.head_dim, c.dim + 2 * c.kv_heads * c.head_dim
        sizes = (c.layers, c.dim, c.heads, c.kv_heads, c.head_dim, c.ff, c.window, int(c.routing == "hard"), limit,
                 threads)  # fmt: skip
        for name, size in zip(_SIZES, sizes, strict=False):
            setattr(m, name, size)
        matrices = [(wide, c.dim), (c.dim, c.dim), (2 * c.ff, c.dim), (c.dim, c.ff)] * c.layers
        self._store = mmap.mmap(-1, sum(_up(r, PAIR) * _up(w, TILE) for r, w in [*matrices, (c.vocab_size, c.dim)]))
        if hasattr(mmap, "MADV_HUGEPAGE"):
            self._store.madvise(mmap.MADV_HUGEPAGE)
        self._free = 0
        blocks = (_Block * c.layers)()
        for i, block in enumerate(blocks):
            name = f"blocks.{i}."
            block.matrices = tuple(
                self._matrix(tensors, [f"{name}{part}.weight" for part in parts], which == "gate_up")
                for which, parts in _MATRICES.items()
            )
            block.norms = tuple(self._hold(tensors[name + which].copy()) for which in _NORMS)
        self._alive.append(blocks)
        m.blocks, m.embedding = ctypes.addressof(blocks), self._matrix(tensors, ["embedding.weight"], False)
        m.norm = self._hold(tensors["norm.weight"].copy())
        half = c.head_dim // 2
        m.frequency = self._hold(c.rope_theta ** (-np.arange(half) / half))
        self._ids, self._position = np.zeros(limit, np.int32), np.zeros(limit, np.int32)
        self._fixed, self._parts = np.zeros(limit, np.uint8), (_Part * limit)()
        m.ids, m.position, m.fixed = self._hold(self._ids), self._hold(self._position), self._hold(self._fixed)
        m.part = ctypes.addressof(self._parts)
        widths = (c.dim, c.dim, c.dim + 2 * kv, c.dim, 2 * c.ff, c.ff, half, half)
        for name, width in zip(_FLOATS, widths, strict=False):
            setattr(m, name, self._hold(_zeros((limit + threads, width), np.float32)))
        self._logits = _zeros((limit, _up(c.vocab_size, PAIR)), np.float32)
        m.logits = self._hold(self._logits)
        m.a, m.wide = self._quant(limit + threads, c.dim, planes), self._quant(limit + threads, c.ff, 2)
        m.query = self._quant(limit * c.heads, c.head_dim, planes)
        m.stage_slots = _up(limit, TILE) + TILE
        stage, m.stage = _entries(c.layers * c.kv_heads, m.stage_slots, c.head_dim)
        self._alive.append(stage)
        self._m, self._address = m, ctypes.addressof(m)
        self._scratch = (_Scratch * threads)()
        m.scratch = ctypes.addressof(self._scratch)
        self._room(256)
        library.mr_start(self._address)
        self._owner = os.getpid()

    def _hold(self, array: np.ndarray) -> int:
        self._alive.append(array)
        return array.ctypes.data

    def _matrix(self, tensors: dict[str, np.ndarray], names: list[str], in_turns: bool) -> _Matrix:
        """Tensors below one another as a matrix in panels, or `in_turns`, a panel of each."""
        width, rows = tensors[names[0]].shape[1], sum(len(tensors[name]) for name in names)
        wide, filled, skip = _up(width, TILE), _up(rows, PAIR), len(names) if in_turns else 1
        out = np.frombuffer(self._store, np.int8, filled * wide, self._free)
        self._free += filled * wide
        scale, sums, panel = _zeros((filled,), np.float32), _zeros((filled,), np.int32), 0
        for name in names:
            w = np.ascontiguousarray(tensors[name])
            to, sums_to = out[panel * PANEL * wide :], sums[panel * PANEL :]
            self._library.mr_pack(w.ctypes.data, *w.shape, wide, skip, to.ctypes.data, sums_to.ctypes.data)
            own = tensors[name + ".scale"]
            of_panels = np.pad(own, (0, -len(own) % PANEL)).reshape(-1, PANEL)
            scale.reshape(-1, PANEL)[panel : panel + skip * len(of_panels) : skip] = of_panels
            panel += 1 if in_turns else len(w) // PANEL
        return _Matrix(out.ctypes.data, self._hold(scale), self._hold(sums), filled, wide, PANEL * wide, PANEL * 4)

    def _quant(self, rows: int, width: int, planes: int) -> _Quant:
        """Rounded rows, and as many more as a pair of tiles may read beyond them."""
        stride = _up(width, TILE)
        x = _zeros((rows * planes + PAIR, stride), np.int8)
        return _Quant(self._hold(x), self._hold(np.zeros(rows, np.float32)), stride, planes)

    def _room(self, keys: int) -> None:
        """Scores for so many keys."""
        c = self.config
        rows, room = max(QUERIES, c.heads // c.kv_heads), _up(keys, TILE) + self._m.stage_slots
        self._scores = _zeros((self._m.threads, rows, room), np.float32)
        self._chances = _zeros((self._m.threads, 2 * rows + PAIR, room), np.uint8)
        for own, scores, chances in zip(self._scratch, self._scores, self._chances, strict=True):
            own.scores, own.p, own.room = scores.ctypes.data, chances.ctypes.data, room
        self._keys = keys

    @property
    def threads(self) -> int:
        """Threads that compute, the caller's included."""
        return self._m.threads

    def cache(self, slots: int) -> Cache:
        """An empty cache for up to `slots` tokens."""
        if slots > self._keys:
            self._room(slots)
        return Cache(self.config, slots)

    def forward(self, parts: Sequence[tuple[Cache, Sequence[int], int]]) -> np.ndarray:
        """Tokens that follow those of each cache, and of how many of the last ones the scores are wanted.

        Returns the wanted scores [wanted in all, V], valid until the next call. At most `limit` tokens in all.
        """
        if self._owner != os.getpid():  # forked: the threads are gone
            self._library.mr_start(self._address)
            self._owner = os.getpid()
        c, at, rows = self.config, 0, 0
        tokens: list[int] = []
        before: list[int] = []
        places: list[int] = []
        for part, (cache, ids, wanted) in zip(self._parts, parts, strict=False):
            start, count = len(cache.ids), len(ids)
            part.cache, part.first, part.count, part.wanted = cache.address, at, count, wanted
            if start + count > cache.slots or at + count > self.limit:
                raise ValueError("more tokens than the cache or a call has room for")
            before += cache.ids[-1:] or [-1]
            before += ids[:-1]
            tokens += ids
            places += range(start, start + count)
            at, rows = at + count, rows + wanted
        if not 0 <= min(tokens, default=0) <= max(tokens, default=0) < c.vocab_size:
            raise ValueError("a token outside of the vocabulary")
        self._ids[:at], self._position[:at] = tokens, places
        if c.pin or c.pin_after or min(places, default=0) < c.sinks:
            self._fixed[:at] = c.fixed(self._ids[:at], np.array(before[:at], np.int32), self._position[:at])
        else:
            self._fixed[:at] = 0
        self._m.n, self._m.parts, self._caches = at, len(parts), [cache for cache, _, _ in parts]
        self._library.mr_forward(self._address)
        return self._logits[:rows, : c.vocab_size]

    def commit(self, accepted: Sequence[Sequence[int]]) -> None:
        """For each part of the last call, its first tokens that are accepted, these ids; the others are forgotten."""
        for part, cache, ids in zip(self._parts, self._caches, accepted, strict=False):
            part.accepted = len(ids)
            cache.ids += ids
        self._library.mr_commit(self._address)

    def __del__(self) -> None:
        if getattr(self, "_owner", None) is not None:
            self._library.mr_stop(self._address)

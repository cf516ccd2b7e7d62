"""The network in C (native.c) as a Python object: its memory, its caches and one call for tokens of many sequences.

Shapes: n tokens in a call, L layers, H key-value heads, S slots, K head width, V vocabulary. All arrays belong to
numpy; the library only computes, without Python's lock. Which library is loaded is decided by the processor, or by the
environment variable MICROREASON_CPU (numpy: none; plain, avx2, avxvnni, avx512, dotprod).
Does not cover choosing tokens (native.py) or reading weights (mapped.py).
"""

from __future__ import annotations

import ctypes
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
QUERIES = 16  # rows of scores that a thread works on, as in native.c
_ORDER = {"avx512": 4, "avxvnni": 2, "avx2": 1, "dotprod": 8, "plain": 0}  # best first, and the bit in mr_cpu()
_MATRICES = ("wq", "wk", "wv", "wo", "w_gate", "w_up", "w_down")
_NORMS = ("attention_norm.weight", "q_norm.weight", "k_norm.weight", "mlp_norm.weight",
          "router.gate.weight", "router.gate.bias")  # fmt: skip


class _Matrix(ctypes.Structure):
    _fields_ = [("w", c_void_p), ("scale", c_void_p), ("rows", c_int32), ("width", c_int32)]


class _Quant(ctypes.Structure):
    _fields_ = [("x", c_void_p), ("scale", c_void_p), ("sum", c_void_p), ("stride", c_int32), ("planes", c_int32)]


class _Block(ctypes.Structure):
    _fields_ = [("matrices", _Matrix * len(_MATRICES)), ("norms", c_void_p * len(_NORMS))]


class _Entries(ctypes.Structure):
    _fields_ = [(name, c_void_p) for name in ("k", "v", "ks", "vs", "open")]


class _Cache(ctypes.Structure):
    _fields_ = [("at", _Entries), ("kept", c_void_p), ("slots", c_int32), ("length", c_int32)]


class _Part(ctypes.Structure):
    _fields_ = [("cache", c_void_p), ("first", c_int32), ("count", c_int32), ("wanted", c_int32)]


_SIZES = ("layers", "dim", "heads", "kv", "head", "ff", "window", "routed", "limit", "threads", "planes", "n", "parts")
_FLOATS = ("x", "h", "q", "k", "v", "gate", "up", "cos", "sin", "logits", "scores")


class _Model(ctypes.Structure):
    _fields_ = [
        *((name, c_int32) for name in _SIZES),
        ("blocks", c_void_p), ("embedding", _Matrix), ("norm", c_void_p), ("frequency", c_void_p),
        ("ids", c_void_p), ("position", c_void_p), ("fixed", c_void_p), ("part", c_void_p),
        *((name, c_void_p) for name in _FLOATS),
        ("score_room", c_int64), ("a", _Quant), ("f", _Quant), ("query", _Quant), ("stage", _Entries),
        ("pool", c_void_p),
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
    for name in ("mr_start", "mr_stop", "mr_forward"):
        getattr(library, name).argtypes, getattr(library, name).restype = [c_void_p], None
    library.mr_commit.argtypes, library.mr_commit.restype = [c_void_p, c_void_p, ctypes.c_int, ctypes.c_int], None
    return library


def _entries(shape: tuple[int, ...], width: int) -> tuple[list[np.ndarray], _Entries]:
    arrays = [np.zeros((*shape, width), np.int8) for _ in range(2)]
    arrays += [np.zeros(shape, np.float32) for _ in range(2)] + [np.zeros(shape, np.uint8)]
    return arrays, _Entries(*(a.ctypes.data for a in arrays))


class Cache:
    """Keys and values of one sequence of up to `slots` tokens, in int8; memory is taken as it fills."""

    def __init__(self, config: ModelConfig, slots: int) -> None:
        self._ring = min(config.window, slots)
        self._heads = config.layers * config.kv_heads
        self.arrays, at = _entries((self._heads, slots), config.head_dim)
        self.kept = np.zeros(self._heads, np.int32)
        self.ids: list[int] = []
        self.c = _Cache(at, self.kept.ctypes.data, slots, 0)
        self.address = ctypes.addressof(self.c)

    def entries(self) -> int:
        """Key-value entries held, over all layers and heads."""
        return int(self.kept.sum()) + self._heads * min(len(self.ids), self._ring)

    def mark(self) -> tuple[Any, ...]:
        """What `back` needs to forget all that is written later."""
        return [a[:, : self._ring].copy() for a in self.arrays], self.kept.copy(), len(self.ids)

    def back(self, mark: tuple[Any, ...]) -> None:
        """Return to a mark."""
        for array, ring in zip(self.arrays, mark[0], strict=True):
            array[:, : self._ring] = ring
        self.kept[:] = mark[1]
        del self.ids[mark[2] :]
        self.c.length = mark[2]

    def copy_from(self, other: Cache) -> None:
        """Become equal to another cache that holds no more than fits here."""
        used = len(other.ids) if len(other.ids) <= self._ring else self._ring + int(other.kept.max())
        for mine, theirs in zip(self.arrays, other.arrays, strict=True):
            mine[:, :used] = theirs[:, :used]
        self.kept[:] = other.kept
        self.ids = list(other.ids)
        self.c.length = other.c.length


class Network:
    """A model ready to run: `forward` tokens, then `commit` those that are accepted."""

    def __init__(
        self, config: ModelConfig, tensors: dict[str, np.ndarray], library: ctypes.CDLL,
        threads: int = 1, planes: int = 1, limit: int = LIMIT,
    ) -> None:  # fmt: skip
        self.config, self._library, self.limit = config, library, limit
        self._alive: list[Any] = []
        c, m = config, _Model()
        kv, slots, rows = c.kv_heads * c.head_dim, (c.layers * c.kv_heads, limit), limit * c.heads
        sizes = (c.layers, c.dim, c.heads, c.kv_heads, c.head_dim, c.ff, c.window, int(c.routing == "hard"), limit,
                 threads, planes)  # fmt: skip
        for name, size in zip(_SIZES, sizes, strict=False):
            setattr(m, name, size)
        blocks = (_Block * c.layers)()
        for i, block in enumerate(blocks):
            name = f"blocks.{i}."
            block.matrices = tuple(self._matrix(tensors, f"{name}{which}.weight") for which in _MATRICES)
            block.norms = tuple(self._hold(tensors[name + which]) for which in _NORMS)
        self._alive.append(blocks)
        m.blocks, m.embedding = ctypes.addressof(blocks), self._matrix(tensors, "embedding.weight")
        m.norm = self._hold(tensors["norm.weight"])
        half = c.head_dim // 2
        m.frequency = self._hold(c.rope_theta ** (-np.arange(half) / half))
        self._ids, self._position = np.zeros(limit, np.int32), np.zeros(limit, np.int32)
        self._fixed, self._parts = np.zeros(limit, np.uint8), (_Part * limit)()
        m.ids, m.position, m.fixed = self._hold(self._ids), self._hold(self._position), self._hold(self._fixed)
        m.part = ctypes.addressof(self._parts)
        self._logits = np.zeros((limit, c.vocab_size), np.float32)
        floats = {
            "x": c.dim,
            "h": c.dim,
            "q": c.dim,
            "k": kv,
            "v": kv,
            "gate": c.ff,
            "up": c.ff,
            "cos": half,
            "sin": half,
        }
        for name, width in floats.items():
            setattr(m, name, self._hold(np.zeros((limit, width), np.float32)))
        m.logits = self._hold(self._logits)
        m.a, m.f = self._quant(limit, c.dim, planes), self._quant(limit, c.ff, planes)
        m.query = self._quant(rows, c.head_dim, planes)
        stage, m.stage = _entries(slots, c.head_dim)
        self._alive.append(stage)
        self._m, self._address = m, ctypes.addressof(m)
        self._room(256)
        library.mr_start(self._address)
        self._owner = os.getpid()

    def _hold(self, array: np.ndarray) -> int:
        self._alive.append(array)
        return array.ctypes.data

    def _matrix(self, tensors: dict[str, np.ndarray], name: str) -> _Matrix:
        w = tensors[name]
        return _Matrix(self._hold(w), self._hold(tensors[name + ".scale"]), *w.shape)

    def _quant(self, rows: int, width: int, planes: int) -> _Quant:
        stride = -(-width // 64) * 64
        arrays = (
            np.zeros(rows * planes * stride, np.int8),
            np.zeros(rows, np.float32),
            np.zeros(rows * planes, np.int32),
        )
        return _Quant(*(self._hold(a) for a in arrays), stride, planes)

    def _room(self, keys: int) -> None:
        """Scores for so many keys."""
        c = self.config
        self._m.score_room = max(QUERIES, c.heads // c.kv_heads) * (keys + self.limit + 16)
        self._scores = np.empty((self._m.threads, self._m.score_room), np.float32)
        self._m.scores, self._keys = self._scores.ctypes.data, keys

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
        for part, (cache, ids, wanted) in zip(self._parts, parts, strict=False):
            start, end = len(cache.ids), at + len(ids)
            part.cache, part.first, part.count, part.wanted = cache.address, at, len(ids), wanted
            if start + len(ids) > cache.c.slots or end > self.limit:
                raise ValueError("more tokens than the cache or a call has room for")
            self._ids[at:end] = ids
            self._position[at:end] = range(start, start + len(ids))
            if c.pin or c.pin_after or start < c.sinks:
                before = np.array([cache.ids[-1] if cache.ids else -1, *ids[:-1]])
                self._fixed[at:end] = c.fixed(self._ids[at:end], before, self._position[at:end])
            else:
                self._fixed[at:end] = 0
            at, rows = end, rows + wanted
        if len(self._ids[:at]) and not 0 <= self._ids[:at].min() <= self._ids[:at].max() < c.vocab_size:
            raise ValueError("a token outside of the vocabulary")
        self._m.n, self._m.parts = at, len(parts)
        self._library.mr_forward(self._address)
        return self._logits[:rows]

    def commit(self, cache: Cache, part: int, ids: Sequence[int]) -> None:
        """The first tokens of a cache's part of the last call, these ids, are accepted; the others are forgotten."""
        self._library.mr_commit(self._address, cache.address, self._parts[part].first, len(ids))
        cache.ids += ids

    def __del__(self) -> None:
        if getattr(self, "_owner", None) is not None:
            self._library.mr_stop(self._address)

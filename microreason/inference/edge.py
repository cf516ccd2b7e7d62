"""The engine without torch: the network in numpy, one problem at a time, with a key-value cache.

It is written straight from the equations and serves as the second opinion on the torch engine in the tests.
Shapes: T tokens, D model width, N query heads, H key-value heads, K head width, S slots.
Does not cover batches, int8 arithmetic (weights are widened to float32 at load) or a compact routed cache.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from microreason.inference.drafts import Draft, Generation, Mode, begin
from microreason.solution import MAX_TOKENS
from microreason.tokenizer import Tokenizer
from microreason.weights_file import describe, read_weights, tokenizer_file


def _norm(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return x / np.sqrt(np.mean(x * x, -1, keepdims=True) + 1e-6) * weight


class EdgeEngine:
    """Solves on any CPU with numpy alone."""

    def __init__(self, weights: Path | str | None = None) -> None:
        self.info: dict[str, Any] = {"engine": "numpy", **describe(weights)}
        self.config, self._w = read_weights(weights)
        self.tokenizer = Tokenizer.load(tokenizer_file(weights))
        c = self.config
        frequency = c.rope_theta ** (-np.arange(c.head_dim // 2) / (c.head_dim // 2))
        angle = np.arange(c.max_context)[:, None] * frequency
        self._cos, self._sin = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
        self._blocks = [
            {name.split(".", 2)[2]: tensor for name, tensor in self._w.items() if name.startswith(f"blocks.{i}.")}
            for i in range(c.layers)
        ]

    def _rotate(self, x: np.ndarray, start: int) -> np.ndarray:
        cos, sin = self._cos[start : start + len(x), None], self._sin[start : start + len(x), None]
        a, b = np.split(x, 2, -1)
        return np.concatenate((a * cos - b * sin, b * cos + a * sin), -1)

    def _forward(
        self, whole: Sequence[int], start: int, keys: np.ndarray, values: np.ndarray, gates: np.ndarray
    ) -> np.ndarray:
        """Run the tokens from position `start` on; returns the scores [V] after the last of them.

        keys and values [L, S, H, K] and gates [L, S, H] are the cache, written in place.
        """
        c, end, ids = self.config, len(whole), np.array(whole)
        fixed = c.fixed(ids, np.append(-1, ids[:-1]), np.arange(end))
        x = self._w["embedding.weight"][ids[start:]]
        query, slot = np.arange(start, end)[:, None], np.arange(end)[None, :]
        causal = slot <= query
        far = (query - slot >= c.window) & ~fixed[:end] if c.routing == "hard" else np.zeros_like(causal)
        for i, w in enumerate(self._blocks):
            h = _norm(x, w["attention_norm.weight"])
            q = _norm((h @ w["wq.weight"].T).reshape(-1, c.heads, c.head_dim), w["q_norm.weight"])
            k = _norm((h @ w["wk.weight"].T).reshape(-1, c.kv_heads, c.head_dim), w["k_norm.weight"])
            q, k = self._rotate(q, start), self._rotate(k, start)
            keys[i, start:end] = k
            values[i, start:end] = (h @ w["wv.weight"].T).reshape(-1, c.kv_heads, c.head_dim)
            gates[i, start:end] = h @ w["router.gate.weight"].T + w["router.gate.bias"] > 0
            y = np.empty_like(q)
            for n in range(c.heads):
                head = n // (c.heads // c.kv_heads)
                scores = q[:, n] @ keys[i, :end, head].T / np.float32(np.sqrt(c.head_dim))
                scores = np.where(causal & (gates[i, :end, head] | ~far), scores, -np.inf)
                p = np.exp(scores - scores.max(-1, keepdims=True))
                y[:, n] = p / p.sum(-1, keepdims=True) @ values[i, :end, head]
            x = x + y.reshape(-1, c.dim) @ w["wo.weight"].T
            h = _norm(x, w["mlp_norm.weight"])
            gate = h @ w["w_gate.weight"].T
            x = x + (gate / (1 + np.exp(-gate)) * (h @ w["w_up.weight"].T)) @ w["w_down.weight"].T
        return self._w["embedding.weight"] @ _norm(x[-1], self._w["norm.weight"])

    def generate(
        self,
        problems: Sequence[str],
        *,
        mode: Mode = "plain",
        max_tokens: int = MAX_TOKENS,
        temperature: float = 0.0,
        seed: int = 0,
        progress: Callable[[int], None] | None = None,
    ) -> list[Generation]:
        """Solutions of problems, in order. Raises BadInput where one does not fit the context."""
        drafts = begin(problems, self.tokenizer, mode, max_tokens, temperature, seed, self.config.max_context)
        done = []
        for number, draft in enumerate(drafts, 1):
            done.append(self._one(draft))
            if progress:
                progress(number)
        return done

    def _one(self, draft: Draft) -> Generation:
        c = self.config
        slots = draft.prompt + draft.max_tokens
        keys = np.zeros((c.layers, slots, c.kv_heads, c.head_dim), np.float32)
        values, gates = np.zeros_like(keys), np.zeros(keys.shape[:3], bool)
        known = 0
        with np.errstate(over="ignore"):
            while not draft.done:
                known = min(known, len(draft.ids) - 1)
                logits = self._forward(draft.ids, known, keys, values, gates)
                known = len(draft.ids)
                draft.choose(logits)
        return draft.finish()

"""Rollouts: the fastest engine for a network in memory, and several processes or machines with Ray, of which each draws
a share with the weights it is sent.

A worker keeps no state between calls, so one that dies is started again and its share drawn again. Draws depend on
the seed and the number of workers alone. `pip install 'microreason[ray]'`; `RAY_ADDRESS` names a running cluster,
otherwise workers start on this machine. Does not cover learning from the solutions (evolve.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tokenizers
import torch

from microreason.inference.batched import TorchEngine
from microreason.inference.drafts import Generation
from microreason.inference.native import NativeEngine
from microreason.model.config import ModelConfig
from microreason.model.transformer import Transformer
from microreason.tokenizer import Tokenizer


def engine(model: Transformer, tokenizer: Tokenizer, batch: int = 64) -> TorchEngine | NativeEngine:
    """The compiled engine, in int8 as the weights are released, or torch on a GPU and where it does not fit."""
    if next(model.parameters()).device.type == "cpu":
        tensors = {k: v.detach().float().numpy() for k, v in model.state_dict().items()}
        try:
            memory = model.config, tensors, tokenizer
            return NativeEngine(threads=torch.get_num_threads(), batch=batch, memory=memory)
        except RuntimeError:  # nothing compiled for this processor or shape
            pass
    return TorchEngine(model, tokenizer, batch)


def draw_share(
    config: dict[str, Any], tensors: dict[str, np.ndarray], tokenizer: str, texts: Sequence[str], max_tokens: int,
    temperature: float, seed: int,
) -> list[Generation]:  # fmt: skip
    """What one worker does: solutions of its texts, from tensors and a tokenizer's JSON."""
    model = Transformer(ModelConfig.parse(config))
    model.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in tensors.items()})
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    drawn_by = engine(model, Tokenizer(tokenizers.Tokenizer.from_str(tokenizer)), len(texts))
    return drawn_by.generate(texts, max_tokens=max_tokens, temperature=temperature, seed=seed)


class RayRollouts:
    """Draws with `count` Ray workers."""

    def __init__(self, count: int, tokenizer: Tokenizer) -> None:
        import ray

        ray.init(ignore_reinit_error=True, include_dashboard=False, log_to_driver=False)
        self.count, self._ray, self._tokenizer = count, ray, tokenizer.to_json()
        gpus = 1 if torch.cuda.is_available() else 0
        self._draw = ray.remote(num_cpus=0 if gpus else 1, num_gpus=gpus, max_retries=3)(draw_share)

    def draw(
        self, model: Transformer, texts: Sequence[str], max_tokens: int, temperature: float, seed: int
    ) -> list[Generation]:
        """Solutions of texts, in order: worker w draws every `count`-th from the w-th on, with seed + w."""
        tensors = {k: v.detach().float().cpu().numpy() for k, v in model.state_dict().items()}
        sent, out = self._ray.put(tensors), list[Generation | None]([None] * len(texts))
        shares = [texts[w :: self.count] for w in range(self.count)]
        waiting = [
            self._draw.remote(
                model.config.model_dump(), sent, self._tokenizer, share, max_tokens, temperature, seed + w * 1_000_003
            )
            for w, share in enumerate(shares) if share
        ]  # fmt: skip
        for w, drawn in enumerate(self._ray.get(waiting)):
            out[w :: self.count] = drawn
        return out  # type: ignore[return-value]

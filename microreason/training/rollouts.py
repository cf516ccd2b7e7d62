"""Rollouts by several processes or machines with Ray: each worker draws a share with the weights it is sent.

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
from microreason.model.config import ModelConfig
from microreason.model.transformer import Transformer
from microreason.tokenizer import Tokenizer


def draw_share(
    config: dict[str, Any], tensors: dict[str, np.ndarray], tokenizer: str, texts: Sequence[str], max_tokens: int,
    temperature: float, seed: int,
) -> list[Generation]:  # fmt: skip
    """What one worker does: solutions of its texts, from tensors and a tokenizer's JSON."""
    model = Transformer(ModelConfig.parse(config))
    model.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in tensors.items()})
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    engine = TorchEngine(model, Tokenizer(tokenizers.Tokenizer.from_str(tokenizer)), batch=len(texts))
    return engine.generate(texts, max_tokens=max_tokens, temperature=temperature, seed=seed)


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

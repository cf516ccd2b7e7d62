"""The torch engine: many problems at once, rows of different lengths, with a key-value cache.

Problems are taken in groups of similar length; rows whose solution has ended leave the group a quarter at a time.
Does not cover engines without torch (edge.py) or serving.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from microreason.inference.drafts import Draft, Generation, Mode, begin
from microreason.model.cache import Cache
from microreason.model.transformer import Transformer
from microreason.solution import MAX_TOKENS
from microreason.tokenizer import Tokenizer
from microreason.weights_file import describe, tokenizer_file

CHUNK = 256  # tokens of a problem that are read at a time


class TorchEngine:
    """Batched generation with a model, from its released weights (`load`) or in memory."""

    def __init__(
        self, model: Transformer, tokenizer: Tokenizer, batch: int = 64, info: dict[str, Any] | None = None
    ) -> None:
        self.model, self.tokenizer, self.batch = model.eval(), tokenizer, batch
        self.device = next(model.parameters()).device
        self.info = {"engine": "torch", "config": model.config.model_dump(), **(info or {})}

    @classmethod
    def load(cls, weights: Path | str | None = None, batch: int = 64) -> TorchEngine:
        """From a folder of released weights. Raises BadWeights."""
        model = Transformer.load(weights)
        tokenizer = Tokenizer.load(tokenizer_file(weights))
        return cls(model.to("cuda" if torch.cuda.is_available() else "cpu"), tokenizer, batch, describe(weights))

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
        limit = self.model.config.max_context
        drafts = begin(problems, self.tokenizer, mode, max_tokens, temperature, seed, limit)
        order = sorted(drafts, key=lambda d: -d.prompt)
        for start in range(0, len(order), self.batch):
            self._group(order[start : start + self.batch], lambda: progress and progress(sum(d.done for d in drafts)))
        return [draft.finish() for draft in drafts]

    @torch.inference_mode()
    def _group(self, drafts: list[Draft], report: Callable[[], object]) -> None:
        cache = self.model.cache(len(drafts), max(d.prompt for d in drafts) + drafts[0].max_tokens)
        hidden = self._feed(cache, drafts)
        while drafts:
            logits = self.model.logits(hidden).float().cpu().numpy()
            ended = 0
            for draft, scores in zip(drafts, logits, strict=True):
                if not draft.done:
                    draft.choose(scores)
                    ended += draft.done
            if ended:
                report()
            running = [row for row, draft in enumerate(drafts) if not draft.done]
            if not running:
                return
            if len(running) <= 0.75 * len(drafts):  # dropping rows copies the cache, so not for each of them
                drafts = [drafts[row] for row in running]
                cache.keep(torch.tensor(running, device=self.device))
            for row, draft in enumerate(drafts):
                if not draft.done and len(draft.ids) <= cache.lengths[row]:  # a step was taken back
                    cache.rewind(row, len(draft.ids) - 1)
            hidden = self._feed(cache, drafts)

    def _feed(self, cache: Cache, drafts: list[Draft]) -> torch.Tensor:
        """Run what the cache does not hold yet of each draft (of one that has ended, its last token again); hidden
        states [B, D] of the last tokens."""
        rest = [d.ids[known:] or d.ids[-1:] for d, known in zip(drafts, cache.lengths.tolist(), strict=True)]
        last = torch.zeros(len(drafts), self.model.config.dim, device=self.device)
        while any(rest):
            counts = torch.tensor([min(len(ids), CHUNK) for ids in rest])
            ids = torch.zeros(len(drafts), int(counts.max()), dtype=torch.long)
            for row, new in enumerate(rest):
                ids[row, : counts[row]] = torch.tensor(new[:CHUNK])
            hidden = self.model(ids.to(self.device), cache=cache, counts=counts)
            fed = counts.nonzero()[:, 0]
            last[fed] = hidden[fed, counts[fed] - 1].to(last.dtype)
            rest = [new[CHUNK:] for new in rest]
        return last

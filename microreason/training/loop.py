"""The training loop: one plain PyTorch loop that can be stopped at any step and resumed with the same loss.

Progress is the share of the run done, by tokens or, with a budget in minutes, by the clock; learning rate, depth,
difficulty and the budget of routing follow from it. Ctrl-C writes a checkpoint and leaves. Does not cover what is
learnt from (data/) or the later stages of distillation.
"""

from __future__ import annotations

import json
import math
import os
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from microreason.data.documents import Document, DocumentStream
from microreason.data.packing import IGNORE, Batch, Packer
from microreason.data.shards import ShardReader
from microreason.errors import BadWeights
from microreason.model.config import SIZES, ModelConfig
from microreason.model.growth import grow, shrink
from microreason.model.transformer import Transformer
from microreason.model.wiring import Hold, wire_induction
from microreason.tokenizer import Tokenizer
from microreason.training import checkpoint
from microreason.training.losses import Wanted, divergence, routing_losses, solution_loss
from microreason.training.optim import bf16_is_fast, make_optimizers, schedule
from microreason.training.parallel import Group
from microreason.training.recipe import Recipe, Stage


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets, or SIGTERM; the second Ctrl-C raises KeyboardInterrupt as usual.

    One within a second of the first is no second one: a terminal sends it to all processes, and `torchrun` again.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    first = math.inf

    def handler(number: int, frame: object) -> None:
        nonlocal first
        if number == signal.SIGINT:
            if time.monotonic() - first > 1:
                raise KeyboardInterrupt
            first = min(first, time.monotonic())
        stop.set()

    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


class Trainer:
    """State of one run: model, optimisers, data cursor, counters."""

    def __init__(self, recipe: Recipe, minutes: float | None = None) -> None:
        self.recipe, self.minutes = recipe, minutes
        self.group = Group()
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.autocast = bf16_is_fast(self.device)
        self.tokenizer = Tokenizer.load(recipe.tokenizer)
        self.step = self.tokens = 0
        self.seconds = 0.0
        self.stage_number = 0
        self.routing_parts: defaultdict[str, list[float]] = defaultdict(list)
        self.seen: list[tuple[Batch, Wanted, torch.Tensor]] = []  # of this step, with each place's loss
        self.reads = [0.0, 0.0]  # entries read, and read by dense attention: running sums
        torch.manual_seed(recipe.seed)
        self.model = self._fresh()
        self._enter_stage()

    @property
    def stage(self) -> Stage:
        """The stage under way."""
        return self.recipe.stages[self.stage_number]

    @property
    def progress(self) -> float:
        """Share of the run done, 0 to 1."""
        done = self.seconds / (60 * self.minutes) if self.minutes else self.tokens / self.recipe.tokens
        return min(1.0, done)

    def _config(self) -> ModelConfig:
        s, t = self.stage, self.tokenizer
        shape: dict[str, Any] = dict(s.shape)  # type: ignore[arg-type]
        values = {**SIZES[self.recipe.size], **shape, "routing": s.routing}
        if s.routing != "off":
            values |= {"window": s.window, "pin": (t.problem, t.solution), "pin_after": (t.solution, t.newline)}
        return ModelConfig(vocab_size=t.size, **values)

    def _fresh(self) -> Transformer:
        if not self.recipe.start:
            model = Transformer(self._config(), seed=self.recipe.seed)
            if self.recipe.induction_start:
                wire_induction(model, self.recipe.seed)
            return model.to(self.device)
        return Transformer.load(self.recipe.start, routing="off").to(self.device)

    def _enter_stage(self, cursor: int = 0) -> None:
        """Model depth, optimisers and data of the current stage."""
        shape = self._config()
        if self.model.config != shape:
            smaller = shape.dim < self.model.config.dim
            self.model = shrink(self.model, shape) if smaller else grow(self.model, shape, self.recipe.seed)
        if self.stage.routing != "off":
            heads, free = range(shape.kv_heads), self.stage.open
            for layer, block in enumerate(self.model.blocks):
                block.router.keep_shut([h for h in heads if free is not None and (layer, h) not in free])
        r = self.recipe
        self.model.blockwise = self.device.type == "cuda"
        if r.compile:
            for block in self.model.blocks:
                block.compile(dynamic=False)
            last = self.model.blocks[-1]
            last.attention = torch.compile(last.attention, dynamic=False)  # the rest is called on its own there
        self.hold = Hold(self.model, r.seed) if self.stage.hold_wiring else None
        self.optimizers = make_optimizers(self.model, r.muon_lr, r.adam_lr, r.weight_decay)
        if r.data:
            self.stream: DocumentStream = ShardReader(Path(r.data), self.stage_number, cursor)
        else:
            self.stream = DocumentStream(r.mixture(self.stage_number), self.tokenizer, cursor, workers=r.workers)
        self.packer = Packer(self.stream, r.row_lengths, r.micro_batch_tokens)
        self.batches: list[Batch] = []

    def reach(self, progress: float) -> None:
        """Enter the stage that a progress below 1 belongs to, and those before it."""
        while progress >= self.stage.until:
            self.stage_number += 1
            self._enter_stage()

    def inputs(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Ids, positions and documents of a batch [B, T] on the device."""
        ids, positions, documents = map(torch.from_numpy, (batch.ids, batch.positions, batch.documents))
        return ids.to(self.device), positions.to(self.device), documents.to(self.device)

    def loss(self, batch: Batch) -> torch.Tensor:
        """Summed loss of one micro-batch."""
        inputs, target = self.inputs(batch), Wanted.of(batch.targets, self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.autocast):
            hidden, penalty = self.forward(*inputs, target, target.places)
            total, each = solution_loss(self.model, hidden, target)
        self.seen.append((batch, target, each))
        return total + penalty

    def exact(self) -> dict[str, list[float]]:
        """For each task in this process's part of the step: its documents, the sum of the probabilities that the
        network gave to their whole solutions, the tokens of these, and the sum of the tokens' losses."""
        found: defaultdict[str, list[float]] = defaultdict(lambda: [0, 0.0, 0, 0.0])
        for batch, target, each in self.seen:
            places = target.places[: target.number].cpu().numpy()
            row, document = places // batch.ids.shape[1], batch.documents.ravel()[places]
            losses: defaultdict[tuple[int, int], list[float]] = defaultdict(list)
            for r, d, loss in zip(row, document, each[: target.number].tolist(), strict=True):
                losses[r, d].append(loss)
            for (r, d), of in losses.items():
                name = batch.tasks[r][d]
                new = 1, math.exp(-sum(of)), len(of), sum(of)
                found[name] = [round(a + b, 3) for a, b in zip(found[name], new, strict=True)]
        self.seen.clear()
        return dict(found)

    def forward(
        self, ids: torch.Tensor, positions: torch.Tensor, documents: torch.Tensor, target: Wanted,
        only: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor | float]:  # fmt: skip
        """Hidden states [B, T, D], or [S, D] of the places `only` [S], and what routing adds to the summed loss; its
        parts go to `routing_parts`."""
        s = self.stage
        if s.routing == "off":
            return self.model(ids, positions, documents, only=only), 0.0
        gates: list[torch.Tensor] = []
        hidden = self.model(ids, positions, documents, gates=gates, only=only)
        begin = self.recipe.stages[self.stage_number - 1].until if self.stage_number else 0.0
        way = min(1.0, max(0.0, (self.progress - begin) / (s.until - begin)))
        keep = s.keep and s.keep[0] ** (1 - way) * s.keep[1] ** way
        parts, entries = routing_losses(self.model, gates, ids, positions, documents, keep)
        read, dense_read = self.reads  # over some batches, for one of short rows alone cannot keep to the budget
        self.reads = [0.95 * read + entries * float(parts["read_share"].detach()), 0.95 * dense_read + entries]
        budget = s.budget[0] + (s.budget[1] - s.budget[0]) * way
        over = self.reads[0] > budget * self.reads[1]
        penalty = parts["excess"] if keep else over * (parts["read_share"] - budget)
        penalty = s.budget_weight * penalty + s.decision_weight * parts["undecided"]
        if s.open_weight and self.step % s.open_every == 0:
            with torch.no_grad():
                dense = self.model(ids, positions, documents, routed=False, only=target.places)
            ours = hidden if only is not None else hidden.flatten(0, 1)[target.places]
            parts["divergence_from_open"] = divergence(self.model, ours[: target.number], dense[: target.number])
            penalty = penalty + s.open_weight * parts["divergence_from_open"]
        for name, part in parts.items():
            self.routing_parts[name].append(float(part.detach()))
        return hidden, target.number * penalty

    def _fetch(self) -> None:
        """Pack the batches of the next step; a checkpoint holds the state from before that."""
        self.before = (self.stream.cursor, dict(self.stream.skipped), self.packer.state())
        self.batches = [next(self.packer) for _ in range(self.stage.accumulate)]

    def train_step(self) -> dict[str, Any]:
        """One optimiser step. Returns its mean loss per solution token, learning-rate factor and more for the log."""
        r, first = self.recipe, self.group.rank == 0
        if first and not self.batches:
            self._fetch()
        batches = self.batches
        targets = sum(int((b.targets != IGNORE).sum()) for b in batches)
        told = (schedule(self.progress, r.warmup, r.decay), targets, sum(b.ids.size for b in batches))
        factor, targets, tokens = self.group.share(told)
        total = torch.zeros((), device=self.device)
        for batch in self.group.hand_out(batches):
            loss = self.loss(batch)
            (loss / targets).backward()
            total += loss.detach()
        if first:
            self._fetch()  # while a GPU or the other processes are still at work
        self.group.add_gradients(self.model, total)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["base_lr"] * factor
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        if self.hold:
            self.hold.apply()
        self.step += 1
        self.tokens += tokens
        full = np.mean([(b.documents >= 0).mean() for b in batches]) if batches else 1.0
        routing = {name: float(np.mean(values)) for name, values in self.routing_parts.items()}
        self.routing_parts.clear()
        return {"loss": float(total) / targets, "lr": factor, "full": float(full), "exact": self.exact(), **routing}

    def save(self) -> None:
        """Write a checkpoint of everything the run needs."""
        if not self.batches:
            self._fetch()
        cursor, skipped, pending = self.before
        state: dict[str, Any] = {
            "step": self.step, "tokens": self.tokens, "seconds": self.seconds, "stage": self.stage_number,
            "reads": self.reads, "cursor": cursor, "skipped": skipped,
            "pending": [[[[asdict(d) for d in row] for row in rows] for rows in pair] for pair in pending],
            "config": self.model.config.model_dump(), "recipe": self.recipe.model_dump(mode="json"),
        }  # fmt: skip
        tensors = checkpoint.optimizer_tensors(self.optimizers)
        checkpoint.save(self.recipe.folder, self.step, self.model.state_dict(), tensors, state)

    def resume(self) -> bool:
        """Continue from the newest whole checkpoint; False where there is none."""
        path = checkpoint.latest(self.recipe.folder)
        if path is None:
            return False
        weights, optimizer, state = checkpoint.load(path)
        self.step, self.tokens, self.seconds = state["step"], state["tokens"], state["seconds"]
        self.stage_number, self.reads = state["stage"], state.get("reads", self.reads)
        config = ModelConfig.parse(state["config"])
        if config.vocab_size != self.tokenizer.size:
            raise BadWeights("The checkpoint was made with another tokenizer.")
        self.model = Transformer(config).to(self.device)
        self.model.load_state_dict(weights)
        self._enter_stage(state["cursor"])
        checkpoint.restore_optimizers(self.optimizers, optimizer)
        self.stream.skipped.update(state["skipped"])
        rows = [[[[Document(**d) for d in row] for row in rows] for rows in pair] for pair in state["pending"]]
        self.packer.restore(rows)
        return True

    def run(self, report: Callable[[dict[str, Any]], None] | None = None) -> None:
        """Train to the end of the budget; a checkpoint every few minutes, at the end, and on Ctrl-C.

        The first Ctrl-C ends the run after the step under way, the second at once. Of several processes the first
        decides, logs and saves.
        """
        first = self.group.rank == 0
        self.recipe.folder.mkdir(parents=True, exist_ok=True)
        saved = time.monotonic()
        log_file = self.recipe.folder / "log.jsonl" if first else os.devnull
        with interruptible() as stop, open(log_file, "a", encoding="utf-8") as log:
            while True:
                goes_on, progress = self.group.share((self.progress < 1 and not stop.is_set(), self.progress))
                if not goes_on:
                    break
                self.reach(progress)
                start, before = time.monotonic(), self.tokens
                line = self.train_step()
                taken = time.monotonic() - start
                self.seconds += taken
                if not first:
                    continue
                record = {
                    "step": self.step, "stage": self.stage_number, "tokens": self.tokens, **line,
                    "tokens_per_second": (self.tokens - before) / taken, "progress": self.progress,
                    "seconds": round(self.seconds, 1), "cursor": self.stream.cursor,
                }  # fmt: skip
                log.write(json.dumps(record) + "\n")
                log.flush()
                if report:
                    report(record)
                if time.monotonic() - saved > 60 * self.recipe.checkpoint_minutes:
                    self.save()
                    saved = time.monotonic()
            if first:
                self.save()
        if stop.is_set():
            raise KeyboardInterrupt

"""A small head on the network's last hidden states that tells sound steps from broken ones, and its losses.

At the last token of a step (its newline) the head gives two things. A soundness score, from the hidden state there and
from the log-probability of the step's unlikeliest token, which alone finds most broken steps (dev/LOG.md); it is
trained as the hazard of the step being the first wrong one (binary cross-entropy over right paths and over paths up to
their broken step). And an embedding, trained to be predicted from the token before the step, against the broken step of
the same problem and the steps of other problems in the batch (InfoNCE, arXiv 1807.03748).
Shapes: D model width, E embedding width, S steps, P pairs. Does not cover what the paths are drawn from (distill.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from microreason.data.packing import IGNORE, Batch
from microreason.errors import BadInput, BadWeights
from microreason.model.transformer import Transformer
from microreason.tokenizer import Tokenizer
from microreason.weights_file import HEAD_WIDTH, Arrays, read_head, tokenizer_file

TEMPERATURE = 0.1
Chain = tuple[str, Sequence[str]]
"""A problem's text and the lines of a solution."""


class StepHead(nn.Module):
    """Soundness score and embedding of a step; about 0.1M parameters at width 512."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.inner = nn.Linear(dim, HEAD_WIDTH)
        self.score = nn.Linear(HEAD_WIDTH + 1, 1)
        with torch.no_grad():  # begin as a judge by likelihood: even odds at a probability of e^-4
            self.score.weight[0, -1] = 1.0
            self.score.bias.fill_(4.0)
        self.step = nn.Linear(dim, HEAD_WIDTH, bias=False)
        self.next = nn.Linear(dim, HEAD_WIDTH, bias=False)

    def soundness(self, hidden: Tensor, unlikeliest: Tensor) -> Tensor:
        """hidden [S, D] at the ends of steps, log-probabilities [S] of their unlikeliest tokens -> log-odds [S] that
        each step is sound, given that those before it are."""
        return self.score(torch.cat((F.silu(self.inner(hidden)).float(), unlikeliest[:, None]), 1))[:, 0]

    def embed(self, hidden: Tensor) -> Tensor:
        """hidden [S, D] at the ends of steps -> unit vectors [S, E]."""
        return F.normalize(self.step(hidden).float(), dim=-1)

    def predict(self, hidden: Tensor) -> Tensor:
        """hidden [S, D] before steps -> the unit vectors [S, E] expected of the right ones."""
        return F.normalize(self.next(hidden).float(), dim=-1)

    def arrays(self) -> Arrays:
        """Tensors under their names in a weights file."""
        return {f"head.{k}": v.detach().float().cpu().numpy() for k, v in self.state_dict().items()}

    @classmethod
    def load(cls, dim: int, folder: Path | str | None) -> StepHead | None:
        """The head in a folder of weights; None where they have none. Raises BadWeights."""
        tensors = read_head(folder)
        if not tensors:
            return None
        head = cls(dim)
        head.load_state_dict({k.removeprefix("head."): torch.from_numpy(v) for k, v in tensors.items()})
        return head


@dataclass(frozen=True)
class Steps:
    """Places in a flattened batch [B·T]: of each step the token before it, its end and its label (1 sound, 0 broken);
    `right` and `broken` are the numbers of two steps after the same beginning."""

    before: np.ndarray
    ends: np.ndarray
    labels: np.ndarray
    right: np.ndarray
    broken: np.ndarray


def separate(batch: Batch, tokenizer: Tokenizer) -> Batch:
    """Split packed units (a right path, then a broken one) at their `<|problem|>` markers into documents.

    A path without `<|end|>` is a broken one and carries no targets.
    """
    ids, place, inside = batch.ids, np.arange(batch.ids.shape[1]), batch.documents >= 0
    starts = (ids == tokenizer.problem) & inside
    documents = np.where(inside, starts.cumsum(1) - 1, -1)
    first = np.maximum.accumulate(np.where(starts, place, 0), 1)
    solution = np.maximum.accumulate(np.where(ids == tokenizer.solution, place, -1), 1) >= first
    ended = ids == tokenizer.end
    right = np.array([np.isin(d, d[e]) for d, e in zip(documents, ended, strict=True)])
    following, same = np.roll(ids, -1, 1), np.roll(documents, -1, 1) == documents
    same[:, -1] = False
    targets = np.where(inside & solution & right & same, following, IGNORE)
    return Batch(ids, np.where(inside, place - first, 0), documents, targets)


def find_steps(batch: Batch, tokenizer: Tokenizer) -> Steps:
    """The steps in a batch that `separate` made."""
    found: dict[str, list[int]] = {k: [] for k in ("before", "ends", "labels", "right", "broken")}
    for row, (ids, documents) in enumerate(zip(batch.ids, batch.documents, strict=True)):
        known = 0
        for number in range(documents.max() + 1):
            places = np.flatnonzero(documents == number)
            tokens = ids[places]
            start = int(np.argmax(tokens == tokenizer.solution))
            ended = tokens[-1] == tokenizer.end
            stop = int(np.argmax(tokens == tokenizer.answer)) if ended else len(tokens)
            lines = np.flatnonzero(tokens[:stop] == tokenizer.newline)
            around = places[[start, *lines[lines > start]]] + row * ids.size
            if ended:
                known = len(found["ends"])
            else:
                found["right"].append(known + len(around) - 2)
                found["broken"].append(len(found["ends"]) + len(around) - 2)
            found["before"] += around[:-1].tolist()
            found["ends"] += around[1:].tolist()
            found["labels"] += [1] * (len(around) - 1)
    for step in found["broken"]:
        found["labels"][step] = 0
    return Steps(**{k: np.array(v, np.int64) for k, v in found.items()})


@torch.no_grad()
def unlikeliest(model: Transformer, hidden: Tensor, ids: Tensor, before: np.ndarray, ends: np.ndarray) -> Tensor:
    """Log-probability [S] of the unlikeliest token of each step; hidden [N, D] and ids [N] of flattened documents."""
    places = np.concatenate([np.arange(a, b) for a, b in zip(before, ends, strict=True)] or [np.zeros(0, np.int64)])
    owners = torch.from_numpy(np.repeat(np.arange(len(ends)), ends - before)).to(hidden.device)
    at = torch.from_numpy(places).to(hidden.device)
    likely = -F.cross_entropy(model.logits(hidden[at]).float(), ids[at + 1], reduction="none")
    return likely.new_zeros(len(ends)).scatter_reduce(0, owners, likely, "amin")


def contrastive_loss(head: StepHead, hidden: Tensor, likely: Tensor, steps: Steps) -> tuple[Tensor, Tensor]:
    """Soundness and InfoNCE losses of the head alone, each summed; hidden [B, T, D], `likely` [S] of the unlikeliest
    tokens. The network does not learn from them: it would gain nothing, and the head finds as many (dev/LOG.md)."""
    flat = hidden.detach().flatten(0, 1)

    def at(places: np.ndarray) -> Tensor:
        return flat[torch.from_numpy(places).to(flat.device)]

    labels = torch.from_numpy(steps.labels).to(flat.device).float()
    sound = F.binary_cross_entropy_with_logits(head.soundness(at(steps.ends), likely), labels, reduction="sum")
    if not len(steps.broken):
        return sound, torch.zeros_like(sound)
    keys = head.embed(at(steps.ends[np.concatenate((steps.right, steps.broken))]))
    likeness = head.predict(at(steps.before[steps.right])) @ keys.mT / TEMPERATURE
    wanted = torch.arange(len(likeness), device=flat.device)
    return sound, F.cross_entropy(likeness, wanted, reduction="sum")


class StepJudge:
    """A network with a step head, ready to read solutions."""

    def __init__(self, model: Transformer, head: StepHead, tokenizer: Tokenizer, batch: int = 32) -> None:
        self.model, self.head, self.tokenizer, self.batch = model.eval(), head.eval(), tokenizer, batch

    @classmethod
    def load(cls, weights: Path | str | None = None) -> StepJudge:
        """From a folder of weights. Raises BadWeights, also where they have no step head."""
        model = Transformer.load(weights)
        head = StepHead.load(model.config.dim, weights)
        if head is None:
            raise BadWeights("These weights have no step head; stage 2 with `contrast` above 0 trains one.")
        device = "cuda" if torch.cuda.is_available() else "cpu"
        tokenizer = Tokenizer.load(tokenizer_file(weights))
        return cls(model.to(device), head.to(device), tokenizer)

    def _tokens(self, path: Chain) -> tuple[list[int], list[int]]:
        """Ids of a problem and its lines, and the places before the first line and where each ends. Raises BadInput."""
        text, lines = path
        ids = self.tokenizer.encode_problem(text)
        ends = [len(ids) - 1]
        for line in lines:
            if "\n" in line:
                raise BadInput("A step is one line.")
            ids += [*self.tokenizer.encode(line), self.tokenizer.newline]
            ends.append(len(ids) - 1)
        if len(ids) > self.model.config.max_context:
            raise BadInput(f"The problem and its steps have {len(ids)} tokens, more than the context.")
        return ids, ends

    @torch.inference_mode()
    def _ends(self, paths: Sequence[Chain]) -> list[tuple[Tensor, Tensor]]:
        """For each path the hidden states [S, D] at the ends of its lines, and their unlikeliest tokens [S]."""
        made = [self._tokens(path) for path in paths]
        order = sorted(range(len(made)), key=lambda i: -len(made[i][0]))
        out: dict[int, tuple[Tensor, Tensor]] = {}
        for start in range(0, len(order), self.batch):
            rows = order[start : start + self.batch]
            ids = torch.zeros(len(rows), len(made[rows[0]][0]), dtype=torch.long)
            for row, i in enumerate(rows):
                ids[row, : len(made[i][0])] = torch.tensor(made[i][0])
            ids = ids.to(self.model.embedding.weight.device)
            hidden = self.model(ids)
            for row, i in enumerate(rows):
                around = np.array(made[i][1])
                likely = unlikeliest(self.model, hidden[row], ids[row], around[:-1], around[1:])
                out[i] = hidden[row, around[1:]], likely
        return [out[i] for i in range(len(made))]

    @torch.inference_mode()
    def soundness(self, paths: Sequence[Chain]) -> list[np.ndarray]:
        """For each path [S]: the probability that each step is sound, given that those before it are."""
        return [self.head.soundness(*found).sigmoid().cpu().numpy() for found in self._ends(paths)]

    def likelihood(self, paths: Sequence[Chain]) -> list[np.ndarray]:
        """For each path [S]: the log-probability of each step's unlikeliest token, which needs no trained head."""
        return [likely.cpu().numpy() for _, likely in self._ends(paths)]

    @torch.inference_mode()
    def chains(self, paths: Sequence[Chain]) -> np.ndarray:
        """A unit vector for each path [N, E]: the mean over its steps; zeros where it has none."""
        vectors = [F.normalize(self.head.embed(hidden).sum(0), dim=0) for hidden, _ in self._ends(paths)]
        return torch.stack(vectors).cpu().numpy()


def first_wrong(soundness: np.ndarray) -> int | None:
    """The likeliest place of the first wrong step, from 0, or None where all steps being sound is likelier.

    >>> first_wrong(np.array([0.9, 0.2, 0.1])), first_wrong(np.array([0.9, 0.9]))
    (1, None)
    """
    sound_so_far = np.concatenate(([1.0], np.cumprod(soundness, dtype=np.float64)))
    likely = np.append(sound_so_far[:-1] * (1 - soundness), sound_so_far[-1])
    best = int(likely.argmax())
    return None if best == len(soundness) else best


def find_first_wrong(model: StepJudge, problem: str, lines: Sequence[str]) -> int | None:
    """Number, from 0, of the first wrong line of a solution; None where none looks wrong. Raises BadInput."""
    return first_wrong(model.soundness([(problem, lines)])[0])

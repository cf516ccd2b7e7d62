"""A small head on the network's last hidden states that tells sound steps from broken ones, and its losses.

At the last token of a step (its newline) the head gives two things: a soundness score, trained as the hazard of the
step being the first wrong one (binary cross-entropy over right paths and over paths up to their broken step), and an
embedding, trained to be predicted from the token before the step, against the broken step of the same problem and
the steps of other problems in the batch (InfoNCE, arXiv 1807.03748).
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
from microreason.weights_file import HEAD_WIDTH, Arrays, read_head, read_weights

TEMPERATURE = 0.1
Path_ = tuple[str, Sequence[str]]
"""A problem's text and the lines of a solution."""


class StepHead(nn.Module):
    """Soundness score and embedding of a step; about 0.1M parameters at width 512."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.inner = nn.Linear(dim, HEAD_WIDTH)
        self.score = nn.Linear(HEAD_WIDTH, 1)
        self.step = nn.Linear(dim, HEAD_WIDTH, bias=False)
        self.next = nn.Linear(dim, HEAD_WIDTH, bias=False)

    def soundness(self, hidden: Tensor) -> Tensor:
        """hidden [S, D] at the ends of steps -> log-odds [S] that each is sound, given that those before it are."""
        return self.score(F.silu(self.inner(hidden)))[:, 0].float()

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
    """Places in a flattened batch [B·T]: ends of steps with labels (1 sound, 0 broken), and for each broken step the
    place before it, the end of the right step and its own end."""

    ends: np.ndarray
    labels: np.ndarray
    before: np.ndarray
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
    found: dict[str, list[int]] = {k: [] for k in ("ends", "labels", "before", "right", "broken")}
    for row, (ids, documents) in enumerate(zip(batch.ids, batch.documents, strict=True)):
        known: list[int] = []
        for number in range(documents.max() + 1):
            places = np.flatnonzero(documents == number)
            tokens = ids[places]
            start = int(np.argmax(tokens == tokenizer.solution))
            ended = tokens[-1] == tokenizer.end
            stop = int(np.argmax(tokens == tokenizer.answer)) if ended else len(tokens)
            lines = np.flatnonzero(tokens[:stop] == tokenizer.newline)
            ends = (places[lines[lines > start]] + row * ids.size).tolist()
            found["ends"] += ends
            found["labels"] += [1] * len(ends)
            if ended:
                known = [int(places[start]) + row * ids.size, *ends]
            else:
                found["labels"][-1] = 0
                found["before"].append(known[len(ends) - 1])
                found["right"].append(known[len(ends)])
                found["broken"].append(ends[-1])
    return Steps(**{k: np.array(v, np.int64) for k, v in found.items()})


def contrastive_loss(head: StepHead, hidden: Tensor, steps: Steps) -> tuple[Tensor, Tensor]:
    """Soundness and InfoNCE losses, each summed; hidden [B, T, D]."""
    flat = hidden.flatten(0, 1)

    def at(places: np.ndarray) -> Tensor:
        return flat[torch.from_numpy(places).to(flat.device)]

    labels = torch.from_numpy(steps.labels).to(flat.device).float()
    sound = F.binary_cross_entropy_with_logits(head.soundness(at(steps.ends)), labels, reduction="sum")
    if not len(steps.broken):
        return sound, torch.zeros_like(sound)
    keys = head.embed(at(np.concatenate((steps.right, steps.broken))))
    likeness = head.predict(at(steps.before)) @ keys.mT / TEMPERATURE
    wanted = torch.arange(len(likeness), device=flat.device)
    return sound, F.cross_entropy(likeness, wanted, reduction="sum")


class StepJudge:
    """A network with a step head, ready to read solutions."""

    def __init__(self, model: Transformer, head: StepHead, tokenizer: Tokenizer, batch: int = 32) -> None:
        self.model, self.head, self.tokenizer, self.batch = model.eval(), head.eval(), tokenizer, batch

    @classmethod
    def load(cls, weights: Path | str | None = None) -> StepJudge:
        """From a folder of weights. Raises BadWeights, also where they have no step head."""
        config, tensors = read_weights(weights)
        head = StepHead.load(config.dim, weights)
        if head is None:
            raise BadWeights("These weights have no step head; stage 2 with `contrast` above 0 trains one.")
        model = Transformer(config)
        model.load_state_dict({k: torch.from_numpy(v) for k, v in tensors.items()})
        device = "cuda" if torch.cuda.is_available() else "cpu"
        tokenizer = Tokenizer.load(Path(weights) / "tokenizer.json" if weights else None)
        return cls(model.to(device), head.to(device), tokenizer)

    def _tokens(self, path: Path_) -> tuple[list[int], list[int]]:
        """Ids of a problem and its lines, and the places where the lines end. Raises BadInput."""
        text, lines = path
        ids, ends = self.tokenizer.encode_problem(text), []
        for line in lines:
            if "\n" in line:
                raise BadInput("A step is one line.")
            ids += [*self.tokenizer.encode(line), self.tokenizer.newline]
            ends.append(len(ids) - 1)
        if len(ids) > self.model.config.max_context:
            raise BadInput(f"The problem and its steps have {len(ids)} tokens, more than the context.")
        return ids, ends

    @torch.inference_mode()
    def _ends(self, paths: Sequence[Path_]) -> list[Tensor]:
        """Hidden states [S, D] at the ends of the lines of each path."""
        made = [self._tokens(path) for path in paths]
        order = sorted(range(len(made)), key=lambda i: -len(made[i][0]))
        out: dict[int, Tensor] = {}
        for start in range(0, len(order), self.batch):
            rows = order[start : start + self.batch]
            ids = torch.zeros(len(rows), len(made[rows[0]][0]), dtype=torch.long)
            for row, i in enumerate(rows):
                ids[row, : len(made[i][0])] = torch.tensor(made[i][0])
            hidden = self.model(ids.to(self.model.embedding.weight.device))
            out |= {i: hidden[row, made[i][1]] for row, i in enumerate(rows)}
        return [out[i] for i in range(len(made))]

    @torch.inference_mode()
    def soundness(self, paths: Sequence[Path_]) -> list[np.ndarray]:
        """For each path [S]: the probability that each step is sound, given that those before it are."""
        return [self.head.soundness(hidden).sigmoid().cpu().numpy() for hidden in self._ends(paths)]

    @torch.inference_mode()
    def chains(self, paths: Sequence[Path_]) -> np.ndarray:
        """A unit vector for each path [N, E]: the mean over its steps; zeros where it has none."""
        vectors = [F.normalize(self.head.embed(hidden).sum(0), dim=0) for hidden in self._ends(paths)]
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

"""Stage 2, guided by teachers: verified solutions are imitated, and right steps set against broken ones.

A unit of the stream is a solution of an expert or a lesson of a teacher that grader and checkers have passed, followed,
where there is a contrast, by the same path up to one broken step. The loop, its checkpoints and its log are those of
the foundation. Where teacher and student share the vocabulary, the teacher's next-token distribution is learnt too.
Does not cover asking teachers (teachers.py) or the head and its losses (contrast.py).
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from microreason.data.corruption import corrupt
from microreason.data.documents import (
    LIMIT,
    Document,
    DocumentStream,
    Mixture,
    draw,
    fingerprint,
    held_out,
    time_limit,
    tokenise,
)
from microreason.data.packing import IGNORE, Batch, Packer
from microreason.errors import BadInput, BadWeights
from microreason.model.transformer import Transformer
from microreason.solution import Problem, Solution
from microreason.tasks import get_task
from microreason.teachers import SOLVED, Lesson, read
from microreason.tokenizer import Tokenizer
from microreason.training import checkpoint
from microreason.training.contrast import StepHead, contrastive_loss, find_steps, separate, unlikeliest
from microreason.training.loop import Trainer
from microreason.training.losses import Wanted, solution_loss
from microreason.training.recipe import Distillation, Recipe
from microreason.verification.steps import check_solution, check_step


def settings(recipe: Recipe, start: Path | str) -> Recipe:
    """The recipe that the loop follows in this stage, from the weights in `start`."""
    assert recipe.distill
    last = recipe.stages[-1].model_copy(update={"until": 1.0, "hold_wiring": False})
    if last.routing != "off":  # the gates stay hard and the budget where it ended
        ended = {"budget": (last.budget[1], last.budget[1]), "keep": last.keep and (last.keep[1], last.keep[1])}
        last = last.model_copy(update={"routing": "hard", **ended})
    lr = recipe.distill.lr
    return recipe.model_copy(
        update={
            "name": "distill", "output": str(recipe.folder), "start": str(start), "tokens": recipe.distill.tokens,
            "stages": [last], "data": None, "workers": 0, "muon_lr": recipe.muon_lr * lr,
            "adam_lr": recipe.adam_lr * lr,
        }
    )  # fmt: skip


class UnitStream(DocumentStream):
    """Units in the order of their number, which with the mixture's seed decides all there is in them."""

    def __init__(self, mixture: Mixture, tokenizer: Tokenizer, cursor: int, distill: Distillation) -> None:
        super().__init__(mixture, tokenizer, cursor)
        self._distill = distill
        self._lessons = lessons(Path(distill.lessons)) if distill.lessons else []

    def _here(self) -> Iterator[Document | str]:
        while True:
            yield self.unit(self.cursor)

    def unit(self, i: int) -> Document | str:
        """Unit number i, or the reason why there is none."""
        rng = random.Random(f"{self.mixture.seed}/{i}/unit")
        if self._lessons and rng.random() < self._distill.share:
            lesson = rng.choice(self._lessons)
            problem, solution = Problem(text=lesson.text, task=lesson.task), lesson.solution()
        else:
            drawn = draw(self.mixture, i)
            if isinstance(drawn, str):
                return drawn
            problem, solution = drawn
        try:
            with time_limit(LIMIT):
                return self._build(problem, solution, rng)
        except Exception as error:  # a grader or a checker failed: counted and named, never silent
            return f"{problem.task}: {type(error).__name__}"

    def _build(self, problem: Problem, solution: Solution, rng: random.Random) -> Document | str:
        if problem.seed is not None and not verified(problem, solution):  # a lesson was when it was asked
            return f"{problem.task}: not verified"
        right = tokenise(problem, solution, self.tokenizer, self.mixture.max_tokens)
        if isinstance(right, str) or not self._distill.contrast:
            return right
        broken = broken_path(problem, solution, rng)
        ids = path_ids(problem, broken, self.tokenizer) if broken else []
        if len(right.ids) + len(ids) > self.mixture.max_tokens:
            return right
        return Document(right.ids + ids, right.prompt, right.task)


def lessons(path: Path) -> list[Lesson]:
    """The kept lessons in a file, evaluation questions left out. Raises BadInput where there is none."""
    kept = [x for x in read(path) if x.kept and fingerprint(x.text) not in held_out(x.task)]
    if not kept:
        raise BadInput(f"There is no kept lesson in {path}.")
    return kept


def verified(problem: Problem, solution: Solution) -> bool:
    """Whether the grader accepts the answer and no checker refuses a step."""
    task = get_task(problem.task or "")
    right = task.grade(problem, solution.answer) >= SOLVED
    return right and all(step.verdict != "unsound" for step in check_solution(problem, solution, task).steps)


def broken_path(problem: Problem, solution: Solution, rng: random.Random) -> list[str] | None:
    """Lines of a right solution up to a broken one, which is the last; None where none is found that may be wrong."""
    task = get_task(problem.task or "")
    made = corrupt(task, problem, solution, rng)
    if made is None or check_step(problem, made.lines[:-1], made.lines[-1], task) == "sound":
        return None
    return made.lines


def path_ids(problem: Problem, lines: list[str], tokenizer: Tokenizer) -> list[int]:
    """Tokens of a problem and the first lines of a solution."""
    ids = tokenizer.encode_problem(problem.text)
    for line in lines:
        ids += [*tokenizer.encode(line), tokenizer.newline]
    return ids


def load_teacher(folder: str, vocabulary: int) -> Transformer:
    """A frozen network. Raises BadWeights where its vocabulary is another one."""
    teacher = Transformer.load(folder)
    if teacher.config.vocab_size != vocabulary:
        raise BadWeights(f"The teacher in {folder} has another vocabulary ({teacher.config.vocab_size} entries).")
    return teacher.requires_grad_(False).eval()


def divergence(student: Tensor, teacher: Tensor) -> Tensor:
    """Summed Kullback-Leibler divergence of the student's from the teacher's distributions; logits [N, V]."""
    return F.kl_div(student.log_softmax(-1), teacher.log_softmax(-1), reduction="sum", log_target=True)


class Distiller(Trainer):
    """The foundation's loop on units, with a step head beside the model."""

    def __init__(self, recipe: Recipe, start: Path | str, minutes: float | None = None) -> None:
        assert recipe.distill
        self.distill = recipe.distill
        self.parts: defaultdict[str, Any] = defaultdict(int)
        super().__init__(settings(recipe, start), minutes)
        self.teacher: Transformer | None = None
        if self.distill.teacher:
            self.teacher = load_teacher(self.distill.teacher, self.tokenizer.size).to(self.device)
            self.teacher.blockwise = self.device.type == "cuda"

    def _fresh(self) -> Transformer:
        model, d = super()._fresh(), self._config().dim
        self.head = (StepHead.load(d, self.recipe.start) or StepHead(d)).to(self.device)
        return model

    def _enter_stage(self, cursor: int = 0) -> None:
        super()._enter_stage(cursor)
        r = self.recipe
        self.stream = UnitStream(r.mixture(0), self.tokenizer, cursor, self.distill)
        self.packer = Packer(self.stream, r.row_lengths, r.micro_batch_tokens)
        head = torch.optim.AdamW(self.head.parameters(), 0.003, weight_decay=0.01)
        head.param_groups[0]["base_lr"] = 0.003
        self.optimizers.append(head)

    def _fetch(self) -> None:
        super()._fetch()
        self.batches = [separate(batch, self.tokenizer) for batch in self.batches]

    def loss(self, batch: Batch) -> Tensor:
        """Summed loss of one micro-batch: likelihood, teacher's distributions, contrast."""
        (ids, positions, documents), target = self.inputs(batch), Wanted.of(batch.targets, self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.autocast):
            hidden, penalty = self.forward(ids, positions, documents, target)
            chosen = hidden.flatten(0, 1).index_select(0, target.places)
            total, _ = solution_loss(self.model, chosen, target)
            self.parts["likelihood"] += total.detach()
            if self.teacher:
                with torch.no_grad():
                    known = self.teacher(ids, positions, documents, only=target.places[: target.number])
                    known = self.teacher.logits(known)
                apart = divergence(self.model.logits(chosen[: target.number]).float(), known.float())
                self.parts["divergence"] += apart.detach()
                total = (total + apart) / 2
            if self.distill.contrast:
                steps = find_steps(batch, self.tokenizer)
                likely = unlikeliest(self.model, hidden.flatten(0, 1), ids.flatten(), steps.before, steps.ends)
                sound, likeness = contrastive_loss(self.head, hidden, likely, steps)
                self.parts["soundness"] += sound.detach()
                self.parts["likeness"] += likeness.detach()
                self.parts["steps"] += len(steps.ends)
                self.parts["pairs"] += len(steps.broken)
                total = total + self.distill.contrast * (sound + likeness)
        return total + penalty

    def train_step(self) -> dict[str, float]:
        """One optimiser step; its record has the parts of the loss: per token, step and pair."""
        self.parts.clear()
        if not self.batches:
            self._fetch()
        tokens = sum(int((b.targets != IGNORE).sum()) for b in self.batches)
        record: dict[str, Any] = super().train_step()
        per: dict[str, int | str] = {
            "likelihood": tokens,
            "divergence": tokens,
            "soundness": "steps",
            "likeness": "pairs",
        }
        for name, count in per.items():
            if name in self.parts:
                number = count if isinstance(count, int) else self.parts[count]
                record[name] = float(self.parts[name]) / max(1, number)
        return record

    def save(self) -> None:
        """The head first, in a folder of its own, so that every whole checkpoint has its head."""
        checkpoint.save(self.recipe.folder / "head", self.step, self.head.state_dict(), {}, {})
        super().save()

    def resume(self) -> bool:
        """Continue from the newest whole checkpoint; False where there is none."""
        if not super().resume():
            return False
        tensors, _, _ = checkpoint.load(self.recipe.folder / "head" / f"step-{self.step:08d}")
        self.head.load_state_dict(tensors)
        return True

"""Stage 3, self-evolution: the model solves problems in groups, and what was better than its group becomes likelier.

Group-relative policy gradient (GRPO, arXiv 2402.03300) on own rollouts, one update per batch of rollouts so that no
importance ratio is needed, token-level mean (DAPO, 2503.14476), and a penalty on the divergence from the start: half
the squared difference of log-probabilities, whose gradient on own rollouts is that of KL(policy || start). GRPO's
estimator has exp(difference) in it: a single token that the start finds e^10 times likelier outweighs a batch.
Credit within a solution (`credit`): a token is worth what the group's solutions that go on from it get more than those
that go on from where it stood, a Monte-Carlo value as in VinePPO (2410.01679) from the group itself; where a step
checker refuses a step, it is not praised, and what follows says nothing.
The difficulty of each task moves to where a part of its group is solved. A group without spread or without a right
solution is skipped and counted, and so is a reward that is no number, or a grader that raises. Does not cover how
solutions are drawn by several processes (rollouts.py) or the trials before and after (trial.py).
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from pydantic import Field, ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from torch.nn import functional as F

from microreason.data.documents import Document, fingerprint, held_out
from microreason.data.packing import IGNORE, Batch, pack
from microreason.errors import BadRecipe, BadWeights
from microreason.evaluation.records import circumstances
from microreason.inference.drafts import Generation
from microreason.model.transformer import Transformer
from microreason.solution import Problem
from microreason.tasks import get_task
from microreason.tokenizer import Tokenizer
from microreason.training import checkpoint
from microreason.training.contrast import StepHead, StepJudge
from microreason.training.loop import interruptible
from microreason.training.optim import bf16_is_fast
from microreason.training.recipe import Evolution
from microreason.training.release import write_stage
from microreason.training.rewards import Reward, advantages, reward
from microreason.training.rollouts import RayRollouts, engine
from microreason.training.trial import grade, trial
from microreason.verification.steps import check_solution
from microreason.weights_file import tokenizer_file

FIRST_SEED = 2_000_000_000
MOVE = 0.05
WARMUP = 10


class EvolveRecipe(Evolution):
    """A run by itself: the settings of the stage, where it starts and where it is kept. Unknown keys are refused."""

    name: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    start: str | None = None
    """A folder with weights; the released ones where it is left out."""
    tasks: list[str] = Field(min_length=1)
    seed: int = 0
    output: str = "runs"

    @property
    def folder(self) -> Path:
        """Where the run keeps its checkpoints and log."""
        return Path(self.output) / self.name


def load_evolve(path: Path | str) -> EvolveRecipe:
    """Read and check a recipe. Raises BadRecipe and UnknownTask."""
    try:
        recipe = EvolveRecipe.model_validate(yaml.safe_load(Path(path).read_text("utf-8")))
    except (OSError, ValueError, yaml.YAMLError, ValidationError) as error:
        raise BadRecipe(f"The recipe {path} cannot be used: {str(error).splitlines()[0]}.") from None
    for name in recipe.tasks:
        get_task(name)
    return recipe


def credit(problem: Problem, group: Sequence[Generation], gain: np.ndarray, newline: int) -> list[np.ndarray]:
    """The advantages [S] of each solution's tokens, from those of the whole solutions [G].

    A token is worth the mean of the solutions that have it and all before it, less the mean of those that have all
    before it: nothing where the group is of one mind, or where only one solution is left. Where a checker refuses a
    step, it has no share of what is positive, and what follows, written after a mistake, has none of anything.
    """
    having = defaultdict[tuple[int, ...], list[float]](list)
    for drawn, whole in zip(group, gain, strict=True):
        for end in range(len(drawn.ids) + 1):
            having[drawn.ids[:end]].append(float(whole))
    worth = {begun: sum(gains) / len(gains) for begun, gains in having.items()}
    out = []
    for drawn in group:
        gains = np.diff([worth[drawn.ids[:end]] for end in range(len(drawn.ids) + 1)]).astype(np.float32)
        checked = check_solution(problem, drawn.solution, get_task(problem.task or "")).steps
        verdicts = [step.verdict for step in checked]
        if "unsound" in verdicts:
            line = np.append(0, np.cumsum(np.array(drawn.ids) == newline)[:-1]) - verdicts.index("unsound")
            gains[line == 0] = gains[line == 0].clip(max=0)
            gains[line > 0] = 0
        out.append(gains)
    return out


def merge(samples: list[tuple[Document, np.ndarray]]) -> list[tuple[Document, np.ndarray]]:
    """What is left to learn from: each solution to its last token with an advantage, equal ones as one with the sum."""
    sums: dict[tuple[int, ...], tuple[Document, np.ndarray]] = {}
    for document, gains in samples:
        if gains.any():
            gains = gains[: np.flatnonzero(gains)[-1] + 1]
            ids = document.ids[: document.prompt + len(gains)]
            known = sums.get(tuple(ids))
            document = Document(ids, document.prompt, document.task)
            sums[tuple(ids)] = document, gains if known is None else known[1] + gains
    return list(sums.values())


class Evolver:
    """State of one run: policy, its frozen start, optimiser, difficulty by task, counters."""

    advantages = staticmethod(advantages)

    def __init__(self, recipe: EvolveRecipe) -> None:
        self.recipe = recipe
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self.tokenizer = Tokenizer.load(tokenizer_file(recipe.start))
        self.model = Transformer.load(recipe.start)
        if not self.model.routes():  # nothing to decide: the same network without masks for it
            self.model = Transformer.load(recipe.start, routing="off")
        self.model.to(device)
        self.start = deepcopy(self.model).requires_grad_(False)
        self.judge: StepJudge | None = None
        self.head = StepHead.load(self.model.config.dim, recipe.start)
        if recipe.similarity == "embedding":
            if self.head is None:
                raise BadWeights("`similarity: embedding` needs weights with a step head; stage 2 trains one.")
            self.judge = StepJudge(self.start, self.head.to(device), self.tokenizer)
        self.remote = RayRollouts(recipe.workers, self.tokenizer) if recipe.workers else None
        self.optimizer = torch.optim.AdamW(self.model.parameters(), recipe.lr, betas=(0.9, 0.98), weight_decay=0.0)
        self.difficulty = dict.fromkeys(recipe.tasks, recipe.difficulty)
        self.counts: Counter[str] = Counter()
        self.step = 0

    def problems(self) -> list[Problem]:
        """Problems of this step, at the present difficulty of their tasks, none of them an evaluation question."""
        rng, out = random.Random(f"{self.recipe.seed}/{self.step}"), list[Problem]()
        while len(out) < self.recipe.problems:
            name = rng.choice(self.recipe.tasks)
            level = min(1.0, max(0.0, self.difficulty[name] + rng.uniform(-MOVE, MOVE)))
            problem = get_task(name).generate(FIRST_SEED, rng.randrange(2**40), level)
            if fingerprint(problem.text) not in held_out(name):
                out.append(problem)
        return out

    def rewards(self, problem: Problem, group: list[Generation]) -> list[Reward]:
        """The reward of each solution of a group."""
        reference = get_task(problem.task or "").expert(problem)
        alike: list[float | None] = [None] * len(group)
        if self.judge:
            chains = [[step.text for step in s.steps] for s in (reference, *(g.solution for g in group))]
            vectors = self.judge.chains([(problem.text, chain) for chain in chains])
            alike = np.clip(vectors[1:] @ vectors[0], 0, 1).tolist()
        return [
            reward(g.solution, grade(problem, g.solution, self.counts), reference, similarity)
            for g, similarity in zip(group, alike, strict=True)
        ]

    def gain(self, rewards: list[Reward]) -> np.ndarray | None:
        """The advantages of a group [G], or None, counted, where they say nothing."""
        if not np.isfinite([r.parts for r in rewards]).all():
            self.counts["rewards that are no number"] += 1
            return None
        if not any(r.correctness for r in rewards):
            self.counts["groups without a right solution"] += 1
            return None
        gain = self.advantages(rewards)
        if not gain.any():
            self.counts["groups without spread"] += 1
            return None
        return gain

    def rollouts(self, texts: list[str]) -> list[Generation]:
        """Solutions drawn with the present policy, in order."""
        r = self.recipe
        seed = r.seed * 1_000_003 + self.step
        if self.remote:
            return self.remote.draw(self.model, texts, r.max_tokens, r.temperature, seed)
        drawn_by = engine(self.model, self.tokenizer, r.problems * r.group)
        return drawn_by.generate(texts, max_tokens=r.max_tokens, temperature=r.temperature, seed=seed)

    def train_step(self) -> dict[str, Any]:
        """Roll out, judge, update. Returns the means of the reward's parts and what was skipped."""
        r, begin = self.recipe, time.monotonic()
        problems = self.problems()
        drawn = self.rollouts([p.text for p in problems for _ in range(r.group)])
        rollout_seconds = time.monotonic() - begin
        samples: list[tuple[Document, np.ndarray]] = []
        parts: list[Reward] = []
        for i, problem in enumerate(problems):
            group = drawn[i * r.group : (i + 1) * r.group]
            rewards = self.rewards(problem, group)
            parts += rewards
            self._move(problem.task or "", float(np.mean([x.correctness for x in rewards])))
            gain = self.gain(rewards)
            if gain is not None:
                prompt = self.tokenizer.encode_problem(problem.text)
                for drawn_one, gains in zip(group, credit(problem, group, gain, self.tokenizer.newline), strict=True):
                    samples.append((Document([*prompt, *drawn_one.ids], len(prompt), problem.task or ""), gains))
        divergence = self._update(samples) if samples else 0.0
        self.step += 1
        known = [p for p in parts if np.isfinite(p.parts).all()] or [Reward(0.0, 0.0, 0.0)]
        means = np.mean([p.parts for p in known], axis=0)
        return {
            "step": self.step, "reward": float(np.mean([p.total for p in known])), "correctness": float(means[0]),
            "step_efficiency": float(means[1]), "logical_soundness": float(means[2]), "divergence": divergence,
            "used": len(samples) / len(drawn), "tokens": sum(g.tokens for g in drawn),
            "rollouts_per_second": len(drawn) / rollout_seconds, "seconds": time.monotonic() - begin,
            "difficulty": {k: round(v, 2) for k, v in self.difficulty.items()}, "counts": dict(self.counts),
        }  # fmt: skip

    def _move(self, task: str, solved: float) -> None:
        step = MOVE if solved > 0.8 else -MOVE if solved < 0.2 else 0.0
        self.difficulty[task] = min(1.0, max(0.0, self.difficulty[task] + step))

    def _update(self, samples: list[tuple[Document, np.ndarray]]) -> float:
        """One optimiser step on solutions with the advantages of their tokens; the mean divergence per token."""
        samples = sorted(merge(samples), key=lambda s: len(s[0].ids))
        total = sum(len(gains) for _, gains in samples)
        device, divergence = next(self.model.parameters()).device, 0.0
        while samples:
            ends = np.cumsum([len(document.ids) for document, _ in samples])
            rows = max(1, int((ends <= self.recipe.micro_batch_tokens).sum()))
            part, samples = samples[:rows], samples[rows:]
            batch = pack([[document for document, _ in part]], int(ends[rows - 1]))
            gain = torch.from_numpy(np.concatenate([gains for _, gains in part])).to(device)
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16_is_fast(device)):
                likely = self._log_probabilities(self.model, batch)
                with torch.no_grad():
                    before = self._log_probabilities(self.start, batch)
            apart = (likely - before) ** 2 / 2
            ((-gain * likely + self.recipe.divergence * apart).sum() / total).backward()
            divergence += float(apart.detach().sum()) / total
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.lr * min((self.step + 1) / WARMUP, 1 - self.step / self.recipe.steps)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return divergence

    def _log_probabilities(self, model: Transformer, batch: Batch) -> torch.Tensor:
        """Of the tokens of the solutions in a batch [S], at the temperature they were drawn with."""
        device, places = model.embedding.weight.device, np.flatnonzero(batch.targets != IGNORE)
        arrays = (batch.ids, batch.positions, batch.documents, places, batch.targets.reshape(-1)[places])
        ids, positions, documents, only, wanted = (torch.from_numpy(x).to(device) for x in arrays)
        logits = model.logits(model(ids, positions, documents, only=only)).float() / self.recipe.temperature
        return -F.cross_entropy(logits, wanted, reduction="none")

    def trial(self, size: int) -> dict[str, dict[str, float]]:
        """Greedy results on problems that no step sees, by task."""
        r = self.recipe
        return trial(self.model, self.tokenizer, r.tasks, size, r.difficulty, r.max_tokens)

    def save(self) -> None:
        """Write a checkpoint of everything the run needs."""
        state = {
            "step": self.step, "difficulty": self.difficulty, "counts": dict(self.counts),
            "config": self.model.config.model_dump(), "recipe": self.recipe.model_dump(mode="json"),
        }  # fmt: skip
        tensors = checkpoint.optimizer_tensors([self.optimizer])
        checkpoint.save(self.recipe.folder, self.step, self.model.state_dict(), tensors, state)

    def resume(self) -> bool:
        """Continue from the newest whole checkpoint; False where there is none."""
        path = checkpoint.latest(self.recipe.folder)
        if path is None:
            return False
        weights, optimizer, state = checkpoint.load(path)
        self.model.load_state_dict(weights)
        checkpoint.restore_optimizers([self.optimizer], optimizer)
        self.step, self.difficulty, self.counts = state["step"], state["difficulty"], Counter(state["counts"])
        return True

    def run(self, report: Callable[[dict[str, Any]], None] | None = None, every: int = 20) -> None:
        """Train to the last step; a checkpoint every few steps, at the end, and on Ctrl-C."""
        self.recipe.folder.mkdir(parents=True, exist_ok=True)
        with interruptible() as stop, (self.recipe.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            while self.step < self.recipe.steps and not stop.is_set():
                record = self.train_step()
                log.write(json.dumps(record) + "\n")
                log.flush()
                if report:
                    report(record)
                if self.step % every == 0:
                    self.save()
            self.save()
        if stop.is_set():
            raise KeyboardInterrupt


def show(evolver: Evolver, console: Console) -> None:
    """Run to the last step beside a progress bar."""
    columns = [TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()]
    with Progress(*columns, console=console) as bar:
        line = bar.add_task("evolving", total=evolver.recipe.steps)

        def report(record: dict[str, Any]) -> None:
            text = f"step {record['step']}  correct {record['correctness']:.2f}  reward {record['reward']:.2f}"
            bar.update(line, completed=record["step"], description=text)

        evolver.run(report)


def write_evolved(evolver: Evolver) -> Path:
    """Write the policy, with the step head it started with, into `weights` in the run's folder."""
    r = evolver.recipe
    origin = {"recipe": r.name, "tasks": sorted(r.tasks), "steps": evolver.step}
    return write_stage(r.folder / "weights", evolver.model, evolver.head, evolver.tokenizer, r.start, origin)


def evolve(recipe: EvolveRecipe, resume: bool, size: int, console: Console) -> dict[str, Any]:
    """A whole run with a greedy trial of `size` problems a task before the first step and after the last."""
    evolver = Evolver(recipe)
    before = evolver.trial(size)
    if resume:
        evolver.resume()
    show(evolver, console)
    write_evolved(evolver)
    told = {"benchmark": "evolve", "recipe": recipe.model_dump(mode="json"), "size": size} | circumstances({})
    return told | {"before": before, "after": evolver.trial(size), "counts": dict(evolver.counts)}

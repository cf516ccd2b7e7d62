"""Stage 3, self-evolution: the model solves problems in groups, and what was better than its group becomes likelier.

Group-relative policy gradient (GRPO, arXiv 2402.03300) on own rollouts, one update per batch of rollouts so that no
importance ratio is needed, token-level mean (DAPO, 2503.14476), and a penalty on the divergence from the start.
The difficulty of each task moves to where a part of its group is solved. A group without spread is skipped
and counted, and so is a grader that raises. Does not cover rollouts on several machines.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from torch.nn import functional as F

from microreason.data.documents import fingerprint, held_out
from microreason.errors import BadRecipe
from microreason.evaluation.records import circumstances
from microreason.inference.batched import TorchEngine
from microreason.inference.drafts import Generation
from microreason.model.transformer import Transformer
from microreason.solution import Problem, Solution
from microreason.tasks import get_task
from microreason.tokenizer import Tokenizer
from microreason.training import checkpoint
from microreason.training.loop import interruptible
from microreason.training.rewards import Reward, advantages, reward
from microreason.weights_file import read_weights

FIRST_SEED, TRIAL_SEED = 2_000_000_000, 2_500_000_000
MOVE = 0.05


class EvolveRecipe(BaseModel):
    """Settings of a run; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    start: str | None = None
    """A folder with weights; the released ones where it is left out."""
    tasks: list[str] = Field(min_length=1)
    difficulty: float = Field(0.3, ge=0, le=1)
    steps: int = Field(200, ge=1)
    problems: int = Field(16, ge=1)
    group: int = Field(8, ge=2)
    max_tokens: int = 256
    temperature: float = 1.0
    lr: float = 3e-5
    divergence: float = 0.02
    sum_first: bool = False
    micro_batch_tokens: int = 4096
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


class Evolver:
    """State of one run: policy, its frozen start, optimiser, difficulty by task, counters."""

    def __init__(self, recipe: EvolveRecipe) -> None:
        self.recipe = recipe
        device = "cuda" if torch.cuda.is_available() else "cpu"
        config, tensors = read_weights(recipe.start)
        self.tokenizer = Tokenizer.load(Path(recipe.start) / "tokenizer.json" if recipe.start else None)
        self.model, self.start = Transformer(config), Transformer(config)
        for model in (self.model, self.start):
            model.load_state_dict({k: torch.from_numpy(v) for k, v in tensors.items()})
            model.to(device)
        self.start.requires_grad_(False)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), recipe.lr, betas=(0.9, 0.95), weight_decay=0.0)
        self.difficulty = dict.fromkeys(recipe.tasks, recipe.difficulty)
        self.counts: Counter[str] = Counter()
        self.step = 0

    def problems(self) -> list[Problem]:
        """Problems of this step, at the present difficulty of their tasks, none of them an evaluation question."""
        rng, out = random.Random(f"{self.recipe.seed}/{self.step}"), []
        while len(out) < self.recipe.problems:
            name = rng.choice(self.recipe.tasks)
            level = min(1.0, max(0.0, self.difficulty[name] + rng.uniform(-MOVE, MOVE)))
            problem = get_task(name).generate(FIRST_SEED, rng.randrange(2**40), level)
            if fingerprint(problem.text) not in held_out(name):
                out.append(problem)
        return out

    def judge(self, problem: Problem, solution: Solution, reference: Solution) -> Reward:
        """The reward of one solution; a grader that raises gives 0 and is counted."""
        task = get_task(problem.task or "")
        try:
            score = task.grade(problem, solution.answer)
        except Exception as error:
            self.counts[f"{task.name}: grader raises {type(error).__name__}"] += 1
            score = 0.0
        return reward(solution, score, reference)

    def train_step(self) -> dict[str, Any]:
        """Roll out, judge, update. Returns the means of the reward's parts and what was skipped."""
        r, begin = self.recipe, time.monotonic()
        problems = self.problems()
        engine = TorchEngine(self.model, self.tokenizer, batch=r.problems * r.group)
        drawn = engine.generate(
            [p.text for p in problems for _ in range(r.group)], max_tokens=r.max_tokens, temperature=r.temperature,
            seed=r.seed * 1_000_003 + self.step,
        )  # fmt: skip
        rollout_seconds = time.monotonic() - begin
        samples: list[tuple[list[int], int, float]] = []
        parts: list[Reward] = []
        for i, problem in enumerate(problems):
            group = drawn[i * r.group : (i + 1) * r.group]
            reference = get_task(problem.task or "").expert(problem)
            rewards = [self.judge(problem, g.solution, reference) for g in group]
            parts += rewards
            self._move(problem.task or "", float(np.mean([x.correctness for x in rewards])))
            gain = advantages(rewards, r.sum_first)
            if not gain.any():
                self.counts["groups without spread"] += 1
                continue
            prompt = self.tokenizer.encode_problem(problem.text)
            samples += [([*prompt, *g.ids], len(prompt), float(a)) for g, a in zip(group, gain, strict=True)]
        divergence = self._update(samples) if samples else 0.0
        self.step += 1
        means = np.mean([p.parts for p in parts], axis=0)
        return {
            "step": self.step, "reward": float(np.mean([p.total for p in parts])), "correctness": float(means[0]),
            "step_efficiency": float(means[1]), "logical_soundness": float(means[2]), "divergence": divergence,
            "used": len(samples) / len(drawn), "tokens": sum(g.tokens for g in drawn),
            "rollouts_per_second": len(drawn) / rollout_seconds, "seconds": time.monotonic() - begin,
            "difficulty": {k: round(v, 2) for k, v in self.difficulty.items()}, "counts": dict(self.counts),
        }  # fmt: skip

    def _move(self, task: str, solved: float) -> None:
        step = MOVE if solved > 0.8 else -MOVE if solved < 0.2 else 0.0
        self.difficulty[task] = min(1.0, max(0.0, self.difficulty[task] + step))

    def _update(self, samples: list[tuple[list[int], int, float]]) -> float:
        """One optimiser step on the samples (ids, length of the prompt, advantage); the mean divergence per token."""
        total = sum(len(ids) - prompt for ids, prompt, _ in samples)
        device, divergence = next(self.model.parameters()).device, 0.0
        samples = sorted(samples, key=lambda s: len(s[0]))
        while samples:
            rows = max(1, self.recipe.micro_batch_tokens // len(samples[-1][0]))
            batch, samples = samples[-rows:], samples[:-rows]
            width = max(len(ids) for ids, _, _ in batch)
            ids = torch.tensor([ids + [0] * (width - len(ids)) for ids, _, _ in batch], device=device)
            place = torch.arange(width, device=device)
            starts, ends = (
                torch.tensor(x, device=device)[:, None]
                for x in ([p for _, p, _ in batch], [len(i) for i, _, _ in batch])
            )
            chosen = (place >= starts - 1) & (place < ends - 1)
            gain = torch.tensor([a for _, _, a in batch], device=device)[:, None].expand_as(chosen)[chosen]
            likely = self._log_probabilities(self.model, ids, chosen)
            with torch.no_grad():
                before = self._log_probabilities(self.start, ids, chosen)
            apart = torch.exp(before - likely) - (before - likely) - 1
            ((-gain * likely + self.recipe.divergence * apart).sum() / total).backward()
            divergence += float(apart.detach().sum()) / total
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return divergence

    def _log_probabilities(self, model: Transformer, ids: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        """Of the tokens that follow the chosen places, at the temperature they were drawn with."""
        logits = model.logits(model(ids)[chosen]).float() / self.recipe.temperature
        return -F.cross_entropy(logits, ids.roll(-1, 1)[chosen], reduction="none")

    def trial(self, size: int) -> dict[str, dict[str, float]]:
        """Greedy results on problems that no step sees, by task: correctness, step efficiency, tokens."""
        out = {}
        for name in self.recipe.tasks:
            task = get_task(name)
            problems = [task.generate(TRIAL_SEED, i, self.recipe.difficulty) for i in range(size)]
            drawn: list[Generation] = TorchEngine(self.model, self.tokenizer).generate(
                [p.text for p in problems], max_tokens=self.recipe.max_tokens
            )
            judged = [self.judge(p, g.solution, task.expert(p)) for p, g in zip(problems, drawn, strict=True)]
            out[name] = {
                "correctness": float(np.mean([j.correctness for j in judged])),
                "step_efficiency": float(np.mean([j.step_efficiency for j in judged])),
                "tokens": float(np.mean([g.tokens for g in drawn])),
            }
        return out

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


def evolve(recipe: EvolveRecipe, resume: bool, trial: int, console: Console) -> dict[str, Any]:
    """A whole run with a greedy trial of `trial` problems a task before the first step and after the last."""
    evolver = Evolver(recipe)
    before = evolver.trial(trial)
    if resume:
        evolver.resume()
    columns = [TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()]
    with Progress(*columns, console=console) as bar:
        line = bar.add_task("evolving", total=recipe.steps)

        def report(record: dict[str, Any]) -> None:
            text = f"step {record['step']}  correct {record['correctness']:.2f}  reward {record['reward']:.2f}"
            bar.update(line, completed=record["step"], description=text)

        evolver.run(report)
    told = {"benchmark": "evolve", "recipe": recipe.model_dump(mode="json"), "size": trial} | circumstances({})
    return told | {"before": before, "after": evolver.trial(trial), "counts": dict(evolver.counts)}

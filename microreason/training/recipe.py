"""Recipes: YAML files that say what is trained, on what, and for how long. Unknown keys are refused here.

Does not cover shapes of models (model/config.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from microreason.data.documents import Mixture
from microreason.errors import BadRecipe
from microreason.model.config import SIZES, Routing
from microreason.tasks import get_task

Share = Annotated[float, Field(ge=0, le=1)]
Entries = Annotated[int, Field(ge=1)]
Number = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Stage(_Part):
    """One part of a run: lasts until `until` (a share of the whole run), with a shape that differs from the size's
    where `shape` says so (the model grows from stage to stage), and a range of difficulty."""

    until: float = Field(gt=0, le=1)
    shape: dict[Literal["dim", "layers", "heads", "kv_heads", "ff"], int] = {}
    difficulty: tuple[float, float] = (0.0, 1.0)
    published: float = Field(0.2, ge=0, le=1)
    accumulate: int = Field(1, ge=1)
    hold_wiring: bool = False
    routing: Routing = "off"
    """Gates of dynamic attention routing: none, soft visibility, or hard decisions with a soft gradient."""
    window: int = Field(64, ge=1)
    """Tokens that stay visible before a gate decides."""
    open: list[tuple[Number, Number]] | None = None
    """Layers and key-value heads whose gates decide; those of all others stay shut in this stage. None: all decide."""
    budget: tuple[Share, Share] = (1.0, 0.3)
    """Share of dense attention's reads that is free, at the stage's begin and end; linear in between."""
    keep: tuple[Entries, Entries] | None = None
    """Instead of a share, entries a query that a document may read for free in the mean of its layers and heads, at
    the stage's begin and end: long documents save most, short ones nothing."""
    budget_weight: float = Field(4.0, ge=0)
    """Loss per unit of reads above the budget, in nats per token."""
    decision_weight: float = Field(0.1, ge=0)
    """Weight of mean g(1-g), which pushes gates to a decision."""
    open_weight: float = Field(0.0, ge=0)
    """Weight of the divergence from the same network with all gates open."""
    open_every: int = Field(1, ge=1)
    """Steps between two looks at that divergence."""

    @field_validator("routing", mode="before")
    @classmethod
    def _off(cls, value: Any) -> Any:
        return "off" if value is False else value  # what YAML makes of a bare `off`


class Distillation(_Part):
    """Stage 2, after the last stage of the foundation and with its shape and difficulty."""

    tokens: int = Field(gt=0)
    lr: float = Field(0.3, gt=0)
    """Factor on the foundation's learning rates."""
    contrast: float = Field(1.0, ge=0)
    """Weight of the contrastive losses; 0 trains no step head and reads no broken paths."""
    lessons: str | None = None
    """A file that `microreason teach` wrote; its kept solutions are mixed with those of the experts."""
    share: float = Field(0.5, ge=0, le=1)
    """Share of documents that are lessons, where there are any."""
    teacher: str | None = None
    """A folder with weights of the same vocabulary, whose next-token distributions are learnt too."""


class Evolution(_Part):
    """Stage 3: settings of reinforcement learning on the model's own solutions."""

    difficulty: float = Field(0.3, ge=0, le=1)
    steps: int = Field(200, ge=1)
    problems: int = Field(16, ge=1)
    group: int = Field(8, ge=2)
    max_tokens: int = Field(256, ge=1)
    temperature: float = Field(1.0, gt=0)
    lr: float = Field(3e-5, gt=0)
    divergence: float = Field(0.02, ge=0)
    similarity: Literal["lines", "embedding"] = "lines"
    """How two chains of steps are compared: by equal lines, or by the step head of the weights it starts from."""
    workers: int = Field(0, ge=0)
    """Ray workers that draw solutions; 0 draws them in this process."""
    micro_batch_tokens: int = Field(4096, ge=1)


class Recipe(_Part):
    """A whole training run: the foundation in `stages`, then distillation and self-evolution where they are named."""

    name: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    size: Literal["nano", "8m", "27m"]
    seed: int = 0
    tokens: int = Field(gt=0)
    tokenizer: str | None = None
    start: str | None = None
    blend: float = Field(1.0, gt=0, le=1)
    """How far the weights that are written lie on the way from the start to where training ended (WiSE-FT)."""
    tasks: dict[str, float] = Field(min_length=1)
    data: str | None = None
    """A folder of shards to read, instead of drawing documents while training."""
    workers: int = Field(0, ge=0)
    """Processes that draw documents ahead."""
    stages: list[Stage] = Field(min_length=1)
    distill: Distillation | None = None
    evolve: Evolution | None = None
    row_lengths: list[int] = [256, 512, 1024]
    micro_batch_tokens: int = 4096
    muon_lr: float = 0.02
    adam_lr: float = 0.003
    weight_decay: float = 0.01
    warmup: float = Field(0.02, ge=0, lt=1)
    decay: float = Field(0.3, ge=0, le=1)
    induction_start: bool = False
    compile: bool = True
    checkpoint_minutes: float = 5.0
    output: str = "runs"

    @model_validator(mode="after")
    def _consistent(self) -> Recipe:
        ends = [stage.until for stage in self.stages]
        if ends != sorted(set(ends)) or ends[-1] != 1.0:
            raise ValueError("the stages' `until` must rise and end at 1.0")
        size = SIZES[self.size]
        for stage in self.stages:
            layers, heads = stage.shape.get("layers", size["layers"]), stage.shape.get("kv_heads", size["kv_heads"])
            if any(layer >= layers or head >= heads for layer, head in stage.open or ()):
                raise ValueError("`open` names a layer or a key-value head that the network does not have")
        if any(self.micro_batch_tokens % n for n in self.row_lengths if n < self.micro_batch_tokens):
            raise ValueError("micro_batch_tokens must be a multiple of every shorter row length")
        if self.blend < 1 and (not self.start or self.distill or self.evolve):
            raise ValueError("`blend` needs a `start`, and is for the foundation alone")
        return self

    @property
    def folder(self) -> Path:
        """Where the run keeps its checkpoints and log."""
        return Path(self.output) / self.name

    def mixture(self, stage: int) -> Mixture:
        """What the documents of a stage are drawn from."""
        s = self.stages[stage]
        return Mixture(self.tasks, s.difficulty, s.published, self.seed * 1000 + stage, max(self.row_lengths))


def load_recipe(path: Path | str) -> Recipe:
    """Read and check a recipe. Raises BadRecipe with one sentence that names the key."""
    path = Path(path)
    try:
        values = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        raise BadRecipe(f"There is no recipe {path}.") from None
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise BadRecipe(f"The recipe {path} cannot be read: {str(error).splitlines()[0]}.") from None
    if not isinstance(values, dict):
        raise BadRecipe(f"The recipe {path} holds no keys.")
    if isinstance(values.get("tasks"), list):
        values["tasks"] = dict.fromkeys(values["tasks"], 1.0)
    try:
        recipe = Recipe.model_validate(values)
    except ValidationError as error:
        first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
        key = ".".join(str(part) for part in first["loc"]) or "recipe"
        raise BadRecipe(f"In the recipe {path}, {key}: {first['msg']}.") from None
    for name in recipe.tasks:
        get_task(name)
    return recipe

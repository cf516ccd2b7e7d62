"""What `microreason info` says: the model, its costs, where its weights came from, the sizes and the tasks.

Works without weights and without torch. Does not cover measured speed (benchmarks/).
"""

from __future__ import annotations

from importlib import metadata, util
from pathlib import Path
from typing import Any

from microreason.errors import BadWeights
from microreason.model.config import SIZES, ModelConfig
from microreason.tasks import all_tasks

CONTEXT = 512
"""The context at which FLOPs per token are stated."""


def costs(config: ModelConfig) -> dict[str, int]:
    """Parameters, FLOPs per token at `CONTEXT` tokens and KV bytes per token of a configuration."""
    return {
        "parameters": config.parameters(),
        f"flops_per_token_at_{CONTEXT}": config.flops_per_token(CONTEXT),
        "kv_bytes_per_token": config.kv_bytes_per_token(),
    }


def info(weights: Path | str | None = None) -> dict[str, Any]:
    """The model in that folder (or the released one), the sizes, the tasks by category, and what is installed."""
    from microreason.inference import load

    out: dict[str, Any] = {"version": version()}
    try:
        out["model"] = dict(load(weights).info)
    except BadWeights as error:
        if weights is not None:
            raise
        out["model"] = {"weights": None, "reason": str(error)}
    values = out["model"].get("config")
    if isinstance(values, ModelConfig | dict):
        config = values if isinstance(values, ModelConfig) else ModelConfig.parse(values)
        out["model"]["config"] = config.model_dump()
        out["model"] |= costs(config)
    out["sizes"] = {name: costs(ModelConfig.size(name)) for name in SIZES}
    out["tasks"] = {}
    for name, task in all_tasks().items():
        out["tasks"].setdefault(task.category, []).append(name)
    out["installed"] = {extra: util.find_spec(extra) is not None for extra in ("torch", "reasoning_gym")}
    return out


def version() -> str:
    """The installed version of this package."""
    try:
        return metadata.version("microreason")
    except metadata.PackageNotFoundError:
        return "unknown"

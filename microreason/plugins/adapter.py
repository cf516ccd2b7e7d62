"""Adapters: low-rank additions to a model's matrices, a file of at most 1 MB, loaded beside the weights at run time.

For each matrix W [out, in] of the blocks a file holds `up` [out, r] and `down` [r, in] in float16, and W + up · down
takes its place (LoRA, arXiv 2106.09685). A file belongs to the weights it was trained on, whose hash it names. It is
read like any stranger's file: safetensors only, size, names, shapes and finiteness checked first.
Does not cover training one (training/adapt.py), or several at once.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from microreason.errors import BadWeights
from microreason.model.config import ModelConfig
from microreason.weights_file import (
    Arrays,
    describe,
    expected_shapes,
    read_weights,
    tokenizer_file,
    write_weights,
    write_whole,
)

MAX_BYTES, VERSION = 1_000_000, "1"


def adapted_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Name and shape of each matrix that an adapter adds to."""
    return {
        name: shape
        for name, shape in expected_shapes(config).items()
        if len(shape) == 2 and name.startswith("blocks.") and "router" not in name
    }


def rank(config: ModelConfig) -> int:
    """The largest rank whose file stays below 1 MB."""
    return (MAX_BYTES - 20_000) // (2 * sum(rows + columns for rows, columns in adapted_shapes(config).values()))


def write_adapter(path: Path, tensors: Arrays, weights: Path | str | None, origin: dict[str, Any]) -> Path:
    """Write `NAME.up` and `NAME.down` of each matrix, whole or not at all; `origin` says how they were made."""
    metadata = {"version": VERSION, "weights": describe(weights)["sha256"], "origin": json.dumps(origin)}
    return write_whole(path, save({name: np.ascontiguousarray(t, np.float16) for name, t in tensors.items()}, metadata))


def read_adapter(path: Path, weights: Path | str | None = None) -> tuple[Arrays, dict[str, Any], dict[str, Any]]:
    """The tensors of an adapter, in float32, its origin and that of the weights. Raises BadWeights where it does not
    fit them."""
    told = describe(weights)
    try:
        size = path.stat().st_size
        if not 8 < size <= MAX_BYTES:
            raise BadWeights(f"The adapter {path.name} has {size} bytes; an adapter has at most {MAX_BYTES:,}.")
        blob = path.read_bytes()
        metadata = json.loads(blob[8 : 8 + int.from_bytes(blob[:8], "little")])["__metadata__"]
        raw, origin = load(blob), json.loads(metadata["origin"])
        version, sha256 = metadata["version"], metadata["weights"]
    except FileNotFoundError:
        raise BadWeights(f"There is no adapter {path}.") from None
    except OSError as error:
        raise BadWeights(f"The adapter {path.name} cannot be read ({error.strerror}).") from None
    except (SafetensorError, ValueError, KeyError, TypeError):
        raise BadWeights(f"The adapter {path.name} is damaged, or no adapter of this project.") from None
    if version != VERSION or sha256 != told["sha256"]:
        raise BadWeights(f"The adapter {path.name} was made for other weights (sha256 {str(sha256)[:12]}).")
    out: Arrays = {}
    for name, (rows, columns) in adapted_shapes(ModelConfig.parse(told["config"])).items():
        up, down = raw.get(name + ".up"), raw.get(name + ".down")
        if up is None or down is None or up.shape[0] != rows or down.shape != (up.shape[1], columns):
            raise BadWeights(f"The adapter {path.name} does not match the weights in {name}.")
        if not (np.isfinite(up).all() and np.isfinite(down).all()):
            raise BadWeights(f"The adapter {path.name} holds values that are not finite, in {name}.")
        out |= {name + ".up": up.astype(np.float32), name + ".down": down.astype(np.float32)}
    return out, origin, told["origin"]


def merge(weights: Path | str | None, path: Path, folder: Path) -> Path:
    """Write weights with an adapter added, and their tokenizer, into a folder. Raises BadWeights."""
    added, origin, before = read_adapter(path, weights)
    config, tensors = read_weights(weights)
    for name in adapted_shapes(config):
        tensors[name] = tensors[name] + added[name + ".up"] @ added[name + ".down"]
    tasks = sorted({*before.get("tasks", []), *origin.get("tasks", [])})
    write_weights(folder, config, tensors, before | {"tasks": tasks, "adapter": origin})
    (folder / "tokenizer.json").write_bytes(tokenizer_file(weights).read_bytes())
    return folder

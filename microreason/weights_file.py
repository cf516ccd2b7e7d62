"""Released weights: one safetensors file, matrices in int8 with a scale per output row, read without torch.

The configuration and where the weights came from travel in the file's metadata. Sizes, shapes and finiteness are
checked before anything is computed. Does not cover checkpoints of a run (training/checkpoint.py).
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from microreason.errors import BadWeights
from microreason.model.config import ModelConfig

DEFAULT = Path(__file__).parent / "weights"
SHIPPED = ("8m", "mathematics", "mistakes")
FILE = "model.safetensors"
MAX_BYTES, MAX_HEADER, VERSION = 1 << 30, 1 << 20, "1"
HEAD_WIDTH = 64
Arrays = dict[str, np.ndarray]


def find(weights: Path | str | None = None) -> Path:
    """The folder of some weights: the 27M ones where none are named, others that ship by their name, else itself."""
    if not weights:
        return DEFAULT
    shipped = DEFAULT / weights
    return shipped if str(weights) in SHIPPED and shipped.is_dir() else Path(weights)


def tokenizer_file(weights: Path | str | None = None) -> Path:
    """The tokenizer of some weights: the file beside them, or, where they ship without one, that of the 27M ones."""
    folder = find(weights)
    own = folder / "tokenizer.json"
    return DEFAULT / own.name if not own.exists() and folder.resolve().parent == DEFAULT.resolve() else own


def expected_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor of a model."""
    d, kv, k = config.dim, config.kv_heads * config.head_dim, config.head_dim
    block = {
        "attention_norm.weight": (d,), "wq.weight": (d, d), "wk.weight": (kv, d), "wv.weight": (kv, d),
        "wo.weight": (d, d), "q_norm.weight": (k,), "k_norm.weight": (k,),
        "router.gate.weight": (config.kv_heads, d), "router.gate.bias": (config.kv_heads,),
        "mlp_norm.weight": (d,), "w_gate.weight": (config.ff, d), "w_up.weight": (config.ff, d),
        "w_down.weight": (d, config.ff),
    }  # fmt: skip
    shapes: dict[str, tuple[int, ...]] = {"embedding.weight": (config.vocab_size, d), "norm.weight": (d,)}
    return shapes | {f"blocks.{i}.{name}": s for i in range(config.layers) for name, s in block.items()}


def head_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor of a step head (training/contrast.py), which a file may hold beside the model."""
    d, e = config.dim, HEAD_WIDTH
    return {
        "head.inner.weight": (e, d), "head.inner.bias": (e,), "head.score.weight": (1, e + 1),
        "head.score.bias": (1,),
        "head.step.weight": (e, d), "head.next.weight": (e, d),
    }  # fmt: skip


def quantise(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float [rows, columns] -> int8 of the same shape and float32 scales [rows], rounding to nearest."""
    scale = np.maximum(np.abs(matrix).max(1), 1e-12).astype(np.float32) / 127
    return np.clip(np.rint(matrix / scale[:, None]), -127, 127).astype(np.int8), scale


def quantised(tensors: Arrays) -> Arrays:
    """Tensors as a file holds them: matrices in int8 with their scales under `NAME.scale`, others in float32."""
    out: Arrays = {}
    for name, tensor in tensors.items():
        if tensor.ndim == 2 and "router" not in name and not name.startswith("head."):
            out[name], out[name + ".scale"] = quantise(tensor)
        else:
            out[name] = np.ascontiguousarray(tensor, np.float32)
    return out


def write_weights(folder: Path, config: ModelConfig, tensors: Arrays, origin: dict[str, Any]) -> Path:
    """Write `model.safetensors` into a folder, whole or not at all; `origin` says how the weights were made."""
    out = quantised(tensors)
    metadata = {"version": VERSION, "config": config.model_dump_json(), "origin": json.dumps(origin)}
    return write_whole(folder / FILE, save(out, metadata | {"data_sha256": data_hash(save(out))}))


def write_whole(path: Path, blob: bytes) -> Path:
    """Write a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".tmp")
    with part.open("wb") as f:
        f.write(blob)
        f.flush()
        os.fsync(f.fileno())
    return part.rename(path)


def data_hash(blob: bytes | memoryview) -> str:
    """SHA-256 of all that follows the header of a safetensors file."""
    return hashlib.sha256(blob[8 + int.from_bytes(blob[:8], "little") :]).hexdigest()


def _read(path: Path) -> tuple[bytes, dict[str, str]]:
    try:
        size = path.stat().st_size
        if not 8 < size <= MAX_BYTES:
            raise BadWeights(f"The weights file {path.name} has {size} bytes, which is no size a model of ours has.")
        blob = path.read_bytes()
    except FileNotFoundError:
        raise BadWeights(f"There are no weights in {path.parent}: {path.name} is missing.") from None
    except OSError as error:
        raise BadWeights(f"The weights file {path.name} cannot be read ({error.strerror}).") from None
    length = struct.unpack("<Q", blob[:8])[0]
    try:
        if length > min(MAX_HEADER, size - 8):
            raise ValueError("header longer than the file")
        metadata = json.loads(blob[8 : 8 + length]).get("__metadata__", {})
    except (ValueError, AttributeError):
        raise BadWeights(f"The weights file {path.name} is damaged: its header cannot be read.") from None
    if metadata.get("version") != VERSION or "config" not in metadata:
        raise BadWeights(f"The weights file {path.name} is not of version {VERSION} of this project's format.")
    return blob, metadata


def describe(folder: Path | str | None = None) -> dict[str, Any]:
    """Configuration, origin, size and SHA-256 of the weights in a folder. Raises BadWeights."""
    path = find(folder) / FILE
    blob, metadata = _read(path)
    return {
        "path": str(path), "bytes": len(blob), "sha256": hashlib.sha256(blob).hexdigest(), "format": "int8",
        "config": json.loads(metadata["config"]), "origin": json.loads(metadata.get("origin", "{}")),
    }  # fmt: skip


def _load(folder: Path | str | None) -> tuple[ModelConfig, Arrays]:
    """Configuration and raw tensors of a weights file."""
    path = find(folder) / FILE
    blob, metadata = _read(path)
    try:
        return ModelConfig.parse(json.loads(metadata["config"])), load(blob)
    except (SafetensorError, ValueError) as error:
        raise BadWeights(f"The weights file {path.name} is damaged or truncated ({str(error)[:80]}).") from None


def _widen(raw: Arrays, shapes: dict[str, tuple[int, ...]]) -> Arrays:
    """The named tensors in float32, each of the shape it must have, finite, int8 ones multiplied by their scales."""
    tensors: Arrays = {}
    for name, shape in shapes.items():
        tensor = raw.get(name)
        if tensor is None or tensor.shape != shape:
            raise BadWeights(f"The weights do not match their configuration: {name} should be of shape {shape}.")
        if tensor.dtype == np.int8:
            scale = raw.get(name + ".scale")
            if scale is None or scale.shape != shape[:1]:
                raise BadWeights(f"The weights do not match their configuration: {name} has no scales.")
            tensor = tensor.astype(np.float32) * scale[:, None]
        if not np.isfinite(tensor).all():
            raise BadWeights(f"The weights hold values that are not finite, in {name}.")
        tensors[name] = tensor.astype(np.float32, copy=False)
    return tensors


def read_weights(folder: Path | str | None = None) -> tuple[ModelConfig, Arrays]:
    """Configuration and float32 tensors of the weights in a folder (default: those that ship).

    Raises BadWeights for a file that is missing, damaged, truncated, of another shape, or holds NaN.
    """
    config, raw = _load(folder)
    return config, _widen(raw, expected_shapes(config))


def read_head(folder: Path | str | None = None) -> Arrays:
    """The float32 tensors of the step head in a folder of weights; empty where they have none. Raises BadWeights."""
    config, raw = _load(folder)
    return _widen(raw, head_shapes(config)) if any(name.startswith("head.") for name in raw) else {}

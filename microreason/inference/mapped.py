"""The released weights as they lie in their file: int8 matrices and float32 scales, views of one buffer, not widened.

The file is read once, into memory aligned so that no int8 matrix begins inside a cache line; sizes, types, places and
finiteness are checked before anything is computed. Does not cover float32 tensors (weights_file.read_weights).
"""

from __future__ import annotations

import hashlib
import json
import mmap
import threading
from pathlib import Path
from typing import Any

import numpy as np

from microreason.errors import BadWeights
from microreason.model.config import ModelConfig
from microreason.weights_file import FILE, MAX_BYTES, MAX_HEADER, VERSION, Arrays, data_hash, expected_shapes, find

LINE = 64
_TYPES = {"I8": np.dtype(np.int8), "F32": np.dtype(np.float32)}


def map_weights(folder: Path | str | None = None) -> tuple[ModelConfig, Arrays, dict[str, Any]]:
    """Configuration, tensors (int8 [rows, columns], their scales under `NAME.scale`, float32 others) and facts.

    Raises BadWeights for a file that is missing, damaged, truncated, of another version or shape, or holds NaN.
    """
    path = find(folder) / FILE
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            if not 8 < size <= MAX_BYTES:
                raise BadWeights(
                    f"The weights file {path.name} has {size} bytes, which is no size a model of ours has."
                )
            file.seek(0)
            length = int.from_bytes(file.read(8), "little")
            header = _header(path, file.read(min(length, MAX_HEADER)), length, size)
            begins = [e["data_offsets"][0] for e in header.values() if e.get("dtype") == "I8"]
            pad = -(8 + length + min(begins, default=0)) % LINE
            buffer = mmap.mmap(-1, pad + size)
            if hasattr(mmap, "MADV_HUGEPAGE"):
                buffer.madvise(mmap.MADV_HUGEPAGE)
            whole = memoryview(buffer)[pad : pad + size]
            file.seek(0)
            if file.readinto(whole) != size:
                raise BadWeights(f"The weights file {path.name} changed while it was read.")
    except FileNotFoundError:
        raise BadWeights(f"There are no weights in {path.parent}: {path.name} is missing.") from None
    except OSError as error:
        raise BadWeights(f"The weights file {path.name} cannot be read ({error.strerror}).") from None
    metadata = header["__metadata__"]
    digest: list[str] = []  # hashing takes longer than reading: one of the two hashes on another core
    hashing = threading.Thread(target=lambda: digest.append(hashlib.sha256(whole).hexdigest()))
    hashing.start()
    try:
        damaged = metadata.get("data_sha256") not in (None, data_hash(whole))
    finally:
        hashing.join()
    if damaged:
        raise BadWeights(
            f"The weights file {path.name} is damaged: its content does not have the hash it was written with."
        )
    try:
        config = ModelConfig.parse(json.loads(metadata["config"]))
        tensors = _tensors(header, whole[8 + length :], config)
    except (KeyError, TypeError, ValueError) as error:
        raise BadWeights(f"The weights file {path.name} is damaged or truncated ({str(error)[:80]}).") from None
    facts = {
        "path": str(path), "bytes": size, "sha256": digest[0], "format": "int8",
        "config": json.loads(metadata["config"]), "origin": json.loads(metadata.get("origin", "{}")),
    }  # fmt: skip
    return config, tensors, facts


def _header(path: Path, text: bytes, length: int, size: int) -> dict[str, Any]:
    try:
        if length > min(MAX_HEADER, size - 8):
            raise ValueError("header longer than the file")
        header = json.loads(text)
        metadata = header.get("__metadata__", {})
        version = metadata.get("version")
    except (ValueError, AttributeError):
        raise BadWeights(f"The weights file {path.name} is damaged: its header cannot be read.") from None
    if version != VERSION or "config" not in metadata:
        raise BadWeights(f"The weights file {path.name} is not of version {VERSION} of this project's format.")
    return header


def _tensors(header: dict[str, Any], data: memoryview, config: ModelConfig) -> Arrays:
    """The tensors of a model. Raises BadWeights where one is missing or wrong, ValueError where it lies outside."""

    def view(name: str, shape: tuple[int, ...]) -> np.ndarray:
        entry = header.get(name)
        if entry is None or tuple(entry["shape"]) != shape or entry["dtype"] not in _TYPES:
            raise BadWeights(f"The weights do not match their configuration: {name} should be of shape {shape}.")
        dtype, (start, end) = _TYPES[entry["dtype"]], entry["data_offsets"]
        if not 0 <= start <= end <= len(data) or end - start != dtype.itemsize * int(np.prod(shape)):
            raise ValueError(f"{name} lies outside of the file")
        array = np.frombuffer(data[start:end], dtype).reshape(shape)
        if dtype == np.float32:
            array = array if array.ctypes.data % 4 == 0 else array.copy()
            if not np.isfinite(array).all():
                raise BadWeights(f"The weights hold values that are not finite, in {name}.")
        return array

    tensors: Arrays = {}
    for name, shape in expected_shapes(config).items():
        tensors[name] = view(name, shape)
        if tensors[name].dtype == np.int8:
            tensors[name + ".scale"] = view(name + ".scale", shape[:1])
    return tensors

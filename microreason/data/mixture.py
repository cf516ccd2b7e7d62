"""Training documents written ahead: the first so many of a recipe's streams, as shards with a manifest.

A shard holds token ids; the manifest its hash, counts and the cursor it ends at. The training loop draws the same
documents on the fly from the same seeds, so shards serve to look at the data and to move it. Does not cover packing.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track
from safetensors.numpy import save

from microreason.data.documents import DocumentStream
from microreason.tokenizer import Tokenizer
from microreason.training.recipe import Recipe


def build(recipe: Recipe, documents: int = 2000) -> Path:
    """Write `documents` documents of each stage and a manifest; same recipe, same bytes. Returns the folder."""
    tokenizer = Tokenizer.load(recipe.tokenizer)
    folder = recipe.folder / "data"
    folder.mkdir(parents=True, exist_ok=True)
    manifest: dict[str, Any] = {"recipe": recipe.model_dump(mode="json"), "shards": []}
    for number in range(len(recipe.stages)):
        stream = DocumentStream(recipe.mixture(number), tokenizer)
        drawn = list(track(itertools.islice(stream, documents), f"stage {number}", total=documents))
        blob = save(
            {
                "ids": np.concatenate([np.asarray(d.ids, np.uint16) for d in drawn]),
                "lengths": np.asarray([len(d.ids) for d in drawn], np.int32),
                "prompts": np.asarray([d.prompt for d in drawn], np.int32),
            }
        )
        path = folder / f"stage-{number}.safetensors"
        path.with_suffix(".tmp").write_bytes(blob)
        path.with_suffix(".tmp").rename(path)
        manifest["shards"].append(
            {
                "file": path.name, "sha256": hashlib.sha256(blob).hexdigest(), "documents": len(drawn),
                "tokens": sum(len(d.ids) for d in drawn), "cursor": stream.cursor,
                "tasks": dict(sorted(Counter(d.task for d in drawn).items())), "skipped": dict(stream.skipped),
            }
        )  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    return folder

"""Training documents written ahead: shards of token ids from many processes, with a manifest, and their reader.

Shard k of a stage holds the documents drawn with cursors k·`SPAN` to (k+1)·`SPAN`, so the same recipe gives the same
bytes whatever the number of processes, and an interrupted build goes on where it stopped. The manifest names each
shard's hash, counts and what was left out; a shard also records task, index, level and parameters of each problem.
Does not cover packing.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import multiprocessing
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress
from safetensors import SafetensorError
from safetensors.numpy import load, save

import microreason
from microreason.data.documents import Document, DocumentStream, Mixture, draw, tokenise
from microreason.errors import BadInput
from microreason.tokenizer import Tokenizer
from microreason.training.recipe import Recipe

SPAN = 2000
MANIFEST = "manifest.json"


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(path.name + ".tmp")
    part.write_bytes(data)
    part.rename(path)


def _shard(folder: Path, tokenizer: Tokenizer, stage: int, mixture: Mixture, number: int) -> dict[str, Any]:
    """Draw and write one shard; its entry in the manifest."""
    drawn: list[tuple[Document, dict[str, Any]]] = []
    skipped: Counter[str] = Counter()
    for i in range(number * SPAN, (number + 1) * SPAN):
        pair = draw(mixture, i)
        if isinstance(pair, str):
            skipped[pair] += 1
        elif isinstance(made := tokenise(*pair, tokenizer, mixture.max_tokens), str):
            skipped[made] += 1
        else:
            p = pair[0]
            drawn.append((made, {"task": p.task, "index": p.index, "level": p.level, "params": p.data["params"]}))
    blob = save(
        {
            "ids": np.concatenate([np.asarray(d.ids, np.uint16) for d, _ in drawn]),
            "lengths": np.asarray([len(d.ids) for d, _ in drawn], np.int32),
            "prompts": np.asarray([d.prompt for d, _ in drawn], np.int32),
            "problems": np.frombuffer(json.dumps([p for _, p in drawn], default=str).encode(), np.uint8),
        }
    )
    path = folder / f"stage-{stage}-{number:05d}.safetensors"
    _write(path, blob)
    return {
        "file": path.name, "sha256": hashlib.sha256(blob).hexdigest(), "documents": len(drawn),
        "tokens": sum(len(d.ids) for d, _ in drawn), "solution_tokens": sum(len(d.ids) - d.prompt for d, _ in drawn),
        "tasks": dict(sorted(Counter(d.task for d, _ in drawn).items())), "skipped": dict(sorted(skipped.items())),
    }  # fmt: skip


def build(recipe: Recipe, shards: int = 1, workers: int = 1) -> Path:
    """Write the first `shards` shards of each stage and the manifest. Returns the folder; keeps what is there.

    Raises BadInput where the folder was built from another recipe or version.
    """
    tokenizer = Tokenizer.load(recipe.tokenizer)
    folder = recipe.folder / "data"
    folder.mkdir(parents=True, exist_ok=True)
    told = {
        "recipe": recipe.model_dump(mode="json"), "version": microreason.__version__,
        "tokenizer": hashlib.sha256(tokenizer.to_json().encode()).hexdigest(), "span": SPAN,
    }  # fmt: skip
    manifest: dict[str, Any] = told | {"shards": {}}
    if (folder / MANIFEST).exists():
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        if {key: manifest.get(key) for key in told} != told:
            raise BadInput(f"{folder} holds data of another recipe, tokenizer or version; move it away first.")
    todo = [
        (stage, number)
        for number in range(shards)
        for stage in range(len(recipe.stages))
        if f"stage-{stage}-{number:05d}.safetensors" not in manifest["shards"]
    ]
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(workers, context) as pool, Progress() as bar:
        line = bar.add_task("shards", total=len(todo))
        make = partial(_shard, folder, tokenizer)
        futures = [pool.submit(make, stage, recipe.mixture(stage), number) for stage, number in todo]
        try:
            for done in concurrent.futures.as_completed(futures):
                entry = done.result()
                manifest["shards"][entry["file"]] = entry
                manifest["shards"] = dict(sorted(manifest["shards"].items()))
                _write(folder / MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode())
                bar.advance(line)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return folder


class ShardReader(DocumentStream):
    """Documents of one stage from the shards of a folder, over and over, from a cursor that counts documents.

    Shards that a build adds meanwhile join at the next pass. A shard whose hash is not the manifest's is named in
    `skipped` and left out; the rest stays usable.
    """

    def __init__(self, folder: Path, stage: int, cursor: int = 0) -> None:
        self._folder, self._stage = folder, stage
        self._entries()
        super().__init__(Mixture({}), None, cursor)  # type: ignore[arg-type]  # nothing is tokenised here

    def _entries(self) -> list[dict[str, Any]]:
        try:
            shards = json.loads((self._folder / MANIFEST).read_text("utf-8"))["shards"]
        except (OSError, ValueError, KeyError) as error:
            raise BadInput(f"{self._folder} holds no data set that can be read ({error}).") from None
        entries = [entry for name, entry in shards.items() if name.startswith(f"stage-{self._stage}-")]
        if not entries:
            raise BadInput(f"{self._folder} holds no shard of stage {self._stage}.")
        return entries

    def _read(self, entry: dict[str, Any]) -> list[Document]:
        try:
            blob = (self._folder / entry["file"]).read_bytes()
            if hashlib.sha256(blob).hexdigest() != entry["sha256"]:
                raise ValueError("hash")
            arrays = load(blob)
        except (OSError, ValueError, SafetensorError):
            self.skipped[f"{entry['file']}: damaged"] += 1
            return []
        tasks = [problem["task"] for problem in json.loads(arrays["problems"].tobytes())]
        ends = np.cumsum(arrays["lengths"])
        rows = np.split(arrays["ids"], ends[:-1])
        return [Document(*d) for d in zip((r.tolist() for r in rows), arrays["prompts"].tolist(), tasks, strict=True)]

    def _here(self) -> Iterator[Document | str]:
        skip = self.cursor % sum(entry["documents"] for entry in self._entries())
        while True:
            read = 0
            for entry in self._entries():
                if skip >= entry["documents"]:
                    skip -= entry["documents"]
                    continue
                documents = self._read(entry)
                yield from documents[skip:]
                read += len(documents)
                skip = 0
            if not read:
                raise BadInput(f"No shard in {self._folder} can be read.")

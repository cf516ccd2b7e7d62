"""Adapters: learnt beside weights that stay as they are, added when loaded; hostile files are refused in a sentence."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from typer.testing import CliRunner

import microreason
from microreason.cli import app
from microreason.errors import BadWeights, UnknownTask
from microreason.model.config import ModelConfig
from microreason.model.transformer import Transformer
from microreason.plugins.adapter import MAX_BYTES, adapted_shapes, merge, rank, read_adapter, write_adapter
from microreason.tokenizer import DEFAULT, Tokenizer
from microreason.training.adapt import adapt
from microreason.weights_file import FILE, describe, read_weights, write_weights


@pytest.fixture
def weights(tmp_path):
    config = ModelConfig.size("nano", vocab_size=Tokenizer.load().size, routing="hard")
    model = Transformer(config, seed=1)
    folder = tmp_path / "weights"
    write_weights(folder, config, {k: v.numpy() for k, v in model.state_dict().items()}, {"tasks": ["gcd"]})
    (folder / "tokenizer.json").write_bytes(DEFAULT.read_bytes())
    return folder


def test_an_adapter_learns_beside_weights_that_stay_as_they_are(weights, tmp_path):
    before, path = (weights / FILE).read_bytes(), tmp_path / "ab.safetensors"
    trainer = adapt(["ab"], path, weights, minutes=0.15, quiet=True)
    assert (weights / FILE).read_bytes() == before and path.stat().st_size <= MAX_BYTES
    log = [json.loads(line) for line in (trainer.recipe.folder / "log.jsonl").read_text().splitlines()]
    assert log[-1]["loss"] < log[0]["loss"]
    frozen, merged = read_weights(weights)[1], read_weights(merge(weights, path, tmp_path / "merged"))[1]
    changed = {name for name in frozen if not np.allclose(frozen[name], merged[name], atol=1e-6)}
    assert changed == set(adapted_shapes(trainer.model.config))
    for name, matrix in trainer.model.state_dict().items():
        if name.endswith("original"):
            plain = name.replace("parametrizations.weight.original", "weight")
            low = trainer.added[plain]
            step = np.abs(merged[plain]).max(1, keepdims=True) / 127 + 1e-3
            assert (np.abs((matrix + low.up @ low.down).detach().numpy() - merged[plain]) <= step).all()
    engine = microreason.load(weights, engine="edge", adapter=path)
    assert engine.info["origin"]["tasks"] == ["ab", "gcd"] and engine.info["origin"]["adapter"]["tokens"] > 0


def test_the_command_writes_one_and_unknown_tasks_are_named(weights, tmp_path):
    path = tmp_path / "new" / "a.safetensors"
    options = ["--tasks", "gcd,ab", "--minutes", "0.02", "--weights", str(weights), "--output", str(path)]
    done = CliRunner().invoke(app, ["adapt", *options])
    assert done.exit_code == 0 and "bytes, learnt from" in done.output and path.exists()
    told = CliRunner().invoke(app, ["solve", "x", "--any", "--weights", str(weights), "--adapter", str(path)])
    assert told.exit_code in (0, 3)
    with pytest.raises(UnknownTask):
        adapt(["abc"], path, weights)


def test_files_that_do_not_fit_are_refused(weights, tmp_path):
    config, path = read_weights(weights)[0], tmp_path / "a.safetensors"
    shapes, r = adapted_shapes(config), rank(config)
    tensors = {f"{n}.up": np.zeros((rows, r), np.float32) for n, (rows, _) in shapes.items()}
    tensors |= {f"{n}.down": np.zeros((r, columns), np.float32) for n, (_, columns) in shapes.items()}
    write_adapter(path, tensors, weights, {})
    read_adapter(path, weights)
    raw, name = load_file(path), next(iter(shapes))
    metadata = {"version": "1", "weights": describe(weights)["sha256"], "origin": "{}"}

    def refused(changes, words, told=metadata):
        save_file(raw | changes, path, told)
        with pytest.raises(BadWeights, match=words):
            read_adapter(path, weights)

    refused({f"{name}.up": np.zeros((3, r), np.float16)}, "does not match")
    refused({f"{name}.down": np.full_like(raw[f"{name}.down"], np.nan)}, "not finite")
    refused({}, "made for other weights", metadata | {"weights": "0" * 64})
    refused({}, "no adapter of this project", None)
    refused({}, "damaged", metadata | {"origin": "{"})
    path.write_bytes(b"x" * (MAX_BYTES + 1))
    with pytest.raises(BadWeights, match="at most"):
        read_adapter(path, weights)
    path.write_bytes(b"\xff" * 100)
    with pytest.raises(BadWeights, match="damaged"):
        read_adapter(path, weights)
    with pytest.raises(BadWeights, match="There is no adapter"):
        read_adapter(tmp_path / "none", weights)

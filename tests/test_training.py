"""Training: learns, resumes exactly, survives being killed, refuses bad recipes."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from microreason.errors import BadRecipe, BadWeights, MicroReasonError
from microreason.training import checkpoint, optim
from microreason.training.loop import Trainer
from microreason.training.optim import orthogonalise, schedule
from microreason.training.recipe import load_recipe
from microreason.training.release import export
from microreason.weights_file import read_weights

RECIPE = """
name: t
size: nano
tokens: {tokens}
tasks: [gcd]
stages:
  - {{until: 0.5, shape: {{dim: 64, heads: 2, kv_heads: 1, ff: 96, layers: 1}}, difficulty: [0.0, 0.3], accumulate: 2}}
  - {{until: 1.0, difficulty: [0.0, 0.5], accumulate: 2}}
row_lengths: [128, 256]
micro_batch_tokens: 512
adam_lr: 0.001
compile: false
checkpoint_minutes: 0
output: {output}
"""


def recipe(tmp_path, tokens=8192, name="t"):
    path = tmp_path / "t.yaml"
    path.write_text(RECIPE.format(tokens=tokens, output=tmp_path).replace("name: t", f"name: {name}"))
    return load_recipe(path)


def losses(folder):
    records = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return {r["step"]: r["loss"] for r in records}


def test_same_seed_same_loss_and_resume_equals_uninterrupted(tmp_path):
    whole = Trainer(recipe(tmp_path, name="whole"))
    whole.run()
    part = Trainer(recipe(tmp_path, name="part"))
    for _ in range(3):
        part.train_step()
    part.save()
    again = Trainer(recipe(tmp_path, name="part"))
    assert again.resume()
    again.run()
    full, resumed = losses(tmp_path / "whole"), losses(tmp_path / "part")
    assert len(full) == 8 and full[8] < full[1]
    assert {s: resumed[s] for s in range(4, 9)} == {s: full[s] for s in range(4, 9)}
    for name, p in whole.model.state_dict().items():
        assert torch.equal(p, again.model.state_dict()[name])


@pytest.mark.parametrize("room", [True, False], ids=["shared memory", "sockets"])
def test_two_processes_have_the_losses_of_one(tmp_path, room):
    Trainer(recipe(tmp_path, name="one")).run()
    recipe(tmp_path, name="two")
    code = (
        "from microreason.training import parallel; from microreason.training.loop import Trainer;"
        "from microreason.training.recipe import load_recipe;"
        f"{'' if room else 'parallel._reserve = lambda size: None;'}"
        f"Trainer(load_recipe({str(tmp_path / 't.yaml')!r})).run()"
    )
    (tmp_path / "run.py").write_text(code)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    root = Path(__file__).parent.parent
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(root)}
    subprocess.run([*command, str(tmp_path / "run.py")], check=True, env=environment, timeout=200)
    one, two = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert one.keys() == two.keys()
    assert [two[step] for step in one] == pytest.approx(list(one.values()), rel=1e-3)


def test_killed_while_writing_resumes_from_the_last_whole_checkpoint(tmp_path):
    reference = Trainer(recipe(tmp_path, tokens=40 * 1024, name="reference"))
    r = recipe(tmp_path, tokens=40 * 1024, name="killed")
    code = (
        "from microreason.training.loop import Trainer; from microreason.training.recipe import load_recipe;"
        f"Trainer(load_recipe({str(tmp_path / 't.yaml')!r})).run()"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parent.parent)
    deadline = time.monotonic() + 90
    while not list(r.folder.glob("*.tmp")) or len(list(r.folder.glob("step-????????"))) < 2:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.0005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    resumed = Trainer(r)
    assert resumed.resume()
    assert 0 < resumed.step < 40
    while reference.step < resumed.step:
        while reference.progress >= reference.stage.until:
            reference.stage_number += 1
            reference._enter_stage()
        reference.train_step()
        reference.tokens = reference.step * 1024
    for trainer in (reference, resumed):
        while trainer.progress >= trainer.stage.until:
            trainer.stage_number += 1
            trainer._enter_stage()
    assert resumed.train_step()["loss"] == reference.train_step()["loss"]


def test_held_wiring_stays(tmp_path):
    r = recipe(tmp_path)
    stage = r.stages[-1].model_copy(update={"hold_wiring": True})
    trainer = Trainer(r.model_copy(update={"stages": [stage], "induction_start": True}))
    before = {k: v.clone() for k, v in trainer.model.state_dict().items()}
    trainer.train_step()
    after = trainer.model.state_dict()
    for name in ("blocks.0.wq.weight", "blocks.1.wo.weight"):
        assert torch.equal(before[name], after[name])
    torch.testing.assert_close(before["embedding.weight"].sum(1), after["embedding.weight"].sum(1))
    assert not torch.equal(before["embedding.weight"], after["embedding.weight"])
    assert not torch.equal(before["blocks.2.wq.weight"], after["blocks.2.wq.weight"])


def test_full_disk_keeps_the_last_checkpoint(tmp_path, monkeypatch):
    trainer = Trainer(recipe(tmp_path))
    trainer.train_step()
    trainer.save()

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full)
    trainer.train_step()
    with pytest.raises(MicroReasonError, match=r"No space left.*last whole one is kept"):
        trainer.save()
    assert checkpoint.latest(trainer.recipe.folder).name == "step-00000001"
    assert not list(trainer.recipe.folder.glob("*.tmp"))


def test_damaged_checkpoint_gives_a_sentence(tmp_path):
    trainer = Trainer(recipe(tmp_path))
    trainer.train_step()
    trainer.save()
    path = checkpoint.latest(trainer.recipe.folder) / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(BadWeights, match="damaged"):
        Trainer(recipe(tmp_path)).resume()


@pytest.mark.parametrize("times", [1, 2])  # `torchrun` passes on what the terminal has sent to all
def test_ctrl_c_saves_and_leaves(tmp_path, times):
    trainer = Trainer(recipe(tmp_path))

    def press(record):
        for _ in range(times if record["step"] == 2 else 0):
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        trainer.run(press)
    assert checkpoint.latest(trainer.recipe.folder).name == "step-00000002"


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("tokens:", "tokenz:", "tokenz"), ("size: nano", "size: huge", "size"), ("tasks: [gcd]", "tasks: [gdc]", "gcd"),
        ("until: 0.5", "until: 1.5", "until"), ("until: 1.0", "until: 0.9", "until"), ("name: t", "name: ../x", "name"),
        ("size: nano", "size: {", "cannot be read"), ("[128, 256]", "[128, 300]", "row length"),
        ("size: nano", "size: nano\nblend: 0.5", "blend"),
    ],
)  # fmt: skip
def test_bad_recipes_give_a_sentence(tmp_path, old, new, word):
    path = tmp_path / "t.yaml"
    path.write_text(RECIPE.format(tokens=99, output=tmp_path).replace(old, new))
    with pytest.raises(MicroReasonError, match=word):
        load_recipe(path)


def test_what_is_written_may_lie_between_the_start_and_the_end(tmp_path):
    begun = Trainer(recipe(tmp_path, name="begun"))
    begun.run()
    start = export(begun.recipe, tmp_path / "begun" / "weights")
    text = (tmp_path / "t.yaml").read_text().replace("name: begun", f"name: further\nstart: {start.parent}")
    (tmp_path / "on.yaml").write_text(re.sub(r"shape: .*?\}, ", "", text))
    whole = load_recipe(tmp_path / "on.yaml")
    Trainer(whole).run()
    export(whole, tmp_path / "end")
    export(whole.model_copy(update={"blend": 0.25}), tmp_path / "between")
    a, b, c = (read_weights(folder)[1] for folder in (start.parent, tmp_path / "end", tmp_path / "between"))
    for name in a:
        assert np.abs(0.75 * a[name] + 0.25 * b[name] - c[name]).max() <= np.abs(c[name]).max() / 64
    assert any(np.abs(a[name] - b[name]).max() > np.abs(a[name]).max() / 16 for name in a)
    with pytest.raises(BadWeights, match="same shape"):
        export(whole.model_copy(update={"blend": 0.25, "start": "8m"}), tmp_path / "other")


def test_missing_recipe(tmp_path):
    with pytest.raises(BadRecipe, match="no recipe"):
        load_recipe(tmp_path / "none.yaml")


def test_schedule_and_orthogonalise():
    assert schedule(0.0, 0.1, 0.2) < 0.01 and schedule(0.5, 0.1, 0.2) == 1.0 and schedule(1.0, 0.1, 0.2) == 0.0
    singular = torch.linalg.svdvals(orthogonalise(torch.randn(64, 128)))
    assert singular.min() > 0.5 and singular.max() < 1.5


def test_a_dominant_direction_stays_bounded_in_bfloat16(monkeypatch):
    monkeypatch.setattr(optim, "bf16_is_fast", lambda device: True)
    torch.manual_seed(0)
    for rows, columns in ((256, 1408), (704, 256), (512, 512)):
        momentum = 0.01 * torch.randn(rows, columns) + torch.randn(rows, 1) @ torch.randn(1, columns)
        assert torch.linalg.svdvals(orthogonalise(momentum)).max() < 1.5

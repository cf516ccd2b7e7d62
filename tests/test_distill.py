"""Distillation: units and their steps, the losses, resuming, what the head learns, and the weights file with a head."""

import json
import os
import random
import signal
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import reasoning_gym  # noqa: F401  imported here, because the first problem drawn has a time limit
import torch
from safetensors.numpy import load_file, save_file

from microreason.data.documents import Document, Mixture, draw
from microreason.data.packing import IGNORE, pack
from microreason.errors import BadInput, BadWeights
from microreason.model.config import ModelConfig
from microreason.model.transformer import Transformer
from microreason.tasks import get_task
from microreason.teachers import expert, problems
from microreason.tokenizer import Tokenizer
from microreason.training import progressive
from microreason.training.contrast import (
    StepHead,
    StepJudge,
    Steps,
    contrastive_loss,
    find_first_wrong,
    find_steps,
    separate,
    unlikeliest,
)
from microreason.training.distill import Distiller, UnitStream, broken_path, divergence, lessons, path_ids
from microreason.training.recipe import Distillation, load_recipe
from microreason.weights_file import read_head, read_weights, write_weights

TOKENIZER = Tokenizer.load()
TINY = ModelConfig(dim=64, layers=1, heads=2, kv_heads=1, ff=96, vocab_size=TOKENIZER.size, routing="off")
RECIPE = """
name: t
size: nano
tokens: 1
tasks: [gcd]
stages: [{{until: 1.0, difficulty: [0.0, 0.3], shape: {{dim: 64, heads: 2, kv_heads: 1, ff: 96, layers: 1}}}}]
row_lengths: [128, 512]
micro_batch_tokens: 512
compile: false
checkpoint_minutes: 0
output: {output}
distill: {{tokens: {tokens}{extra}}}
"""


def recipe(tmp_path, tokens=4096, extra="", name="t"):
    path = tmp_path / "t.yaml"
    path.write_text(RECIPE.format(output=tmp_path, tokens=tokens, extra=extra).replace("name: t", f"name: {name}"))
    return load_recipe(path)


def write_start(folder, head=None, config=TINY):
    model = Transformer(config, seed=1)
    tensors = {k: v.numpy() for k, v in model.state_dict().items()} | (head.arrays() if head else {})
    write_weights(folder, config, tensors, {})
    TOKENIZER.save(folder / "tokenizer.json")
    return folder


@pytest.fixture
def start(tmp_path):
    return write_start(tmp_path / "start")


def example():
    problem, solution = draw(Mixture({"gcd": 1.0}, (0.3, 0.5), 0.0), 3)
    assert len(solution.steps) > 2
    return problem, [s.text for s in solution.steps], TOKENIZER.encode_solution(solution)


def unit():
    """A batch of one row: right path and path broken at the second step, then a right path alone."""
    problem, lines, solution = example()
    prompt = TOKENIZER.encode_problem(problem.text)
    wrong = path_ids(problem, [lines[0], "9%9=1"], TOKENIZER)
    documents = [
        Document(prompt + solution + wrong, len(prompt), "gcd"),
        Document(prompt + solution, len(prompt), "gcd"),
    ]
    return separate(pack([documents], 512), TOKENIZER), prompt, solution, wrong, lines


def test_units_are_split_into_documents_with_targets_on_right_solutions_only():
    batch, prompt, solution, wrong, _ = unit()
    right = len(prompt) + len(solution)
    sizes = [right, len(wrong), right]
    at = np.cumsum([0, *sizes])
    for number, (a, b) in enumerate(pairwise(at)):
        assert (batch.documents[0, a:b] == number).all()
        assert (batch.positions[0, a:b] == np.arange(b - a)).all()
        wanted = solution if number != 1 else []
        assert batch.targets[0, a:b][batch.targets[0, a:b] != IGNORE].tolist() == wanted
    assert (batch.documents[0, at[-1] :] == -1).all() and (batch.targets[0, at[-1] :] == IGNORE).all()
    plain = pack([[Document(prompt + solution, len(prompt), "gcd")]], 512)
    for name in ("positions", "documents", "targets"):
        assert (getattr(separate(plain, TOKENIZER), name) == getattr(plain, name)).all()


def test_steps_of_a_batch():
    batch, _, _, wrong, lines = unit()
    steps, ids = find_steps(batch, TOKENIZER), batch.ids.reshape(-1)
    n = len(lines)
    assert (ids[steps.ends] == TOKENIZER.newline).all()
    texts = [TOKENIZER.decode(ids[a + 1 : b]) for a, b in zip(steps.before, steps.ends, strict=True)]
    assert texts == lines + [lines[0], "9%9=1"] + lines
    assert steps.labels.tolist() == [1] * n + [1, 0] + [1] * n
    assert steps.right.tolist() == [1] and steps.broken.tolist() == [n + 1]
    assert ids[steps.ends[n + 1] - len(wrong) + 1] == TOKENIZER.problem


def test_a_step_is_scored_from_its_own_document_alone():
    """The packed pass equals one pass for each document by itself."""
    batch, prompt, _, _, lines = unit()
    model, head = Transformer(TINY, seed=1), StepHead(64)
    for p in model.parameters():
        p.data += 0.02 * torch.randn(p.shape, generator=torch.Generator().manual_seed(0))
    steps = find_steps(batch, TOKENIZER)
    with torch.no_grad():
        hidden = model(*(torch.from_numpy(a) for a in (batch.ids, batch.positions, batch.documents)))
        flat, ids = hidden.flatten(0, 1), torch.from_numpy(batch.ids).flatten()
        likely = unlikeliest(model, flat, ids, steps.before, steps.ends)
        packed = head.soundness(flat[steps.ends], likely).sigmoid().numpy()
        log = model.logits(flat).log_softmax(-1)
    naive = [min(float(log[t, ids[t + 1]]) for t in range(*at)) for at in zip(steps.before, steps.ends, strict=True)]
    assert likely.tolist() == pytest.approx(naive, abs=1e-5)
    text = TOKENIZER.decode(prompt)
    right, broken = StepJudge(model, head, TOKENIZER).soundness([(text, lines), (text, [lines[0], "9%9=1"])])
    assert packed == pytest.approx(np.concatenate((right, broken, right)), abs=1e-5)


def test_losses_fall_to_nothing_when_the_head_is_right():
    hidden = torch.zeros(1, 4, 64)
    hidden[0, 0, 0] = hidden[0, 1, 0] = hidden[0, 2, 1] = 1
    steps = Steps(*(np.array(x) for x in ([0, 0], [1, 2], [1, 0], [0], [1])))
    head = StepHead(64)
    head.next.weight.data = head.step.weight.data = torch.eye(64)
    right = contrastive_loss(head, hidden, torch.zeros(2), steps)[1].detach()
    assert float(right) == pytest.approx(np.log(1 + np.exp(-10)), abs=1e-6)
    reversed_steps = replace(steps, right=steps.broken, broken=steps.right)
    assert float(contrastive_loss(head, hidden, torch.zeros(2), reversed_steps)[1].detach()) == pytest.approx(
        10, abs=1e-3
    )


def test_divergence_is_zero_for_equal_and_that_of_the_definition_otherwise():
    a, b = torch.tensor([[0.0, 1.0]]), torch.tensor([[2.0, -1.0]])
    p, q = b.softmax(-1), a.softmax(-1)
    assert float(divergence(a, b)) == pytest.approx(float((p * (p / q).log()).sum()))
    assert float(divergence(a, a)) == 0


def test_broken_paths_end_in_a_step_that_no_checker_accepts():
    problem, lines, _ = example()
    _, solution = draw(Mixture({"gcd": 1.0}, (0.3, 0.5), 0.0), 3)
    found = [broken_path(problem, solution, random.Random(i)) for i in range(20)]
    assert any(found)
    for path in filter(None, found):
        assert path[:-1] == lines[: len(path) - 1] and path[-1] != lines[len(path) - 1]


def losses(folder):
    records = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return {r["step"]: (r["loss"], r["soundness"], r["likeness"]) for r in records}


def test_resumes_as_if_never_stopped_head_included(tmp_path, start):
    whole = Distiller(recipe(tmp_path, name="whole"), start)
    whole.run()
    part = Distiller(recipe(tmp_path, name="part"), start)
    for _ in range(3):
        part.train_step()
    part.save()
    again = Distiller(recipe(tmp_path, name="part"), start)
    assert again.resume() and again.step == 3
    again.run()
    full, rest = losses(tmp_path / "whole" / "distill"), losses(tmp_path / "part" / "distill")
    assert rest == {s: full[s] for s in range(4, 9)}
    for a, b in ((whole.model, again.model), (whole.head, again.head)):
        assert all(torch.equal(p, b.state_dict()[name]) for name, p in a.state_dict().items())


def test_ctrl_c_saves(tmp_path, start):
    trainer = Distiller(recipe(tmp_path), start)
    with pytest.raises(KeyboardInterrupt):
        trainer.run(lambda record: os.kill(os.getpid(), signal.SIGINT) if record["step"] == 2 else None)
    again = Distiller(recipe(tmp_path), start)
    assert again.resume() and again.step == 2


def test_without_contrast_there_are_no_broken_paths_and_the_same_lessons(tmp_path, start):
    plain = Distiller(recipe(tmp_path, extra=", contrast: 0"), start)
    with_contrast = Distiller(recipe(tmp_path), start)
    for i in range(10):
        a, b = plain.stream.unit(i), with_contrast.stream.unit(i)
        assert a.ids == b.ids[: len(a.ids)] and a.ids[-1] == TOKENIZER.end
    assert "soundness" not in plain.train_step()


def test_the_teachers_distribution_is_learnt(tmp_path, start):
    other = write_start(tmp_path / "other", config=TINY.model_copy(update={"layers": 2}))
    trainer = Distiller(recipe(tmp_path, 16384, f", teacher: {other}, contrast: 0, lr: 1"), start)
    found = [trainer.train_step()["divergence"] for _ in range(8)]
    assert trainer.teacher.config.layers == 2 and all(np.isfinite(found))
    small = TINY.model_copy(update={"vocab_size": 300})
    write_weights(tmp_path / "foreign", small, {k: v.numpy() for k, v in Transformer(small).state_dict().items()}, {})
    with pytest.raises(BadWeights, match="vocabulary"):
        Distiller(recipe(tmp_path, extra=f", teacher: {tmp_path / 'foreign'}"), start)


def test_a_grader_that_raises_or_refuses_leaves_the_solution_out(tmp_path, start, monkeypatch):
    trainer, gcd = Distiller(recipe(tmp_path), start), type(get_task("gcd"))
    monkeypatch.setattr(gcd, "grade", lambda self, problem, answer: 1 / 0)
    assert trainer.stream.unit(0) == "gcd: ZeroDivisionError"
    monkeypatch.setattr(gcd, "grade", lambda self, problem, answer: float("nan"))
    assert trainer.stream.unit(0) == "gcd: not verified"


def test_lessons_of_a_teacher_are_mixed_in(tmp_path, start):
    path = tmp_path / "lessons.jsonl"
    rows = [expert(p) for p in problems(["gcd"], 3, 0.1)]
    rows[2].kept = False
    path.write_text("".join(json.dumps(vars(row)) + "\n" for row in rows))
    assert len(lessons(path)) == 2
    stream = UnitStream(
        Mixture({"gcd": 1.0}), TOKENIZER, 0, Distillation(tokens=1, lessons=str(path), share=1.0, contrast=0)
    )
    known = {tuple(TOKENIZER.encode_problem(row.text)) for row in rows[:2]}
    units = [stream.unit(i) for i in range(8)]
    assert {tuple(u.ids[: u.prompt]) for u in units} == known
    path.write_text("")
    with pytest.raises(BadInput, match="no kept lesson"):
        lessons(path)


def test_the_head_travels_in_the_weights_file(tmp_path):
    head = StepHead(64)
    folder = write_start(tmp_path / "headed", head)
    config, tensors = read_weights(folder)
    assert config == TINY and not any(name.startswith("head") for name in tensors)
    again = StepHead.load(64, folder)
    assert all(torch.equal(p, again.state_dict()[name]) for name, p in head.state_dict().items())
    bare = write_start(tmp_path / "bare")
    assert read_head(bare) == {}
    with pytest.raises(BadWeights, match="no step head"):
        StepJudge.load(bare)


@pytest.mark.parametrize("harm", ["shape", "nan", "missing"])
def test_a_harmful_head_is_refused(tmp_path, harm):
    from safetensors import safe_open

    path = write_start(tmp_path / "h", StepHead(64)) / "model.safetensors"
    tensors = load_file(path)
    with safe_open(path, "np") as f:
        metadata = f.metadata()
    if harm == "shape":
        tensors["head.step.weight"] = np.zeros((65, 64), np.float32)
    elif harm == "nan":
        tensors["head.inner.bias"][0] = np.nan
    else:
        del tensors["head.score.bias"]
    save_file(tensors, path, metadata)
    read_weights(path.parent)
    with pytest.raises(BadWeights, match="head"):
        read_head(path.parent)


def test_judge_refuses_what_it_cannot_read_and_takes_empty_chains(tmp_path):
    judge = StepJudge.load(write_start(tmp_path / "h", StepHead(64)))
    with pytest.raises(BadInput, match="one line"):
        find_first_wrong(judge, "1+1", ["a\nb"])
    with pytest.raises(BadInput, match="context"):
        find_first_wrong(judge, "1+1", ["a b"] * 9000)
    assert find_first_wrong(judge, "1+1", []) is None
    chains = judge.chains([("1+1", []), ("1+1", ["1+1=2<|end|>"])])
    assert not chains[0].any() and np.linalg.norm(chains[1]) == pytest.approx(1, abs=1e-5)


def test_the_head_learns_to_find_a_broken_step(tmp_path, start):
    """A hundred steps on short sums of one shape: a claim whose sides differ in an obvious way is found."""
    trainer = Distiller(recipe(tmp_path, 60_000, ", lr: 1"), start)
    first = trainer.train_step()["soundness"]
    while trainer.progress < 1:
        last = trainer.train_step()["soundness"]
    assert last < 0.7 * first


def test_three_stages_from_one_recipe_each_resumable_with_its_report(tmp_path, monkeypatch):
    monkeypatch.setattr(progressive, "TRIAL_SIZE", 2)
    text = "\nevolve: {steps: 2, problems: 1, group: 2, max_tokens: 8, similarity: embedding}"
    path = tmp_path / "t.yaml"
    path.write_text(RECIPE.format(output=tmp_path, tokens=1024, extra="") + text)
    whole = load_recipe(path)
    killed = Distiller.run

    def interrupted(self, report):
        killed(self, lambda record: os.kill(os.getpid(), signal.SIGINT) if record["step"] == 1 else None)

    monkeypatch.setattr(Distiller, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        progressive.train(whole, quiet=True)
    folders = [whole.folder, whole.folder / "distill", whole.folder / "evolve"]
    assert [(f / "report.json").exists() for f in folders] == [True, False, False]
    before = (folders[0] / "report.json").stat().st_mtime_ns
    monkeypatch.setattr(Distiller, "run", killed)
    assert progressive.train(whole, resume=True, quiet=True) == folders[2]
    assert (folders[0] / "report.json").stat().st_mtime_ns == before
    reports = [json.loads((f / "report.json").read_text()) for f in folders]
    assert [r["steps"] for r in reports] == [1, 2, 2] and reports[0]["before"] is None
    assert reports[1]["before"] == reports[0]["after"] and reports[2]["before"] == reports[1]["after"]
    assert {"correctness", "sound_steps", "tokens"} < set(reports[2]["after"]["gcd"])
    assert all(StepHead.load(64, f / "weights") for f in folders[1:])
    assert read_head(folders[0] / "weights") == {}
    steps = [json.loads(line)["step"] for line in (folders[1] / "log.jsonl").read_text().splitlines()]
    assert steps == [1, 2]

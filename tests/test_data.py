"""Documents and packing: reproducible, free of evaluation questions, nothing lost or mixed."""

import itertools
import json
import random
import time

import numpy as np
import pytest

from microreason.data.corruption import KINDS, corrupt
from microreason.data.documents import (
    HELD_OUT,
    Document,
    DocumentStream,
    Mixture,
    document,
    draw,
    fingerprint,
    fingerprints,
    held_out,
    time_limit,
    tokenise,
)
from microreason.data.packing import IGNORE, Packer
from microreason.data.shards import ShardReader, build
from microreason.data.stats import measure
from microreason.errors import BadInput
from microreason.tasks import all_tasks, get_task
from microreason.tokenizer import Tokenizer
from microreason.training.recipe import Recipe
from microreason.verification.steps import check_step

MIXTURE = Mixture({"gcd": 1.0, "aiw": 1.0}, published=0.3)


def test_same_seed_same_documents_from_any_cursor():
    tokenizer = Tokenizer.load()
    first = list(itertools.islice(DocumentStream(MIXTURE, tokenizer), 12))
    stream = DocumentStream(MIXTURE, tokenizer)
    again = list(itertools.islice(stream, 5))
    again += itertools.islice(DocumentStream(MIXTURE, tokenizer, stream.cursor), 7)
    assert first == again


def test_no_evaluation_question_in_the_training_data():
    """aiw has few distinct easy problems, so collisions do happen; the stream drops and counts them."""
    every = Mixture(dict.fromkeys(all_tasks(), 1.0), published=0.5)
    drawn = [draw(every, i) for i in range(300)]
    drawn += [draw(Mixture({"aiw": 1.0}, published=1.0), i) for i in range(600)]
    assert any(isinstance(d, str) and "evaluation question" in d for d in drawn)
    for pair in drawn:
        if not isinstance(pair, str):
            assert fingerprint(pair[0].text) not in held_out(pair[0].task)


def test_other_words_in_half_of_the_documents_in_which_words_only_name():
    tokenizer = Tokenizer.load()
    mixture = Mixture({"word_sequence_reversal": 1.0}, published=1.0)
    changed = 0
    for i in range(20):
        made = document(mixture, tokenizer, i)
        problem, solution = draw(mixture, i)
        plain = tokenise(problem, solution, tokenizer, mixture.max_tokens)
        changed += made != plain
        asked = tokenizer.decode(made.ids[: made.prompt]).strip().partition("words: ")[2].split(", ")
        assert tokenizer.decode_solution(made.ids[made.prompt :]).answer == ", ".join(asked[::-1])
    assert 4 <= changed <= 16


def test_held_out_questions_are_the_published_ones():
    task = get_task("gcd")
    assert fingerprint(task.generate(45, 49, "hard").text) in held_out("gcd")
    assert fingerprint(task.generate(20261123, 0, "easy").text) in held_out("gcd")
    assert len(held_out("gcd")) == 200


@pytest.mark.parametrize(
    "name",
    ["gcd", "aiw", "syllogism", "string_insertion", "isomorphic_strings", "ransom_note", "polynomial_multiplication"],
)
def test_the_file_of_held_out_questions_is_true(name):
    assert HELD_OUT.exists() and held_out(name) == set(fingerprints(get_task(name)))


def test_every_task_is_in_the_file_of_held_out_questions():
    from safetensors.numpy import load_file

    assert set(load_file(HELD_OUT)) == set(all_tasks())


def test_workers_draw_the_same_documents():
    tokenizer = Tokenizer.load()
    alone, ahead = DocumentStream(MIXTURE, tokenizer, 5), DocumentStream(MIXTURE, tokenizer, 5, workers=2)
    assert list(itertools.islice(alone, 100)) == list(itertools.islice(ahead, 100))
    assert (alone.cursor, alone.skipped) == (ahead.cursor, ahead.skipped)


def test_a_generator_that_hangs_is_cut_off():
    with pytest.raises(TimeoutError), time_limit(0.05):
        time.sleep(5)


def small_recipe(tmp_path):
    stages = [{"until": 0.5, "difficulty": (0.0, 0.3)}, {"until": 1.0}]
    return Recipe(
        name="d", size="nano", tokens=1000, tasks={"aiw": 1.0, "gcd": 1.0}, stages=stages, output=str(tmp_path)
    )


def test_shards_same_bytes_resumed_and_read(tmp_path, monkeypatch):
    monkeypatch.setattr("microreason.data.shards.SPAN", 40)
    folder = build(small_recipe(tmp_path / "a"), shards=1)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert list(manifest["shards"]) == ["stage-0-00000.safetensors", "stage-1-00000.safetensors"]
    stamp = (folder / "stage-0-00000.safetensors").stat().st_mtime_ns
    build(small_recipe(tmp_path / "a"), shards=2)
    assert (folder / "stage-0-00000.safetensors").stat().st_mtime_ns == stamp
    other = build(small_recipe(tmp_path / "b"), shards=2)
    again, there = (json.loads((f / "manifest.json").read_text())["shards"] for f in (folder, other))
    assert again == there and len(again) == 4

    tokenizer = Tokenizer.load()
    stream = DocumentStream(small_recipe(tmp_path).mixture(1), tokenizer)
    total = sum(e["documents"] for n, e in again.items() if n.startswith("stage-1"))
    drawn = list(itertools.islice(stream, total))
    reader = ShardReader(folder, 1)
    assert list(itertools.islice(reader, total + 3)) == drawn + drawn[:3]
    assert list(itertools.islice(ShardReader(folder, 1, total - 1), 2)) == [drawn[-1], drawn[0]]

    first = folder / "stage-1-00000.safetensors"
    blob = bytearray(first.read_bytes())
    blob[-1] ^= 1
    first.write_bytes(blob)
    reader = ShardReader(folder, 1)
    assert next(reader) == drawn[again[first.name]["documents"]]
    assert reader.skipped == {"stage-1-00000.safetensors: damaged": 1}
    first.unlink()
    (folder / "stage-1-00001.safetensors").unlink()
    with pytest.raises(BadInput, match="No shard"):
        next(ShardReader(folder, 1))


def test_data_of_another_recipe_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("microreason.data.shards.SPAN", 4)
    recipe = small_recipe(tmp_path)
    build(recipe)
    with pytest.raises(BadInput, match="another recipe"):
        build(recipe.model_copy(update={"seed": 3}))
    with pytest.raises(BadInput, match="no data set"):
        ShardReader(tmp_path, 0)


@pytest.mark.parametrize("name", ["leg_counting", "n_queens", "count_bits", "ab"])
def test_corrupted_paths_are_found(name):
    task, rng = get_task(name), random.Random(0)
    for index in range(4):
        problem = task.generate(5, index, 0.5)
        solution = task.expert(problem)
        for kind in KINDS:
            broken = corrupt(task, problem, solution, rng, kind)
            if broken:
                right = [step.text for step in solution.steps]
                assert right[: broken.position] == broken.lines[:-1] and right[broken.position] != broken.lines[-1]
                assert right[broken.position :] == broken.continuation and broken.kind == kind
                assert check_step(problem, broken.lines[:-1], broken.lines[-1]) == "unsound"


def test_a_guess_is_no_slip():
    task, rng = get_task("cryptarithm"), random.Random(0)
    problem = task.generate(5, 2, "hard")
    solution = task.expert(problem)
    assert any(step.text.endswith("?") for step in solution.steps)
    made = [corrupt(task, problem, solution, rng, "slip") for _ in range(200)]
    assert not any(broken.continuation[0].endswith("?") for broken in made if broken)


OWN_TASK = """
import re
from microreason.solution import Problem, Solution
from microreason.tasks import Task

class Doubling(Task):
    name, category, pattern = "doubling", "own", re.compile(r"^Double (\\d+)$")

    def generate(self, seed, index, level):
        return Problem(text=f"Double {index}", task=self.name, answer=str(2 * index))

    def grade(self, problem, answer):
        return float(answer == str(2 * int(problem.text[7:])) and index_ok(problem))

    def expert(self, problem):
        n = int(problem.text[7:])
        return Solution.of([f"{n}+{n}={2 * n}"], 2 * n)

def index_ok(problem):
    return problem.text != "Double BROKEN"
"""


def test_a_users_own_task_is_measured_and_its_broken_grader_named(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(OWN_TASK)
    result = measure([str(path)], size=5)
    assert not result["failed"] and result["tasks"]["doubling"]["hard"]["coverage"] == 1
    path.write_text(OWN_TASK.replace("BROKEN", "3"))
    failed = measure([str(path)], size=5)["failed"]
    assert "doubling easy, seed 77, problem 3: the grader gives its own gold answer 0.0." in failed
    path.write_text("x = 1")
    with pytest.raises(BadInput, match="does not define one task"):
        measure([str(path)])
    with pytest.raises(BadInput, match="no task file"):
        measure([str(tmp_path / "none.py")])


def test_a_broken_generator_is_counted_and_named(monkeypatch):
    monkeypatch.setattr(type(get_task("gcd")), "expert", lambda self, problem: 1 / 0)
    stream = DocumentStream(MIXTURE, Tokenizer.load())
    assert {d.task for d in itertools.islice(stream, 6)} == {"aiw"}
    assert stream.skipped["gcd: ZeroDivisionError"] > 0


@pytest.mark.parametrize("tokens", [1024, 128])
def test_packing_keeps_every_document_whole(tokens):
    rng = np.random.default_rng(0)
    documents = [Document(rng.integers(0, 99, n).tolist(), int(n) // 2, "t") for n in rng.integers(4, 250, 500)]
    packer = Packer(iter(documents), [64, 256], tokens)
    seen, full = [], []
    for batch in itertools.islice(packer, 20):
        assert batch.ids.size == max(tokens, batch.ids.shape[1])
        full.append((batch.documents >= 0).mean())
        for r in range(len(batch.ids)):
            for d in range(batch.documents[r].max() + 1):
                where = batch.documents[r] == d
                seen.append((batch.ids[r][where].tolist(), batch.targets[r][where].tolist()))
                assert batch.positions[r][where].tolist() == list(range(where.sum()))
    known = {tuple(d.ids): d for d in documents}
    for ids, targets in seen:
        d = known[tuple(ids)]
        assert targets == [IGNORE] * (d.prompt - 1) + ids[d.prompt :] + [IGNORE]
    assert np.mean(full) > 0.95

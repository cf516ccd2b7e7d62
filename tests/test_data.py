"""Documents and packing: reproducible, free of evaluation questions, nothing lost or mixed."""

import itertools

import numpy as np

from microreason.data.documents import Document, DocumentStream, Mixture, fingerprint, held_out
from microreason.data.packing import IGNORE, Packer
from microreason.tasks import all_tasks, get_task
from microreason.tokenizer import Tokenizer

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
    stream = DocumentStream(Mixture(dict.fromkeys(all_tasks(), 1.0), published=0.5), None)
    drawn = [stream.draw(i) for i in range(300)]
    stream = DocumentStream(Mixture({"aiw": 1.0}, published=1.0), None)
    drawn += [stream.draw(i) for i in range(600)]
    assert any(isinstance(d, str) and "evaluation question" in d for d in drawn)
    for pair in drawn:
        if not isinstance(pair, str):
            assert fingerprint(pair[0].text) not in held_out(pair[0].task)


def test_held_out_questions_are_the_published_ones():
    task = get_task("gcd")
    assert fingerprint(task.generate(45, 49, "hard").text) in held_out("gcd")
    assert fingerprint(task.generate(20261123, 0, "easy").text) in held_out("gcd")
    assert len(held_out("gcd")) == 200


def test_a_broken_generator_is_counted_and_named(monkeypatch):
    monkeypatch.setattr(type(get_task("gcd")), "expert", lambda self, problem: 1 / 0)
    stream = DocumentStream(MIXTURE, Tokenizer.load())
    assert {d.task for d in itertools.islice(stream, 6)} == {"aiw"}
    assert stream.skipped["gcd: ZeroDivisionError"] > 0


def test_packing_keeps_every_document_whole():
    rng = np.random.default_rng(0)
    documents = [Document(rng.integers(0, 99, n).tolist(), int(n) // 2, "t") for n in rng.integers(4, 250, 500)]
    packer = Packer(iter(documents), [64, 256], 1024)
    seen, full = [], []
    for batch in itertools.islice(packer, 20):
        assert batch.ids.size == 1024
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

"""Engines: batched equals the naive loop, numpy equals torch, modes, limits, damaged weights."""

import numpy as np
import pytest
import torch

from microreason.errors import BadInput, BadWeights
from microreason.inference.batched import TorchEngine
from microreason.inference.drafts import Draft
from microreason.inference.edge import EdgeEngine
from microreason.model.config import ModelConfig
from microreason.tokenizer import DEFAULT, Tokenizer
from microreason.weights_file import FILE, describe, read_weights, write_weights
from tests.test_model import gates, noisy

TEXTS = ["1+1", "Find the Greatest Common Divisor (GCD) of these numbers: 12, 18.", "Patricia has 8 sisters.", "x" * 60]


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    tokenizer = Tokenizer.load()
    config = ModelConfig.size("nano", vocab_size=tokenizer.size, routing="hard", window=8, sinks=2)
    model = gates(noisy(config), 0.3)
    write_weights(folder, config, {k: v.numpy() for k, v in model.state_dict().items()}, {"made": "for a test"})
    (folder / "tokenizer.json").write_bytes(DEFAULT.read_bytes())
    return folder


def naive(model, tokenizer, text, count):
    ids = tokenizer.encode_problem(text)
    start = len(ids)
    with torch.no_grad():
        while len(ids) < start + count and tokenizer.end not in ids:
            ids.append(int(model.logits(model(torch.tensor([ids]))[0, -1]).argmax()))
    return tokenizer.decode_solution(ids[start:])


def test_batched_equals_naive_and_edge(weights):
    engine, edge = TorchEngine.load(weights, batch=3), EdgeEngine(weights)
    together = engine.generate(TEXTS, max_tokens=40)
    alone = edge.generate(TEXTS, max_tokens=40)
    for text, a, b in zip(TEXTS, together, alone, strict=True):
        assert a.solution == naive(engine.model.cpu(), engine.tokenizer, text, 40) == b.solution
        assert a.tokens == b.tokens <= 40


def test_sampling_depends_on_the_seed_alone(weights):
    engine = EdgeEngine(weights)
    one, two, three = (engine.generate(TEXTS[:2], max_tokens=12, temperature=1.0, seed=s) for s in (1, 1, 2))
    assert one == two != three


def test_progress_counts_to_the_end(weights):
    done = []
    TorchEngine.load(weights, batch=2).generate(TEXTS, max_tokens=5, progress=done.append)
    assert done[-1] == len(TEXTS)


def scripted(mode, text, script):
    """A draft whose network always wants the next token of a script (of tries, each a text)."""
    tokenizer = Tokenizer.load()
    draft = Draft(text, tokenizer, mode, 200, 0.0, np.random.default_rng(0))
    tries = [tokenizer.encode(s) for s in script]
    ids = [*tries[0], tokenizer.answer, *tokenizer.encode("4"), tokenizer.end]
    at = 0
    while not draft.done:
        logits = np.full(tokenizer.size, -1e9, np.float32)
        before = len(draft.ids)
        logits[ids[at]] = 0
        draft.choose(logits)
        at += 1
        if len(draft.ids) <= before and len(tries) > 1:
            tries.pop(0)
            ids = [*tries[0], tokenizer.answer, *tokenizer.encode("4"), tokenizer.end]
            at = len(draft.ids) - draft.prompt
        elif mode == "assisted":
            at = len(draft.ids) - draft.prompt
    return draft.finish().solution


@pytest.mark.parametrize(("temperature", "length"), [(0.0, 576), (1.0, 900)])
def test_greedy_decoding_stops_where_it_goes_in_circles(temperature, length):
    draft = Draft("1+1", Tokenizer.load(), "plain", 900, temperature, np.random.default_rng(0))
    for at in range(900):
        logits = np.full(draft.tokenizer.size, -1e9, np.float32)
        logits[600 + at if at < 40 else 300 + at % 120] = 0
        if not draft.done:
            draft.choose(logits)
    assert draft.drawn == length
    assert not draft.finish().solution.complete


def test_checked_draws_an_unsound_step_again():
    solution = scripted("checked", "What?", ["1+1=2\n2+2=5\n", "1+1=2\n2+2=4\n"])
    assert [s.text for s in solution.steps] == ["1+1=2", "2+2=4"]
    solution = scripted("plain", "What?", ["1+1=2\n2+2=5\n"])
    assert [s.text for s in solution.steps] == ["1+1=2", "2+2=5"]


@pytest.mark.parametrize(
    "written, filled",
    [
        ("12*12=145", "12*12=144"),
        ("9730-9727=0004=4", "9730-9727=0003=3"),  # as the network began to write it
        ("9730-9727=4", "9730-9727=3"),
        ("83-6*9=83-54=28", "83-6*9=83-54=29"),  # the way to the result is the network's
        ("6-23=-(23-6)=-18", "6-23=-(23-6)=-17"),
        ("1-104=-(104-1)=-104", "1-104=-(104-1)=-103"),
        ("-2-4=-(2+4)=-7", "-2-4=-(2+4)=-6"),
        ("99-104=-(104-99)=-006=-6", "99-104=-(104-99)=-005=-5"),
        ("1849%3=49%3=19%3=2", "1849%3=49%3=19%3=1"),
        ("28.4*1.4=39.77", "28.4*1.4=39.76"),
        ("10.50-9.20=01.31=1.31", "10.50-9.20=01.30=1.30"),
        ("1.5+2.5=5", "1.5+2.5=4"),
        ("7.5%2=1", "7.5%2=1"),
        ("0409+0001=0410", "0409+0001=0410"),  # groups of digits keep their zeros
    ],
)
def test_assisted_fills_in_a_claim(written, filled):
    assert [s.text for s in scripted("assisted", "What?", [written + "\n"]).steps] == [filled]


def test_overlong_problem_is_refused(weights):
    for engine in (EdgeEngine(weights), TorchEngine.load(weights)):
        with pytest.raises(BadInput, match="8192"):
            engine.generate(["9" * 9000])


def test_int8_round_trip(weights):
    config, tensors = read_weights(weights)
    again = {k: v.copy() for k, v in tensors.items()}
    write_weights(weights, config, again, {"made": "again"})
    for name, tensor in read_weights(weights)[1].items():
        np.testing.assert_allclose(tensor, tensors[name], atol=np.abs(tensors[name]).max() / 100)
    assert describe(weights)["origin"] == {"made": "again"}


def damage(blob, how):
    return {
        "missing": None, "empty": b"", "short": blob[:100], "cut": blob[:-1000], "random": bytes(range(256)) * 40,
        "huge header": b"\xff" * 8 + blob[8:], "version": blob.replace(b'"version":"1"', b'"version":"7"'),
        "config": blob.replace(b'\\"dim\\":128', b'\\"dim\\":256'),
        "unknown key": blob.replace(b'\\"dim\\":128', b'\\"din\\":128'),
    }[how]  # fmt: skip


DAMAGES = ["missing", "empty", "short", "cut", "random", "huge header", "version", "config", "unknown key"]


@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_weights_give_a_sentence(weights, tmp_path, how):
    blob = damage((weights / FILE).read_bytes(), how)
    if blob is not None:
        (tmp_path / FILE).write_bytes(blob)
    with pytest.raises(BadWeights, match=r"\.$"):
        read_weights(tmp_path)


def test_nan_is_found_at_load(weights, tmp_path):
    config, tensors = read_weights(weights)
    tensors["norm.weight"] = np.full_like(tensors["norm.weight"], np.nan)
    write_weights(tmp_path, config, tensors, {})
    with pytest.raises(BadWeights, match="not finite"):
        read_weights(tmp_path)

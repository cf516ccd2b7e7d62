"""The engine in C equals the masked reference: gates shut at random, any chunks, guesses, batches and threads."""

import os
import subprocess
import sys

import numpy as np
import pytest

from microreason.errors import BadInput, BadWeights
from microreason.inference import network as binding
from microreason.inference.drafts import Generation
from microreason.inference.edge import _norm
from microreason.inference.mapped import map_weights
from microreason.inference.native import NativeEngine, _Row
from microreason.inference.network import VARIABLE, Network, find_library
from microreason.inference.votes import decided
from microreason.model.config import ModelConfig
from microreason.solution import Solution
from microreason.tokenizer import DEFAULT, Tokenizer
from microreason.weights_file import FILE, read_weights, write_weights
from tests.test_inference import DAMAGES, TEXTS, damage
from tests.test_model import gates, noisy

pytestmark = pytest.mark.skipif(find_library() is None, reason="no C compiler was there at installation")
CPUS = list(binding._ORDER)


SHAPES = [
    {}, {"pin_after": (17,), "pin": (5,)}, {"window": 1, "sinks": 0}, {"routing": "off"},
    {"heads": 2, "kv_heads": 1, "window": 20}, {"kv_heads": 1, "ff": 96},
]  # fmt: skip


def random_weights(folder, vocabulary, changes):
    config = ModelConfig.size("nano", vocab_size=vocabulary, **{"routing": "hard", "window": 8, "sinks": 2, **changes})
    model = gates(noisy(config), 0.3)
    write_weights(folder, config, {k: v.numpy() for k, v in model.state_dict().items()}, {})
    return folder


@pytest.fixture(scope="module", params=SHAPES)
def weights(request, tmp_path_factory):
    return random_weights(tmp_path_factory.mktemp("weights"), 301, request.param)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Random weights with a tokenizer."""
    path = tmp_path_factory.mktemp("folder")
    (path / "tokenizer.json").write_bytes(DEFAULT.read_bytes())
    return random_weights(path, Tokenizer.load().size, {})


def ids_of(count, seed=0):
    return np.random.default_rng(seed).integers(0, 60, count).tolist()


def make(folder, monkeypatch=None, cpu=None, **options):
    if cpu:
        monkeypatch.setenv(VARIABLE, cpu)
    try:
        _, library = find_library()
    except BadInput:
        pytest.skip(f"no {cpu} here")
    config, tensors, _ = map_weights(folder)
    return Network(config, tensors, library, **options)


def scores(network, ids, sizes):
    """Scores of every token [n, V], run in chunks of these sizes in turn."""
    cache, out, at, turn = network.cache(len(ids)), [], 0, 0
    while at < len(ids):
        chunk = ids[at : at + sizes[turn % len(sizes)]]
        out.append(network.forward([(cache, chunk, len(chunk))]).copy())
        network.commit([chunk])
        at, turn = at + len(chunk), turn + 1
    return np.concatenate(out), cache


def rounded(x, planes=1):
    """x [..., K] as one or two int8 vectors hold it."""
    levels = 127 if planes == 1 else 32512
    scale = np.abs(x).max(-1, keepdims=True) / levels
    return np.rint(x / scale) * scale


def reference(folder, ids, planes):
    """The naive masked network with the rounding of the compiled one: scores [n, V] and open gates [n, L, H]."""
    c, w = read_weights(folder)
    ids, n, k = np.array(ids), len(ids), c.head_dim
    place = np.arange(n)
    angle = place[:, None, None] * c.rope_theta ** (-np.arange(k // 2) / (k // 2))
    age, stays = place[:, None] - place, c.fixed(ids, np.append(-1, ids[:-1]), place)

    def heads(x, count, weight=None):
        x = x.reshape(n, count, k)
        if weight is None:
            return x
        a, b = np.split(_norm(x, weight), 2, -1)
        return np.concatenate((a * np.cos(angle) - b * np.sin(angle), b * np.cos(angle) + a * np.sin(angle)), -1)

    x, gates = w["embedding.weight"][ids].astype(np.float64), []
    for layer in range(c.layers):
        own = {name.split(".", 2)[2]: t for name, t in w.items() if name.startswith(f"blocks.{layer}.")}
        h = _norm(x, own["attention_norm.weight"])
        is_open = h @ own["router.gate.weight"].T + own["router.gate.bias"] > 0
        gates.append(is_open | stays[:, None] | (c.routing == "off"))
        h = rounded(h, planes)
        q = rounded(heads(h @ own["wq.weight"].T, c.heads, own["q_norm.weight"]), planes)
        keys = rounded(heads(h @ own["wk.weight"].T, c.kv_heads, own["k_norm.weight"]))
        values = heads(h @ own["wv.weight"].T, c.kv_heads)
        size = np.abs(values).max(-1) / 127
        values = np.rint(values / size[..., None])
        y = np.empty_like(q)
        for i in range(c.heads):
            g = i * c.kv_heads // c.heads
            visible = (age >= 0) & ((age < c.window) | gates[-1][:, g])
            p = np.where(visible, q[:, i] @ keys[:, g].T / k**0.5, -np.inf)
            p = np.exp(p - p.max(-1, keepdims=True))
            share = p * size[:, g]  # rounded to 14 bits, the sum of probabilities to 16
            step = share.max(-1, keepdims=True) / 16383
            y[:, i] = np.rint(share / step) * step / (np.rint(p * 65536).sum(-1, keepdims=True) / 65536) @ values[:, g]
        x = x + rounded(y.reshape(n, -1), planes) @ own["wo.weight"].T
        h = rounded(_norm(x, own["mlp_norm.weight"]), planes)
        gate = h @ own["w_gate.weight"].T
        x = x + rounded(gate / (1 + np.exp(-gate)) * (h @ own["w_up.weight"].T), 2) @ own["w_down.weight"].T
    return rounded(_norm(x, w["norm.weight"]), planes) @ w["embedding.weight"].T, np.stack(gates, 1)


@pytest.mark.parametrize("planes", [1, 2])
@pytest.mark.parametrize("cpu", CPUS)
def test_equals_the_masked_reference(weights, monkeypatch, cpu, planes):
    ids = ids_of(60)
    expected, is_open = reference(weights, ids, planes)
    network = make(weights, monkeypatch, cpu, planes=planes)
    got, cache = scores(network, ids, [7])
    error = np.abs(got - expected).max(1) / expected.std()
    # from where a number is rounded the other way the error is larger; among 65,025 levels that happens at once
    assert np.quantile(error, 0.2) < {1: 1e-4, 2: 5e-3}[planes] and error.max() < 0.2
    held = is_open[: max(0, 60 - network.config.window)].sum() + is_open[0].size * min(network.config.window, 60)
    assert cache.entries() == held


@pytest.mark.parametrize("cpu", CPUS)
@pytest.mark.parametrize("planes", [1, 2])
def test_any_chunks_give_the_same_bits(weights, monkeypatch, cpu, planes):
    ids = ids_of(70, 1)
    network = make(weights, monkeypatch, cpu, planes=planes)
    whole, _ = scores(network, ids, [70])
    for sizes in ([1], [3, 1, 7], [20, 2]):
        np.testing.assert_array_equal(scores(network, ids, sizes)[0], whole)


def test_threads_and_company_do_not_change_a_bit(weights):
    ids, alone = ids_of(100, 2), make(weights)
    expected, _ = scores(alone, ids, [30])
    for threads in (2, 3):
        network = make(weights, threads=threads)
        assert network.threads == threads
        for size in (4, 100):  # a few tokens share each product, many are shared out themselves
            np.testing.assert_array_equal(scores(network, ids, [size])[0], expected)
    caches = [network.cache(40) for _ in range(5)]
    together = network.forward([(c, ids[i : 21 + i], 1) for i, c in enumerate(caches)])
    each = [scores(alone, ids[i : 21 + i], [21])[0][-1] for i in range(5)]
    np.testing.assert_array_equal(together, np.stack(each))
    caches = [alone.cache(40) for _ in range(5)]
    together = alone.forward([(c, ids[: 10 + i], 1) for i, c in enumerate(caches)])
    np.testing.assert_array_equal(together, expected[9:14])


def test_forgotten_guesses_and_taken_back_lines_leave_no_trace(weights):
    ids, network = ids_of(50, 3), make(weights)
    expected, _ = scores(network, ids, [50])
    cache = network.cache(80)
    network.forward([(cache, ids[:20], 1)])
    network.commit([ids[:20]])
    network.forward([(cache, [*ids[20:23], 1, 2, 3], 6)])
    network.commit([ids[20:23]])
    mark = cache.mark()
    network.forward([(cache, ids_of(30, 9), 1)])
    network.commit([ids_of(30, 9)])
    cache.back(mark)
    np.testing.assert_array_equal(network.forward([(cache, ids[23:], 27)]), expected[23:])
    other = network.cache(60)
    other.copy_from(cache)
    np.testing.assert_array_equal(network.forward([(other, ids[23:], 27)]), expected[23:])


@pytest.fixture(scope="module")
def plain(folder):
    return NativeEngine(folder, guess=False, batch=1)


@pytest.fixture(scope="module")
def guessing(folder):
    return NativeEngine(folder, threads=2, guess=True)


@pytest.mark.parametrize("mode", ["plain", "checked", "assisted"])
@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_solutions_depend_neither_on_guesses_nor_on_the_batch(plain, guessing, mode, temperature):
    texts = [*TEXTS, TEXTS[0]]
    expected = plain.generate(texts, mode=mode, max_tokens=40, temperature=temperature)
    for guessing.batch in (1, 2, 32):
        assert guessing.generate(texts, mode=mode, max_tokens=40, temperature=temperature) == expected


def test_a_repeating_path_takes_fewer_steps(plain):
    class Echo(NativeEngine):
        """Its network writes the same three tokens for ever."""

        def __init__(self, like, guess):
            self.__dict__.update(like.__dict__, guess=guess, steps=0)

        def _step(self, rows):
            true = self.network.forward

            def forward(parts):
                scores = true(parts).copy() * 0
                at = 0
                for cache, ids, wanted in parts:
                    start = len(cache.ids) + len(ids) - wanted
                    for i in range(wanted):
                        scores[at, 40 + (start + i) % 3] = 1
                        at += 1
                return scores

            self.network.forward = forward
            try:
                super()._step(rows)
            finally:
                del self.network.forward

    with_guesses, without = Echo(plain, True), Echo(plain, False)
    one, two = (e.generate(TEXTS[:1], max_tokens=40) for e in (with_guesses, without))
    assert one == two and with_guesses.steps < without.steps / 2


def solved(answer, complete=True):
    return Generation(Solution(answer=answer, complete=complete), 1, ())


def test_a_vote_ends_when_it_cannot_change():
    assert not decided({0: solved("a"), 1: solved("a")}, 5)
    assert decided({0: solved("a"), 1: solved("a"), 2: solved("a")}, 5)
    assert not decided({1: solved("a"), 2: solved("a"), 3: solved("a")}, 5)  # the first might be shown instead
    assert decided({1: solved("a"), 2: solved("a"), 3: solved("b")}, 4, (Solution(answer="a"),))
    assert not decided({0: solved("a", complete=False)}, 1)


def test_generation_stops_when_enough_is_known(guessing):
    guessing.batch = 2
    drawn = guessing.generate(TEXTS, max_tokens=5, enough=lambda done: len(done) >= 1)
    assert len(drawn) == len(TEXTS) and drawn[-1].tokens == 0 and not drawn[-1].solution.complete


@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_weights_give_a_sentence(folder, tmp_path, how):
    blob = damage((folder / FILE).read_bytes(), how)
    if blob is not None:
        (tmp_path / FILE).write_bytes(blob)
    with pytest.raises(BadWeights, match=r"\.$"):
        map_weights(tmp_path)


def test_another_hash_is_a_sentence(folder, tmp_path):
    blob = bytearray((folder / FILE).read_bytes())
    blob[-1] ^= 1
    (tmp_path / FILE).write_bytes(blob)
    with pytest.raises(BadWeights, match="hash"):
        map_weights(tmp_path)


def test_the_environment_chooses_the_instructions(folder, monkeypatch):
    import microreason

    monkeypatch.setenv(VARIABLE, "numpy")
    assert microreason.load(folder).info["engine"] == "numpy"
    monkeypatch.setenv(VARIABLE, "plain")
    assert microreason.load(folder).info["cpu"] == "plain"
    monkeypatch.setenv(VARIABLE, "steam")
    with pytest.raises(BadInput, match="steam"):
        microreason.load(folder)


def test_a_forked_child_computes_too(folder):
    code = f"""
import os, sys
from microreason.inference.native import NativeEngine
engine = NativeEngine({str(folder)!r}, threads=2)
before = engine.generate(["1+1"], max_tokens=5)
child = os.fork()
after = engine.generate(["1+1"], max_tokens=5)
if not child:
    os._exit(0 if before == after else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, env=os.environ)


def test_tokens_and_room_are_checked(plain):
    network = plain.network
    with pytest.raises(ValueError, match="room"):
        network.forward([(network.cache(4), [1] * 5, 1)])
    with pytest.raises(ValueError, match="vocabulary"):
        network.forward([(network.cache(4), [network.config.vocab_size], 1)])


def test_guesses_are_what_followed_before(plain):
    from microreason.inference.drafts import Draft
    from microreason.inference.guesses import Guesses

    guesses = Guesses()
    draft = Draft("1+1", plain.tokenizer, "plain", 9, 0.0, np.random.default_rng(0))
    row = _Row(0, draft, plain.network.cache(9), guesses)
    draft.drawn = 4
    draft.ids += [5, 6, 7, 8, 9, 5, 6, 7]
    assert row.guess(3) == [8, 9, 5]
    draft.drawn = 7  # one token may be written after the next
    assert row.guess(4) == [8]
    draft.ids += [1]
    assert row.guess(4) == []
    assert guesses.after([5, 6], 2) == [7, 1] and guesses.after([5], 2) == []

"""Dynamic attention routing: fast paths equal the reference, the cache equals the mask, counts equal what happens."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from microreason.errors import BadInput, BadRecipe
from microreason.inference import batched, drafts
from microreason.inference.batched import TorchEngine
from microreason.inference.edge import EdgeEngine
from microreason.model.cache import DenseCache, RoutedCache
from microreason.model.config import ModelConfig
from microreason.model.packed import attend_documents
from microreason.model.routing import (
    DynamicAttentionRouter,
    Reach,
    attend,
    attend_blocks,
    attend_naive,
    entries_read,
    excess,
    read_share,
    reads,
)
from microreason.model.transformer import Transformer, document_blocks
from microreason.training.distill import settings as settings_of_distillation
from microreason.training.loop import Trainer
from microreason.training.recipe import load_recipe
from microreason.training.release import export
from microreason.weights_file import read_weights
from tests.test_model import gates, noisy

TINY = ModelConfig.size("nano", vocab_size=300, routing="hard", window=8, sinks=2, pin=(7,), pin_after=(9, 11))
CPU = torch.device("cpu")
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"))]


def problem(device="cpu", tokens=48):
    """q, k, v, z with gradients, and the documents, positions, fixed tokens of two packed rows."""
    generator = torch.Generator().manual_seed(3)
    q = torch.randn(2, 4, tokens, 16, generator=generator)
    k, v = torch.randn(2, 2, 2, tokens, 16, generator=generator)
    z = torch.randn(2, 2, tokens, generator=generator)
    documents = torch.tensor([[0] * 20 + [1] * (tokens - 20), [0] * (tokens - 5) + [-1] * 5])
    positions = torch.cat((torch.arange(20), torch.arange(tokens - 20)))[None].repeat(2, 1)
    positions[1] = torch.arange(tokens)
    positions[1, -5:] = 0
    fixed = (positions < 2) | (positions == 5)
    tensors = [t.to(device).requires_grad_() for t in (q, k, v, z)]
    return tensors, documents.to(device), Reach(positions.to(device), fixed.to(device), 8)


def causal(documents):
    place = torch.arange(documents.shape[1], device=documents.device)
    return ((place[:, None] >= place) & (documents[:, :, None] == documents[:, None, :]))[:, None]


def gradients(y, tensors):
    weight = torch.linspace(-1, 1, y.numel(), device=y.device).view_as(y).cos()
    return torch.autograd.grad((y * weight).sum(), tensors)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("soft", [True, False])
def test_dense_masks_equal_the_reference(soft, device):
    tensors, documents, reach = problem(device)
    q, k, v, z = tensors
    mask, far = causal(documents), reach.distant()
    naive = attend_naive(q, k, v, mask, far, z, soft)
    fast = attend(q, k, v, mask, far, z, soft)
    torch.testing.assert_close(fast, naive, atol=1e-5, rtol=1e-4)
    expected, real = gradients(naive, tensors), gradients(fast, tensors)
    for name, a, b in zip("qkv", expected, real, strict=False):
        torch.testing.assert_close(b, a, atol=1e-5, rtol=1e-3, msg=name)
    decided = torch.ones_like(z, dtype=torch.bool) if soft else z > 0
    torch.testing.assert_close(real[3][decided], expected[3][decided], atol=1e-5, rtol=1e-3)


def test_the_gradient_of_a_shut_gate_is_what_opening_it_would_change():
    tensors, documents, reach = problem()
    q, k, v, z = tensors
    mask, far = causal(documents), reach.distant()
    direction = torch.randn(q.shape, generator=torch.Generator().manual_seed(0))
    for b, h, j in [(0, 0, 24), (0, 1, 27), (1, 0, 10), (1, 1, 3)]:
        with torch.no_grad():
            shut = z.clone()
            shut[b, h, j], opened = -1.0, shut.clone()
            opened[b, h, j] = 1.0
            change = ((attend(q, k, v, mask, far, opened) - attend(q, k, v, mask, far, shut)) * direction).sum()
        probe = shut.requires_grad_()
        (slope,) = torch.autograd.grad((attend(q, k, v, mask, far, probe) * direction).sum(), probe)
        g = torch.tensor(-1.0).sigmoid()
        torch.testing.assert_close(slope[b, h, j], change * g * (1 - g), atol=1e-5, rtol=1e-3)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("soft", [True, False])
def test_blocks_equal_the_dense_mask(soft, device):
    tensors, documents, reach = problem(device, 160)
    blocks = document_blocks(documents)
    if device == "cpu":  # no backward pass there
        q, k, v, z = (t.detach() for t in tensors)
        with torch.inference_mode():
            fast = attend_blocks(q, k, v, blocks, reach, z, soft)
            torch.testing.assert_close(
                fast, attend(q, k, v, causal(documents), reach.distant(), z, soft), atol=1e-5, rtol=1e-4
            )
        return
    q, k, v, z = tensors
    fast = attend_blocks(q, k, v, blocks, reach, z, soft)
    dense = attend(q, k, v, causal(documents), reach.distant(), z, soft)
    torch.testing.assert_close(fast, dense, atol=1e-4, rtol=1e-3)
    for a, b in zip(gradients(fast, tensors), gradients(dense, tensors), strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-2)


@pytest.mark.parametrize("soft", [True, False])
@pytest.mark.parametrize("window", [8, 100, 300])
def test_attention_document_by_document_equals_the_dense_mask(soft, window):
    tensors, documents, reach = problem(tokens=300)
    q, k, v, z = tensors
    reach = reach._replace(window=window)
    packed = attend_documents(q, k, v, documents, reach, z, soft)
    dense = attend(q, k, v, causal(documents), reach.distant(), z, soft)
    real = (documents >= 0)[:, None, :, None]  # of padding nothing is asked
    torch.testing.assert_close(packed * real, dense * real, atol=1e-5, rtol=1e-4)
    for name, a, b in zip("qkvz", gradients(packed * real, tensors), gradients(dense * real, tensors), strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-3, msg=name)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("routing", ["soft", "hard"])
def test_compiled_blocks_have_the_same_gradients(routing, packed):
    config = TINY.model_copy(update={"routing": routing, "layers": 1})
    plain, compiled = (gates(noisy(config), 0.3) for _ in range(2))
    compiled.blocks[0].compile(dynamic=False, backend="aot_eager", fullgraph=not packed)
    _, documents, reach = problem()
    for model in (plain, compiled):
        z = []
        rows = (reach.positions, documents) if packed else ()
        hidden = model(torch.arange(96).view(2, 48), *rows, gates=z)
        (hidden.sin().sum() + z[0].sigmoid().sum()).backward()
    for (name, a), b in zip(plain.named_parameters(), compiled.parameters(), strict=True):
        torch.testing.assert_close(b.grad, a.grad, atol=1e-4, rtol=1e-3, msg=name)


def test_the_share_of_reads_is_counted_right():
    (*_, z), documents, reach = problem()
    mask = causal(documents) & (documents >= 0)[:, None, :, None]
    far = reach.distant()[:, None]
    seen = torch.where(far, (z > 0)[:, :, None], True) & mask
    decided, dense = reads(reach, documents)
    assert int(dense.sum()) == int(mask.sum())
    share = read_share([z], decided, dense, hard=True)
    assert share.item() == pytest.approx(int(seen.sum()) / int(mask.sum()) / 2, rel=1e-6)
    expected = (torch.where(far, z.sigmoid()[:, :, None], 1.0) * mask).sum() / mask.sum() / 2
    torch.testing.assert_close(read_share([z], decided, dense, hard=False), expected)


@pytest.mark.parametrize("keep", [1, 3.5, 6, 100])
def test_what_documents_read_beyond_their_entries_is_counted_right(keep):
    (*_, z), documents, reach = problem()
    mask = causal(documents) & (documents >= 0)[:, None, :, None]
    far = reach.distant()[:, None]
    seen = (torch.where(far, (z > 0)[:, :, None], True) & mask).float().mean(1)  # [B, queries, keys]
    decided, dense = reads(reach, documents)
    found = excess(entries_read([z], decided, dense, hard=True), dense, reach.positions, documents, keep)
    over = 0.0
    for row, own in zip(seen, documents, strict=True):
        for document in set(own[own >= 0].tolist()):
            read = row[own == document].sum(1)
            free = torch.arange(1, len(read) + 1).clamp(max=keep)
            over += max(0.0, float((read - free).sum()))
    assert found.item() == pytest.approx(over / int(dense.sum()), rel=1e-5)
    assert (keep != 100) or found == 0


def test_pinned_tokens_are_told_by_ids_alone():
    ids = torch.tensor([[7, 20, 21, 22, 9, 23, 24, 11, 25]])
    reach = Transformer(TINY).reach(ids, torch.arange(9)[None])
    assert reach.fixed[0].tolist() == [True, True, False, False, False, True, False, False, True]


def stream(cache, model, rows, sizes):
    """Feed rows (lists of ids) in chunks of the given sizes in turn; hidden states and gates of each row."""
    out, decisions = [[] for _ in rows], [[] for _ in rows]
    turn = 0
    while any(int(n) < len(row) for n, row in zip(cache.lengths, rows, strict=True)):
        left = [row[int(n) :][: sizes[turn % len(sizes)]] for n, row in zip(cache.lengths, rows, strict=True)]
        counts = torch.tensor([len(x) for x in left])
        ids = torch.full((len(rows), int(counts.max())), 299)
        for r, new in enumerate(left):
            ids[r, : len(new)] = torch.tensor(new, dtype=torch.long)
        z = []
        hidden = model(ids, cache=cache, counts=counts, gates=z)
        for r, n in enumerate(counts):
            out[r].append(hidden[r, :n])
            decisions[r].append(torch.stack([layer[r, :, :n] > 0 for layer in z]))
        turn += 1
    return [torch.cat([*parts, torch.zeros(0, model.config.dim)]) for parts in out], [
        torch.cat([*parts, torch.zeros(model.config.layers, model.config.kv_heads, 0, dtype=torch.bool)], -1)
        for parts in decisions
    ]


def random_rows(lengths, seed):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(0, 30, (n,), generator=generator).tolist() for n in lengths]


def reference(model, row):
    z = []
    hidden = model(torch.tensor([row]), gates=z)[0]
    return hidden, torch.stack([layer[0] > 0 for layer in z])


@settings(max_examples=15, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 70), min_size=1, max_size=3),
    sizes=st.lists(st.sampled_from([1, 1, 2, 5, 8, 13, 64]), min_size=1, max_size=4),
    cut=st.integers(0, 70),
    seed=st.integers(0, 3),
)
def test_routed_cache_equals_the_masked_reference(lengths, sizes, cut, seed):
    """Any chunks, rows of different lengths, and a row taken back and fed again."""
    model = gates(noisy(TINY, seed), 0.5)
    rows = random_rows(lengths, seed)
    cache = model.cache(len(rows), 70)
    assert isinstance(cache, RoutedCache)
    with torch.no_grad():
        stream(cache, model, [row[: len(row) // 2] for row in rows], sizes)
        resumed, _ = stream(cache, model, rows, sizes)
        cache.rewind(0, cut)
        again, decided = stream(cache, model, rows, sizes) if cache.lengths[0] == 0 else (None, None)
        fresh, decisions = stream(model.cache(len(rows), 70), model, rows, sizes)
        for r, row in enumerate(rows):
            hidden, z = reference(model, row)
            expected = model.logits(hidden)
            torch.testing.assert_close(model.logits(fresh[r]), expected, atol=1e-4, rtol=1e-4)
            torch.testing.assert_close(model.logits(resumed[r]), expected[len(row) // 2 :], atol=1e-4, rtol=1e-4)
            assert torch.equal(decisions[r], z)
        if again:
            hidden, z = reference(model, rows[0])
            torch.testing.assert_close(model.logits(again[0]), model.logits(hidden), atol=1e-4, rtol=1e-4)
            assert torch.equal(decided[0], z)


def test_rows_leave_both_caches():
    rows = random_rows([40, 50, 60], 1)
    for config in (TINY, TINY.model_copy(update={"routing": "off"})):
        model = gates(noisy(config), 0.5)
        cache = model.cache(3, 80)
        assert isinstance(cache, RoutedCache if config.routing == "hard" else DenseCache)
        with torch.no_grad():
            stream(cache, model, rows, [16])
            cache.keep(torch.tensor([0, 2]))
            rest = [rows[0] + rows[1][:20], rows[2] + rows[1][:20]]
            out, _ = stream(cache, model, rest, [1])
            for row, hidden in zip(rest, out, strict=True):
                torch.testing.assert_close(hidden, reference(model, row)[0][-20:], atol=1e-4, rtol=1e-4)


def test_counts_equal_what_the_cache_did():
    """Entries read and stored, bytes and MACs of single steps, from the decisions of the masked reference."""
    model, (row,) = gates(noisy(TINY), 0.5), random_rows([60], 2)
    cache = model.cache(1, 60)
    with torch.no_grad():
        stream(cache, model, [row], [1])
        z = []
        model(torch.tensor([row]), gates=z)
    reach = model.reach(torch.tensor([row]), torch.arange(60)[None])
    decided, dense = reads(reach)
    seen = [dense.sum() - (decided[:, None] * (layer <= 0)).sum((0, 2)) for layer in z]
    assert torch.equal(cache.entries_read(), torch.stack(seen))
    share = float(cache.entries_read().sum()) / (60 * 61 // 2 * 3 * 2)
    assert share == pytest.approx(float(read_share(z, decided, dense, hard=True)), rel=1e-6)
    stays = torch.stack([(layer[0] > 0) | reach.fixed for layer in z])
    stored = stays[..., : 60 - TINY.window].sum(-1) + TINY.window
    assert torch.equal(cache.entries_stored()[..., 0], stored)
    entries = int(stored.sum())
    assert cache.bytes_used() == TINY.kv_bytes(entries) == entries * 2 * 32 * 4 <= cache.bytes_allocated()
    dense_cache = DenseCache(TINY, 1, 60, torch.float32, CPU)
    assert TINY.kv_bytes_per_token() * 60 == dense_cache.bytes_allocated()
    real = TINY.flops_per_token(60) - TINY.flops_per_token(0)
    assert real == 2 * TINY.layers * TINY.kv_heads * TINY.attention_macs(60)


def test_open_gates_are_dense_and_a_context_has_an_end():
    config = TINY.model_copy(update={"max_context": 64})
    model, (row,) = noisy(config), random_rows([64], 0)
    assert not model.routes() and isinstance(model.cache(1, 64), DenseCache)
    caches = [model.cache(1, 64), RoutedCache(config, 1, torch.float32, CPU)]
    with torch.no_grad():
        a, b = (stream(cache, model, [row], [10, 1])[0][0] for cache in caches)
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)
        for cache in caches:
            with pytest.raises(BadInput, match=r"65 tokens .* 64"):
                model(torch.tensor([[1]]), cache=cache)
    with pytest.raises(ValueError, match="soft"):
        noisy(config.model_copy(update={"routing": "soft"})).cache(1, 64)


def test_released_weights_are_open():
    assert not TorchEngine.load().model.routes()


RECIPE = """
name: t
size: nano
tokens: 12288
tasks: [count_bits]
stages:
  - {until: 0.4, difficulty: [0.0, 0.3]}
  - {until: 0.8, difficulty: [0.0, 0.3], routing: soft, window: 8, budget: [1.0, 0.2], open_weight: 0.5, open_every: 2}
  - {until: 1.0, difficulty: [0.0, 0.3], routing: hard, window: 8, budget: [0.2, 0.2]}
row_lengths: [128, 256]
micro_batch_tokens: 512
adam_lr: 0.1
compile: false
output: OUTPUT
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    (folder / "t.yaml").write_text(RECIPE.replace("OUTPUT", str(folder)))
    recipe, records = load_recipe(folder / "t.yaml"), []
    Trainer(recipe).run(records.append)
    export(recipe, folder / "weights")
    return folder, records


def test_training_keeps_to_the_budget(trained):
    _, records = trained
    assert "read_share" not in records[0]
    share = [r["read_share"] for r in records if "read_share" in r]
    assert share[0] > 0.98 and share[-1] < 0.9
    looked = ["divergence_from_open" in r for r in records if r["stage"] == 1]
    assert looked[:4] in ([True, False] * 2, [False, True] * 2)


def test_a_budget_of_entries_stays_where_it_ended_and_is_no_less_than_one(tmp_path):
    path, last = tmp_path / "t.yaml", "hard, window: 8, budget: [0.2, 0.2]"
    distilled = RECIPE + "distill: {tokens: 512}\n"
    path.write_text(distilled.replace(last, "soft, window: 8, keep: [64, 9]"))
    (stage,) = settings_of_distillation(load_recipe(path), tmp_path).stages
    assert (stage.routing, stage.keep) == ("hard", (9, 9))
    path.write_text(distilled.replace(last, "hard, window: 8, keep: [64, 0]"))
    with pytest.raises(BadRecipe, match="keep"):
        load_recipe(path)


def test_heads_that_are_not_open_stay_shut(tmp_path):
    path = tmp_path / "t.yaml"
    stages = "stages: [{until: 1.0, routing: hard, window: 8, open: [[1, 0]], budget: [0.2, 0.2]}]\nrow_lengths"
    text = re.sub(r"stages:.*row_lengths", stages, RECIPE, flags=re.S).replace("12288", "1536")
    path.write_text(text.replace("OUTPUT", str(tmp_path)))
    Trainer(load_recipe(path)).run()
    trainer = Trainer(load_recipe(path))
    assert trainer.resume()
    for layer, block in enumerate(trainer.model.blocks):
        for head, (weight, bias) in enumerate(zip(block.router.gate.weight, block.router.gate.bias, strict=True)):
            if (layer, head) == (1, 0):
                assert weight.any() and bias != 5
            else:
                assert not weight.any() and bias == -20
    trainer.stage.open.append((0, 1))
    trainer._enter_stage()
    router = trainer.model.blocks[0].router
    assert router.gate.bias.tolist() == [-20, 5]
    router.gate(torch.ones(1, router.gate.in_features)).sum().backward()
    assert router.gate.bias.grad.tolist() == [0, 1]
    path.write_text(text.replace("[[1, 0]]", "[[3, 0]]"))
    with pytest.raises(BadRecipe, match="open"):
        load_recipe(path)


def test_a_routed_run_resumes_exactly(trained, tmp_path):
    _, records = trained
    path = tmp_path / "t.yaml"
    path.write_text(RECIPE.replace("OUTPUT", str(tmp_path)))
    first = Trainer(load_recipe(path))

    def stop(record):
        if record["step"] == 15:
            raise StopIteration

    with pytest.raises(StopIteration):
        first.run(stop)
    first.save()
    again, resumed = Trainer(load_recipe(path)), []
    again.resume()
    again.run(resumed.append)
    assert [r["loss"] for r in resumed] == [r["loss"] for r in records[15:]]


def test_engines_agree_on_routed_weights(trained, monkeypatch):
    """Steps are taken back on the way, so the routed cache is fed again."""
    weights = trained[0] / "weights"
    config, _ = read_weights(weights)
    assert config.routing == "hard" and config.pin and config.window == 8
    texts = ["How many 1 bits are there in the binary representation of the number 1234?", "1\n2\n3", "x" * 50]
    torch_engine, edge = TorchEngine.load(weights), EdgeEngine(weights)
    assert torch_engine.model.routes()
    monkeypatch.setattr(batched, "CHUNK", 16)
    monkeypatch.setattr(drafts, "check_step", lambda text, before, line: "unsound" if len(before) % 2 else "sound")
    choose = drafts.Draft.choose

    def choose_with_lines(draft, logits):  # whatever a few steps of training have taught, on any processor
        if draft.drawn % 7 == 6:
            logits = logits.copy()
            logits[draft.tokenizer.newline] = logits.max() + 100
        choose(draft, logits)

    monkeypatch.setattr(drafts.Draft, "choose", choose_with_lines)
    one, two = (e.generate(texts, mode="checked", max_tokens=60) for e in (torch_engine, edge))
    assert one == two
    assert any(g.tokens > len(g.ids) for g in one)


def test_bare_off_in_a_recipe(tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text(RECIPE.replace("routing: soft", "routing: off"))
    assert load_recipe(path).stages[1].routing == "off"
    path.write_text(RECIPE.replace("routing: soft", "routing: on"))
    with pytest.raises(BadRecipe, match="routing"):
        load_recipe(path)


def test_module_alone():
    router = DynamicAttentionRouter(32, 2, window=4, sinks=1, soft=False)
    z = router(torch.randn(3, 20, 32))
    assert z.shape == (3, 2, 20) and router.share(z).item() == pytest.approx(1.0)
    q, k, v = torch.randn(3, 4, 20, 8), torch.randn(3, 2, 20, 8), torch.randn(3, 2, 20, 8)
    torch.testing.assert_close(router.attend(q, k, v, z), attend(q, k, v, None), atol=1e-5, rtol=1e-4)


def test_the_example_trains():
    path = Path(__file__).parent.parent / "examples" / "router.py"
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=True, timeout=280)
    first, last = (
        dict(zip(line.split()[::2], map(float, line.split()[1::2]), strict=True)) for line in done.stdout.splitlines()
    )
    assert last["loss"] < first["loss"] and last["share"] < 0.5 < first["share"]


def test_the_speed_benchmark_reads_what_it_says(tmp_path):
    script, out = Path(__file__).parent.parent / "benchmarks" / "routing_speed.py", tmp_path / "speed.json"
    arguments = [
        "--size",
        "nano",
        "--lengths",
        "600",
        "--batches",
        "2",
        "--tokens",
        "3",
        "--turns",
        "1",
        "--open",
        "2",
    ]
    subprocess.run([sys.executable, script, *arguments, "--json", out], check=True, timeout=200, capture_output=True)
    (row,) = json.loads(out.read_text())["rows"]
    assert row["bytes_used_share"] < 0.5 and 0.33 < row["decode_read_share"] < 0.45

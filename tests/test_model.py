"""The network: counts, routing, packed documents, growth, cache."""

import pytest
import torch

from microreason.errors import BadWeights
from microreason.model.config import SIZES, ModelConfig
from microreason.model.growth import grow, shrink
from microreason.model.packed import attend_documents
from microreason.model.routing import attend
from microreason.model.transformer import Transformer
from microreason.model.wiring import wire_induction
from microreason.weights_file import expected_shapes

NANO = ModelConfig.size("nano", vocab_size=300, routing="off")


def noisy(config, seed=0):
    model = Transformer(config, seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "router" not in name:
                p.add_(torch.randn(p.shape, generator=generator) * 0.1)
    return model.eval()


def gates(model, scale):
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for block in model.blocks:
            block.router.gate.weight.copy_(torch.randn(block.router.gate.weight.shape, generator=generator) * scale)
            block.router.gate.bias.zero_()
    return model


@pytest.mark.parametrize("size", SIZES)
def test_parameters_are_counted_right(size):
    config = ModelConfig.size(size)
    real = sum(p.numel() for p in Transformer(config).parameters())
    assert config.parameters() == real
    assert {n: tuple(p.shape) for n, p in Transformer(config).named_parameters()} == expected_shapes(config)


def test_27m_is_27m():
    assert 26.5e6 <= ModelConfig.size("27m").parameters() <= 27.5e6


def test_no_document_sees_another():
    model = noisy(NANO)
    a, b = torch.randint(0, 300, (2, 1, 20))
    documents = torch.tensor([[0] * 20 + [1] * 20])
    positions = torch.cat([torch.arange(20)] * 2)[None]
    packed = model(torch.cat((a, b), 1), positions, documents)
    torch.testing.assert_close(packed[:, 20:], model(b), atol=1e-5, rtol=1e-5)
    changed = model(torch.cat(((a + 7) % 300, b), 1), positions, documents)
    assert torch.equal(packed[:, 20:], changed[:, 20:])


@pytest.mark.parametrize("routing", ["hard", "soft"])
def test_routing_starts_dense(routing):
    ids = torch.randint(0, 300, (2, 150))
    dense, routed = noisy(NANO), noisy(NANO.model_copy(update={"routing": routing}))
    tolerance = 1e-5 if routing == "hard" else 0.1
    torch.testing.assert_close(routed(ids), dense(ids), atol=tolerance, rtol=tolerance)


def test_shut_gates_hide_distant_tokens_only():
    config = NANO.model_copy(update={"routing": "hard", "window": 8, "sinks": 2})
    model = noisy(config)
    with torch.no_grad():
        for block in model.blocks:
            block.router.gate.bias.fill_(-5.0)
    ids = torch.randint(0, 300, (1, 60))
    other = ids.clone()
    other[0, 5] = (other[0, 5] + 1) % 300
    first, second = model(ids), model(other)
    reach = 5 + 3 * 7  # three layers, each passes on at most window - 1 tokens
    assert not torch.equal(first[0, 5:12], second[0, 5:12])
    assert torch.equal(first[0, reach + 1 :], second[0, reach + 1 :])


def test_growth_keeps_the_function():
    small = ModelConfig(vocab_size=300, dim=64, layers=2, heads=2, kv_heads=1, ff=96, routing="off")
    large = ModelConfig(vocab_size=300, dim=128, layers=5, heads=4, kv_heads=2, ff=200, routing="off")
    model = noisy(small)
    ids = torch.randint(0, 300, (2, 30))
    grown = grow(model, large)
    torch.testing.assert_close(grown.logits(grown(ids)), model.logits(model(ids)), atol=1e-3, rtol=1e-3)
    back = shrink(grown, small)
    torch.testing.assert_close(back.state_dict(), model.state_dict())
    with pytest.raises(ValueError, match="cannot grow"):
        grow(grown, small)


def test_wired_model_copies_before_any_training():
    config = ModelConfig(vocab_size=2000, dim=256, layers=2, heads=4, kv_heads=2, ff=64, routing="off")
    plain, wired = Transformer(config), Transformer(config)
    wire_induction(wired)
    tokens = torch.randperm(2000, generator=torch.Generator().manual_seed(0))[:60].repeat(2)[None]
    again = torch.arange(65, 119)

    def margin(model):
        """Mean logit of the right next token over the mean of all others."""
        with torch.no_grad():
            logits = model.logits(model(tokens))[0, again]
        return float((logits.gather(1, tokens[0, again + 1][:, None])[:, 0] - logits.mean(1)).mean())

    assert margin(wired) > margin(plain) + 1
    with pytest.raises(ValueError, match="two blocks"):
        wire_induction(Transformer(NANO.model_copy(update={"layers": 1})))


@pytest.mark.parametrize("change", [{"dim": 100}, {"heads": 3}, {"typo": 1}, {"layers": 0}, {"routing": "maybe"}])
def test_bad_configurations_are_refused(change):
    with pytest.raises(BadWeights, match="configuration"):
        ModelConfig.parse({**NANO.model_dump(), **change})


def test_attention_by_document_equals_the_dense_mask():
    torch.manual_seed(1)
    q, k, v = (torch.randn(2, heads, 700, 8, requires_grad=True) for heads in (4, 2, 2))
    documents = torch.tensor([[0] * 10 + [1] * 1 + [2] * 40 + [3] * 39 + [4] * 601 + [-1] * 9, [0] * 150 + [1] * 550])
    place = torch.arange(700)
    mask = (place[:, None] >= place) & (documents[:, :, None] == documents[:, None, :])
    found, wanted = attend_documents(q, k, v, documents), attend(q, k, v, mask[:, None])
    torch.testing.assert_close(found, wanted)
    weight = torch.randn_like(found)
    gradients = [torch.autograd.grad((y * weight).sum(), (q, k, v)) for y in (found, wanted)]
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-5)


def test_blocks_of_documents_equal_the_dense_mask():
    model = Transformer(ModelConfig.size("nano", routing="off"), seed=3)
    for block in model.blocks:
        torch.nn.init.normal_(block.wo.weight, std=0.1)
    ids = torch.randint(0, 8000, (2, 160))
    documents = torch.tensor([[0] * 50 + [1] * 90 + [-1] * 20, [0] * 160])
    with torch.inference_mode():
        dense = model(ids, None, documents)
        model.blockwise = True
        torch.testing.assert_close(model(ids, None, documents), dense, atol=1e-4, rtol=1e-4)

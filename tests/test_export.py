"""Exports compute what the model computes: transformers' Qwen3, GGUF in llama.cpp, ONNX in onnxruntime."""

import json

import numpy as np
import pytest

from microreason.export.dense import dense_tensors, qwen3_settings
from microreason.inference.edge import EdgeEngine
from microreason.model.config import ModelConfig
from microreason.tokenizer import DEFAULT, Tokenizer
from microreason.weights_file import write_weights
from tests.test_model import noisy

IDS = np.random.default_rng(0).integers(0, 300, 30).tolist()


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    config = ModelConfig.size("nano", vocab_size=Tokenizer.load().size)
    write_weights(folder, config, {k: v.numpy() for k, v in noisy(config).state_dict().items()}, {})
    (folder / "tokenizer.json").write_bytes(DEFAULT.read_bytes())
    return folder


@pytest.fixture(scope="module")
def expected(weights):
    """Scores after each of IDS, by the numpy engine, with all gates open."""
    engine = EdgeEngine(weights)
    c = engine.config
    keys = np.zeros((c.layers, len(IDS), c.kv_heads, c.head_dim), np.float32)
    values, is_open = np.zeros_like(keys), np.zeros(keys.shape[:3], bool)
    return np.array([engine._forward(IDS[: i + 1], i, keys, values, is_open) for i in range(len(IDS))])


def test_the_twin_in_transformers(weights, expected):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    config, tensors = dense_tensors(weights)
    twin = transformers.Qwen3ForCausalLM(
        transformers.Qwen3Config(**qwen3_settings(config, Tokenizer.load(weights / "tokenizer.json")))
    )
    state = {name: torch.from_numpy(t) for name, t in tensors.items()}
    missing, unexpected = twin.load_state_dict(state, strict=False)
    assert (missing, unexpected) == (["lm_head.weight"], [])
    twin.tie_weights()
    with torch.no_grad():
        got = twin.eval()(torch.tensor([IDS])).logits[0].numpy()
    np.testing.assert_allclose(got, expected, atol=2e-3 * expected.std())


def test_onnx_in_onnxruntime(weights, expected, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from microreason.export.onnx import export_onnx

    session = onnxruntime.InferenceSession(
        export_onnx(tmp_path / "twin.onnx", weights), providers=["CPUExecutionProvider"]
    )
    names = [i.name for i in session.get_inputs()][1:]
    c = ModelConfig.size("nano")
    past = {name: np.zeros((1, c.kv_heads, 0, c.head_dim), np.float32) for name in names}
    got = []
    for chunk in (IDS[:17], IDS[17:18], IDS[18:]):
        logits, *present = session.run(None, {"ids": np.array([chunk]), **past})
        past = dict(zip(names, present, strict=True))
        got.append(logits[0])
    np.testing.assert_allclose(np.concatenate(got), expected, atol=2e-3 * expected.std())


def test_gguf_holds_the_twin(weights, tmp_path):
    gguf = pytest.importorskip("gguf")
    from microreason.export.gguf import export_gguf

    config, tensors = dense_tensors(weights)
    for form in ("f32", "q8_0"):
        reader = gguf.GGUFReader(export_gguf(tmp_path / f"{form}.gguf", weights, form))
        read = {t.name: gguf.quants.dequantize(t.data, t.tensor_type) for t in reader.tensors}
        assert len(read) == len(tensors)
        for ours, theirs in (("model.embed_tokens", "token_embd"), ("model.layers.2.mlp.down_proj", "blk.2.ffn_down")):
            want = tensors[ours + ".weight"]
            np.testing.assert_allclose(
                read[theirs + ".weight"].reshape(want.shape), want, atol=np.abs(want).max() / 100
            )
        tokens = reader.fields["tokenizer.ggml.tokens"].contents()
        assert len(tokens) == config.vocab_size and tokens[Tokenizer.load().end] == "<|end|>"


def test_gguf_in_llama_cpp(weights, expected, tmp_path):
    x = pytest.importorskip("xllamacpp")
    pytest.importorskip("gguf")
    from microreason.export.gguf import export_gguf

    params = x.CommonParams()
    params.model.path = str(export_gguf(tmp_path / "twin.gguf", weights, "f32"))
    params.n_ctx, params.n_parallel, params.cpuparams.n_threads, params.warmup = 64, 1, 1, False
    server = x.Server(params)
    for length in (5, 17, 30):
        reply = server.handle_completions(
            {"prompt": IDS[:length], "n_predict": 1, "top_k": 1, "n_probs": 1, "logprobs": 1}
        )
        reply = json.loads(reply) if isinstance(reply, str) else reply
        first = reply["choices"][0]["logprobs"]["content"][0]
        row = expected[length - 1].astype(np.float64)
        likely = row - row.max() - np.log(np.exp(row - row.max()).sum())
        assert first["id"] == row.argmax() and first["logprob"] == pytest.approx(likely.max(), abs=0.02)

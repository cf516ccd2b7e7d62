"""Other engines that run the dense twin, each behind the same two calls, for peers.py.

`write(ids, count)` writes `count` tokens after ids, greedily and past any end, and returns them (None where the engine
gives only text) with the seconds to the first token and to the last; `together(prompts, count)` writes after many
prompts at once and returns the seconds, or None where the engine has no batching. Exports go to a folder: GGUF and the
settings of Qwen3 from microreason.export, a folder in transformers' format, and what each engine's own converter makes.
Does not cover what is measured (peers.py).
"""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from microreason.inference.native import NativeEngine
from microreason.tokenizer import DEFAULT, Tokenizer


class Ours:
    """The compiled engine, without guesses."""

    def __init__(self, threads, folder):
        self.engine = NativeEngine(threads=threads, guess=False)

    def write(self, ids, count):
        network, start = self.engine.network, time.perf_counter()
        cache = network.cache(len(ids) + count)
        self.engine.read((cache, ids[:-1]))
        out, first = [ids[-1]], 0.0
        while len(out) <= count:
            best = int(network.forward([(cache, out[-1:], 1)])[0].argmax())
            network.commit([out[-1:]])
            out.append(best)
            first = first or time.perf_counter() - start
        return out[1:], first, time.perf_counter() - start

    def together(self, prompts, count):
        network, start = self.engine.network, time.perf_counter()
        caches = [network.cache(len(ids) + count) for ids in prompts]
        self.engine.read(*((cache, ids[:-1]) for cache, ids in zip(caches, prompts, strict=True)))
        last = [ids[-1] for ids in prompts]
        for _ in range(count):
            scores = network.forward([(cache, [token], 1) for cache, token in zip(caches, last, strict=True)])
            network.commit([[token] for token in last])
            last = scores.argmax(1).tolist()
        return time.perf_counter() - start


class LlamaCpp:
    """llama.cpp from the xllamacpp wheel, Q8_0; a second server with 32 slots for many at once."""

    def __init__(self, threads, folder):
        import xllamacpp

        from microreason.export.gguf import export_gguf

        path, self.servers = export_gguf(folder / "twin.gguf"), []
        for slots in (1, 32):
            params = xllamacpp.CommonParams()
            params.model.path, params.warmup, params.verbosity = str(path), True, -1
            params.n_ctx, params.n_parallel = (8192, 1) if slots == 1 else (32 * 512, 32)
            params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
            self.servers.append(xllamacpp.Server(params))

    def _ask(self, server, ids, count):
        request = {"prompt": ids, "n_predict": count, "temperature": 0, "top_k": 1, "cache_prompt": False}
        reply = self.servers[server].handle_completions({**request, "ignore_eos": True})
        reply = json.loads(reply) if isinstance(reply, str) else reply
        assert reply["usage"]["completion_tokens"] == count
        return reply

    def write(self, ids, count):
        start = time.perf_counter()
        timings = self._ask(0, ids, count)["timings"]
        whole = time.perf_counter() - start
        return None, whole - timings["predicted_ms"] / 1e3 * (count - 1) / count, whole

    def together(self, prompts, count):
        start = time.perf_counter()
        with ThreadPoolExecutor(len(prompts)) as pool:
            list(pool.map(lambda ids: self._ask(1, ids, count), prompts))
        return time.perf_counter() - start


class Transformers:
    """Qwen3ForCausalLM with its own cache, in float32 or bfloat16, without the overhead of `generate`."""

    dtype = "float32"

    def __init__(self, threads, folder):
        import torch
        import transformers

        torch.set_num_threads(threads)
        self.torch = torch
        self.model = transformers.Qwen3ForCausalLM.from_pretrained(
            twin(folder), dtype=getattr(torch, self.dtype)
        ).eval()

    def write(self, ids, count):
        start, out, first, past, chunk = time.perf_counter(), [], 0.0, None, self.torch.tensor([ids])
        with self.torch.inference_mode():
            while len(out) < count:
                reply = self.model(chunk, past_key_values=past, use_cache=True, logits_to_keep=1)
                past, chunk = reply.past_key_values, reply.logits[:, -1:].argmax(-1)
                out.append(int(chunk))
                first = first or time.perf_counter() - start
        return out, first, time.perf_counter() - start

    def together(self, prompts, count):
        start, past, chunk = time.perf_counter(), None, self.torch.tensor(prompts)
        with self.torch.inference_mode():
            for _ in range(count):
                reply = self.model(chunk, past_key_values=past, use_cache=True, logits_to_keep=1)
                past, chunk = reply.past_key_values, reply.logits[:, -1:].argmax(-1)
        return time.perf_counter() - start


class TransformersHalf(Transformers):
    """In bfloat16."""

    dtype = "bfloat16"


class CTranslate2:
    """CTranslate2, int8."""

    def __init__(self, threads, folder):
        import ctranslate2
        from ctranslate2.converters import TransformersConverter

        path = str(folder / "ctranslate2")
        TransformersConverter(twin(folder)).convert(path, quantization="int8", force=True)
        self.model = ctranslate2.Generator(path, compute_type="int8", intra_threads=threads)
        vocabulary = json.loads((folder / "ctranslate2" / "vocabulary.json").read_text())
        self.names, self.numbers = vocabulary, {name: i for i, name in enumerate(vocabulary)}

    def _run(self, prompts, count, callback=None):
        options = {"beam_size": 1, "max_length": count, "min_length": count, "include_prompt_in_result": False}
        return self.model.generate_batch(
            [[self.names[i] for i in ids] for ids in prompts], callback=callback, **options
        )

    def write(self, ids, count):
        start, times = time.perf_counter(), []
        self._run([ids], count, lambda step: bool(times.append(time.perf_counter() - start)))
        return None, times[0], time.perf_counter() - start

    def together(self, prompts, count):
        start = time.perf_counter()
        self._run(prompts, count)
        return time.perf_counter() - start


class OnnxRuntimeGenAI:
    """onnxruntime-genai, matrices in int8 (MatMulNBits), by its own model builder."""

    def __init__(self, threads, folder):
        import onnxruntime_genai

        self.genai, path = onnxruntime_genai, folder / "genai"
        builder = [sys.executable, "-m", "onnxruntime_genai.models.builder", "-m", twin(folder), "-i", twin(folder)]
        subprocess.run([*builder, "-o", str(path), "-p", "int8", "-e", "cpu"], check=True, capture_output=True)
        config = json.loads((path / "genai_config.json").read_text())
        config["model"]["decoder"]["session_options"]["intra_op_num_threads"] = threads
        (path / "genai_config.json").write_text(json.dumps(config))
        self.model = onnxruntime_genai.Model(str(path))

    def _generator(self, prompts, count):
        options = self.genai.GeneratorParams(self.model)
        length = len(prompts[0]) + count
        options.set_search_options(do_sample=False, max_length=length, min_length=length, batch_size=len(prompts))
        generator = self.genai.Generator(self.model, options)
        generator.append_tokens(np.array(prompts if len(prompts) > 1 else prompts[0], np.int32))
        return generator

    def write(self, ids, count):
        start, times = time.perf_counter(), []
        generator = self._generator([ids], count)
        while len(times) < count:
            generator.generate_next_token()
            times.append(time.perf_counter() - start)
        return [int(i) for i in generator.get_sequence(0)[len(ids) :]], times[0], times[-1]

    def together(self, prompts, count):
        start = time.perf_counter()
        generator = self._generator(prompts, count)
        for _ in range(count):
            generator.generate_next_token()
        return time.perf_counter() - start


class OpenVINO:
    """OpenVINO GenAI, reading the GGUF file (Q8_0)."""

    def __init__(self, threads, folder):
        import openvino
        import openvino_genai

        from microreason.export.gguf import export_gguf

        self.openvino, self.genai = openvino, openvino_genai
        path = export_gguf(folder / "twin-openvino.gguf")
        self.model = openvino_genai.LLMPipeline(str(path), "CPU", INFERENCE_NUM_THREADS=threads)

    def _run(self, prompts, count, streamer=None):
        options = self.genai.GenerationConfig()
        options.max_new_tokens, options.ignore_eos, options.do_sample = count, True, False
        ids = self.openvino.Tensor(np.array(prompts, np.int64))
        mask = self.openvino.Tensor(np.ones((len(prompts), len(prompts[0])), np.int64))
        inputs = self.genai.TokenizedInputs(ids, mask)
        return self.model.generate(inputs, options, streamer) if streamer else self.model.generate(inputs, options)

    def write(self, ids, count):
        start = time.perf_counter()
        reply = self._run([ids], count)
        whole, spent = time.perf_counter() - start, reply.perf_metrics
        first = spent.get_ttft().mean / 1e3
        return [int(i) for i in reply.tokens[0]], first, whole

    def together(self, prompts, count):
        start = time.perf_counter()
        self._run(prompts, count)
        return time.perf_counter() - start


MAKERS = {
    "ours": Ours, "llama.cpp Q8_0": LlamaCpp, "transformers fp32": Transformers, "transformers bf16": TransformersHalf,
    "CTranslate2 int8": CTranslate2, "onnxruntime-genai int8": OnnxRuntimeGenAI, "OpenVINO GenAI Q8_0": OpenVINO,
}  # fmt: skip


def twin(folder):
    """The dense twin in transformers' format, written into `folder` once; its path."""
    path = folder / "transformers"
    if not (path / "model.safetensors").exists():
        import torch
        import transformers

        from microreason.export.dense import dense_tensors, qwen3_settings

        config, tensors = dense_tensors()
        model = transformers.Qwen3ForCausalLM(
            transformers.Qwen3Config(**{**qwen3_settings(config, Tokenizer.load()), "eos_token_id": None})
        )
        model.load_state_dict({name: torch.from_numpy(t) for name, t in tensors.items()}, strict=False)
        model.tie_weights()
        model.save_pretrained(path)
        names = dict.fromkeys(("eos_token", "bos_token", "unk_token", "pad_token"), "<|end|>")
        transformers.PreTrainedTokenizerFast(tokenizer_file=str(DEFAULT), **names).save_pretrained(path)
    return str(path)

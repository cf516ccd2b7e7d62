"""The same weights and problems in other engines: llama.cpp (Q8_0), transformers (fp32, bf16), onnxruntime, and ours.

python benchmarks/peers.py --json benchmarks/results/peers.json --threads 2

Every engine writes the same number of tokens after the same prompts (contexts of several lengths, and whole problems),
interleaved: each round runs all of them once, in an order of its own. Medians and 95 % bootstrap intervals of rounds.
The peers run the dense twin; ours the routed model, and again with guesses. Peers that are not installed are left out.
Does not cover many problems at once in the peers' servers (`together` has what their libraries offer).
"""

import argparse
import gc
import json
import os
import random
import time
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from microreason.evaluation.records import circumstances, write_json
from microreason.inference.native import NativeEngine
from microreason.tasks import all_tasks


class Ours:
    """The compiled engine; `guess` as in NativeEngine."""

    def __init__(self, threads, guess):
        self.engine = NativeEngine(threads=threads, guess=guess)

    def write(self, ids, count):
        """Write `count` tokens after ids, greedily and past any end; returns them."""
        network, cache = self.engine.network, self.engine.network.cache(len(ids) + count)
        self.engine.read(cache, ids[:-1])
        out = [ids[-1]]
        while len(out) <= count:
            guess = self._guess(ids + out[1:], count - len(out)) if self.engine.guess else []
            best = network.forward([(cache, [out[-1], *guess], 1 + len(guess))]).argmax(1).tolist()
            right = next((i for i, token in enumerate(guess) if token != best[i]), len(guess))
            network.commit([[out[-1], *guess[:right]]])
            out += best[: right + 1]
        return out[1 : count + 1]

    @staticmethod
    def _guess(ids, room):
        end = len(ids)
        if len(ids) < 3:
            return []
        for at in range(end - 4, -1, -1):
            if ids[at : at + 3] == ids[-3:]:
                return ids[at + 3 : at + 3 + min(7, room)]
        return []


class LlamaCpp:
    """llama.cpp from the xllamacpp wheel, Q8_0."""

    def __init__(self, threads, folder):
        import xllamacpp as x

        from microreason.export.gguf import export_gguf

        params = x.CommonParams()
        params.model.path = str(export_gguf(folder / "twin.gguf"))
        params.n_ctx, params.n_parallel, params.warmup = 8192, 1, True
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
        self.server = x.Server(params)

    def write(self, ids, count):
        """As Ours.write; llama.cpp gives text, so the tokens are counted, not compared."""
        request = {"prompt": ids, "n_predict": count, "temperature": 0, "top_k": 1, "cache_prompt": False}
        reply = self.server.handle_completions({**request, "ignore_eos": True})
        reply = json.loads(reply) if isinstance(reply, str) else reply
        assert reply["usage"]["completion_tokens"] == count
        return None


class Transformers:
    """Qwen3ForCausalLM with its own cache, in float32 or bfloat16."""

    def __init__(self, threads, dtype):
        import torch
        import transformers

        from microreason.export.dense import dense_tensors, qwen3_settings
        from microreason.tokenizer import Tokenizer

        torch.set_num_threads(threads)
        self.torch = torch
        config, tensors = dense_tensors()
        self.model = transformers.Qwen3ForCausalLM(transformers.Qwen3Config(**qwen3_settings(config, Tokenizer.load())))
        self.model.load_state_dict({name: torch.from_numpy(t) for name, t in tensors.items()}, strict=False)
        self.model.tie_weights()
        self.model = self.model.to(getattr(torch, dtype)).eval()
        self.model.generation_config.eos_token_id = None  # write on past any end, as the others do

    def write(self, ids, count):
        """As Ours.write."""
        with self.torch.inference_mode():
            out = self.model.generate(
                self.torch.tensor([ids]), attention_mask=self.torch.ones(1, len(ids), dtype=self.torch.long),
                max_new_tokens=count, do_sample=False,
            )  # fmt: skip
        return out[0, len(ids) :].tolist()


class OnnxRuntime:
    """The exported graph, float32, or with matrices quantised dynamically to int8."""

    def __init__(self, threads, folder, int8):
        import onnxruntime

        from microreason.export.onnx import export_onnx

        path = export_onnx(folder / "twin.onnx")
        if int8:
            from onnxruntime.quantization import quantize_dynamic

            quantize_dynamic(path, folder / "twin-int8.onnx", per_channel=True, op_types_to_quantize=["MatMul"])
            path = folder / "twin-int8.onnx"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.past = [i for i in self.session.get_inputs() if i.name != "ids"]

    def write(self, ids, count):
        """As Ours.write."""
        past = {i.name: np.zeros((1, i.shape[1], 0, i.shape[3]), np.float32) for i in self.past}
        out, chunk = [], ids
        while len(out) < count:
            logits, *present = self.session.run(None, {"ids": np.array([chunk]), **past})
            past = dict(zip(past, present, strict=True))
            out.append(int(logits[0, -1].argmax()))
            chunk = out[-1:]
        return out


def engines(threads, folder, wanted):
    """Those of `wanted` (all, if empty) that are installed, by name."""
    makers = {
        "ours": lambda: Ours(threads, False), "ours, guessing": lambda: Ours(threads, True),
        "llama.cpp Q8_0": lambda: LlamaCpp(threads, folder),
        "transformers fp32": lambda: Transformers(threads, "float32"),
        "transformers bf16": lambda: Transformers(threads, "bfloat16"),
        "onnxruntime fp32": lambda: OnnxRuntime(threads, folder, False),
        "onnxruntime int8": lambda: OnnxRuntime(threads, folder, True),
    }  # fmt: skip
    made = {}
    for name, make in makers.items():
        if not wanted or name in wanted:
            try:
                made[name] = make()
            except ImportError as error:
                print(f"{name} is left out: {error}")
    return made


def interval(seconds, seed=0):
    """Median and its 95 % bootstrap interval."""
    draws = np.random.default_rng(seed).choice(seconds, (2000, len(seconds)))
    low, high = np.percentile(np.median(draws, 1), [2.5, 97.5])
    return {"median": float(np.median(seconds)), "low": float(low), "high": float(high)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--contexts", default="64,1024,4096", help="tokens of prompt")
    parser.add_argument("--tokens", type=int, default=64, help="tokens written after each")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--engines", default="", help="names with commas between; left out, all")
    parser.add_argument("--folder", type=Path, default=Path("/tmp"), help="where exports are written")
    parser.add_argument("--json", type=Path, required=True)
    args = parser.parse_args()
    made = engines(args.threads, args.folder, [n.strip() for n in args.engines.split(",") if n.strip()])
    ours = next(e for e in made.values() if isinstance(e, Ours)).engine
    tasks = all_tasks()
    known = [name for name in ours.info["origin"].get("tasks", []) if name in tasks]
    texts = [tasks[name].generate(11, 0, 0.3).text for name in known]
    stream = [i for text in texts for i in ours.tokenizer.encode_problem(text)]
    seconds, cpu, agree = {}, {}, {}
    for context in (int(c) for c in args.contexts.split(",")):
        prompt = list(islice(cycle(stream), context))
        for engine in made.values():
            engine.write(prompt, 4)
        for number in range(args.rounds):
            order = list(made)
            random.Random(number).shuffle(order)
            for name in order:
                gc.collect()
                for count in (1, args.tokens):
                    start, used = time.perf_counter(), time.process_time()
                    written = made[name].write(prompt, count)
                    cpu.setdefault((name, context, count), []).append(time.process_time() - used)
                    seconds.setdefault((name, context, count), []).append(time.perf_counter() - start)
                agree.setdefault((name, context), written)
    rows = []
    for name in made:
        for context in dict.fromkeys(c for _, c, _ in seconds):
            first, whole = (np.array(seconds[name, context, count]) for count in (1, args.tokens))
            theirs, mine = agree.get(("transformers fp32", context)), agree[name, context]
            compared = mine is not None and theirs is not None
            same = [*(a == b for a, b in zip(mine, theirs, strict=True)), False] if compared else []
            used = np.array(cpu[name, context, args.tokens]) - np.array(cpu[name, context, 1])
            rows.append({
                "engine": name, "context": context,
                "first_token_seconds": interval(first), "answer_seconds": interval(whole),
                "decode_tokens_per_second": interval((args.tokens - 1) / (whole - first)),
                "decode_tokens_per_cpu_second": interval((args.tokens - 1) / used),
                "same_tokens_as_fp32": same.index(False) if compared else None,
            })  # fmt: skip
            row = rows[-1]["decode_tokens_per_second"]
            per_cpu = rows[-1]["decode_tokens_per_cpu_second"]["median"]
            span = f"{row['low']:.1f} to {row['high']:.1f}"
            print(f"{name:20} {context:5} decode {row['median']:8.1f} ({span}) tokens/s, {per_cpu:.1f} a CPU-second")
    write_json(args.json, {
        "benchmark": "peers", "rounds": args.rounds, "threads": args.threads, "tokens": args.tokens,
        "weights": ours.info["sha256"], "cpu": ours.info["cpu"],
        **circumstances(ours.info), "rows": rows,
    })  # fmt: skip


if __name__ == "__main__":
    main()

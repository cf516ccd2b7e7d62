"""The dense twin as an ONNX file (opset 23), for onnxruntime and others.

Inputs: `ids` [1, T] int64 and, per layer, `past_key.i` and `past_value.i` [1, H, P, K] (P is 0 at first). Outputs:
`logits` [1, T, V] and `key.i`, `value.i` [1, H, P + T, K]. Matrices are float32, stored once; the tied head transposes.
Does not cover the routing gates, quantising (onnxruntime.quantization does) or batches.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from microreason.export.dense import dense_tensors

OPSET = 23


class _Graph:
    """Nodes and constants as they are made."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, values: Any) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def op(self, kind: str, *inputs: str, out: str | list[str] | None = None, **attributes: Any) -> str:
        outputs = [out] if isinstance(out, str) else out or [f"{kind}_{len(self.nodes)}"]
        self.nodes.append(helper.make_node(kind, list(inputs), outputs, **attributes))
        return outputs[0]


def export_onnx(output: Path, folder: Path | str | None = None) -> Path:
    """Write the twin of the weights in a folder (default: those that ship), whole or not at all. Raises BadWeights."""
    c, tensors = dense_tensors(folder)
    g, half = _Graph(), c.head_dim // 2
    angle = np.arange(c.max_context)[:, None] * c.rope_theta ** (-np.arange(half) / half)
    cos, sin = (g.constant(n, f(angle).astype(np.float32)) for n, f in (("cos", np.cos), ("sin", np.sin)))
    split = {n: g.constant(f"heads.{n}", np.array([1, -1, n, c.head_dim])) for n in {c.heads, c.kv_heads}}
    flat, zero, one = (g.constant(n, np.array(v)) for n, v in (("flat", [1, -1, c.dim]), ("zero", 0), ("one", 1)))
    weight = {name: g.constant(name, t if t.ndim == 1 else t.T) for name, t in tensors.items() if "embed" not in name}
    table = g.constant("embedding", tensors["model.embed_tokens.weight"])

    def norm(x: str, name: str) -> str:
        return g.op("RMSNormalization", x, weight[name + ".weight"], epsilon=1e-6)

    def heads(x: str, name: str, count: int, scaled: str | None) -> str:
        y = g.op("Reshape", g.op("MatMul", x, weight[name + ".weight"]), split[count])
        y = norm(y, scaled) if scaled else y
        y = g.op("Transpose", y, perm=[0, 2, 1, 3])
        return g.op("RotaryEmbedding", y, cos, sin, positions) if scaled else y

    length = g.op("Gather", g.op("Shape", "ids"), one)
    before = g.op("Gather", g.op("Shape", "past_key.0"), g.constant("two", np.array(2)))
    places = g.op("Range", before, g.op("Add", before, length), one)
    positions = g.op("Unsqueeze", places, g.constant("axis", np.array([0])))
    slots = g.op("Range", zero, g.op("Add", before, length), one)
    mask = g.op("LessOrEqual", slots, g.op("Unsqueeze", places, g.constant("last", np.array([1]))))
    x = g.op("Gather", table, "ids")
    for i in range(c.layers):
        name = f"model.layers.{i}."
        h = norm(x, name + "input_layernorm")
        q = heads(h, name + "self_attn.q_proj", c.heads, name + "self_attn.q_norm")
        k = heads(h, name + "self_attn.k_proj", c.kv_heads, name + "self_attn.k_norm")
        v = heads(h, name + "self_attn.v_proj", c.kv_heads, None)
        y = g.op("Attention", q, k, v, mask, f"past_key.{i}", f"past_value.{i}",
                 out=[f"attention.{i}", f"key.{i}", f"value.{i}"])  # fmt: skip
        y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), flat)
        x = g.op("Add", x, g.op("MatMul", y, weight[name + "self_attn.o_proj.weight"]))
        h = norm(x, name + "post_attention_layernorm")
        gate = g.op("MatMul", h, weight[name + "mlp.gate_proj.weight"])
        gate = g.op("Mul", gate, g.op("Sigmoid", gate))
        h = g.op("Mul", gate, g.op("MatMul", h, weight[name + "mlp.up_proj.weight"]))
        x = g.op("Add", x, g.op("MatMul", h, weight[name + "mlp.down_proj.weight"]))
    g.op("MatMul", norm(x, "model.norm"), g.op("Transpose", table, perm=[1, 0]), out="logits")

    def info(name: str, *shape: int | str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    names = [f"{kind}.{i}" for i in range(c.layers) for kind in ("key", "value")]
    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "T"])
    inputs = [ids, *(info("past_" + n, 1, c.kv_heads, "P", c.head_dim) for n in names)]
    outputs = [info("logits", 1, "T", c.vocab_size), *(info(n, 1, c.kv_heads, "S", c.head_dim) for n in names)]
    graph = helper.make_graph(g.nodes, "microreason-dense", inputs, outputs, g.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    part = output.with_name(output.name + ".tmp")
    with part.open("wb") as file:
        file.write(model.SerializeToString())
        file.flush()
        os.fsync(file.fileno())
    return part.rename(output)

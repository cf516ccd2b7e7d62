"""The dense twin: the same weights without routing gates, named as in transformers' Qwen3, whose architecture it is.

Qwen3 has our parts: RMSNorm, QK-norm, rotary positions in halves, grouped queries, a gated MLP, a tied embedding.
While all gates are open the twin computes what the model computes; once gates shut it attends to more.
Does not cover writing files (gguf.py, onnx.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from microreason.model.config import ModelConfig
from microreason.tokenizer import Tokenizer
from microreason.weights_file import read_weights

_PARTS = {
    "attention_norm": "input_layernorm", "mlp_norm": "post_attention_layernorm",
    "wq": "self_attn.q_proj", "wk": "self_attn.k_proj", "wv": "self_attn.v_proj", "wo": "self_attn.o_proj",
    "q_norm": "self_attn.q_norm", "k_norm": "self_attn.k_norm",
    "w_gate": "mlp.gate_proj", "w_up": "mlp.up_proj", "w_down": "mlp.down_proj",
}  # fmt: skip


def dense_tensors(folder: Path | str | None = None) -> tuple[ModelConfig, dict[str, np.ndarray]]:
    """Configuration and float32 tensors of the twin under transformers' names. Raises BadWeights."""
    config, tensors = read_weights(folder)
    out = {"model.embed_tokens.weight": tensors["embedding.weight"], "model.norm.weight": tensors["norm.weight"]}
    for i in range(config.layers):
        for ours, theirs in _PARTS.items():
            out[f"model.layers.{i}.{theirs}.weight"] = tensors[f"blocks.{i}.{ours}.weight"]
    return config, out


def qwen3_settings(config: ModelConfig, tokenizer: Tokenizer) -> dict[str, Any]:
    """The arguments of `transformers.Qwen3Config`."""
    return {
        "vocab_size": config.vocab_size, "hidden_size": config.dim, "intermediate_size": config.ff,
        "num_hidden_layers": config.layers, "num_attention_heads": config.heads,
        "num_key_value_heads": config.kv_heads, "head_dim": config.head_dim,
        "max_position_embeddings": config.max_context, "rms_norm_eps": 1e-6, "tie_word_embeddings": True,
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rope_theta},
        "bos_token_id": None, "eos_token_id": tokenizer.end, "pad_token_id": tokenizer.end,
    }  # fmt: skip

"""The dense twin as a GGUF file (architecture qwen3), which llama.cpp runs.

The file carries tokens and merges, but llama.cpp's way of splitting a text into pieces before merging is not ours:
give it token ids (`Tokenizer.encode_problem`), not text. Matrices as Q8_0 or float32, norms in float32.
Does not cover the routing gates, which GGUF has no place for.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import gguf
from gguf.quants import quantize

from microreason.errors import BadInput
from microreason.export.dense import dense_tensors
from microreason.solution import MARKERS
from microreason.tokenizer import Tokenizer
from microreason.weights_file import tokenizer_file

_NAMES = {
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}  # fmt: skip


def _name(ours: str) -> str:
    if ours == "model.embed_tokens.weight":
        return "token_embd.weight"
    if ours == "model.norm.weight":
        return "output_norm.weight"
    _, _, layer, part = ours.removesuffix(".weight").split(".", 3)
    return f"blk.{layer}.{_NAMES[part]}.weight"


def export_gguf(output: Path, folder: Path | str | None = None, form: str = "q8_0") -> Path:
    """Write the twin of the weights in a folder (default: those that ship), whole or not at all; matrices as `form`.

    Raises BadWeights, and BadInput for a form other than q8_0 and f32.
    """
    if form not in ("q8_0", "f32"):
        raise BadInput(f"There is no form {form!r}: use q8_0 or f32.")
    config, tensors = dense_tensors(folder)
    tokenizer = Tokenizer.load(tokenizer_file(folder))
    part = output.with_name(output.name + ".tmp")
    writer = gguf.GGUFWriter(str(part), "qwen3")
    writer.add_name("MicroReason, dense twin")
    writer.add_context_length(config.max_context)
    writer.add_embedding_length(config.dim)
    writer.add_block_count(config.layers)
    writer.add_feed_forward_length(config.ff)
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.kv_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0 if form == "q8_0" else gguf.LlamaFileType.ALL_F32)
    _add_tokens(writer, tokenizer, config.vocab_size)
    for name, tensor in tensors.items():
        if tensor.ndim == 2 and form == "q8_0":
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(_name(name), quantize(tensor, kind), raw_dtype=kind)
        else:
            writer.add_tensor(_name(name), tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with part.open("rb") as file:
        os.fsync(file.fileno())
    return part.rename(output)


def _add_tokens(writer: gguf.GGUFWriter, tokenizer: Tokenizer, size: int) -> None:
    bpe = json.loads(tokenizer.to_json())
    texts = {number: text for text, number in bpe["model"]["vocab"].items()}
    kinds = dict.fromkeys(texts, gguf.TokenType.NORMAL)
    for token in bpe["added_tokens"]:
        texts[token["id"]], kinds[token["id"]] = token["content"], gguf.TokenType.USER_DEFINED
    markers = (tokenizer.problem, tokenizer.solution, tokenizer.answer, tokenizer.end)
    for number, text in zip(markers, MARKERS, strict=True):
        texts[number], kinds[number] = text, gguf.TokenType.CONTROL
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([texts.get(i, f"<|unused {i}|>") for i in range(size)])
    writer.add_token_types([kinds.get(i, gguf.TokenType.UNUSED) for i in range(size)])
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in bpe["model"]["merges"]])
    writer.add_eos_token_id(tokenizer.end)
    writer.add_add_bos_token(False)

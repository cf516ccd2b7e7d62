"""The one size dial: `nano`, `8m`, `27m`; everything else about a model is derived from its `ModelConfig`.

Does not cover training settings (training/recipe.py).
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from microreason.errors import BadWeights

Routing = Literal["off", "soft", "hard"]
SIZES: dict[str, dict[str, int]] = {
    "nano": {"dim": 128, "layers": 3, "heads": 4, "kv_heads": 2, "ff": 352},
    "8m": {"dim": 256, "layers": 8, "heads": 4, "kv_heads": 2, "ff": 704},
    "27m": {"dim": 512, "layers": 8, "heads": 8, "kv_heads": 4, "ff": 1344},
}


class ModelConfig(BaseModel):
    """Shape of a model. Frozen; unknown keys and contradictions are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vocab_size: int = Field(8192, ge=260, le=65536)
    dim: int = Field(ge=32, le=4096)
    layers: int = Field(ge=1, le=64)
    heads: int = Field(ge=1, le=64)
    kv_heads: int = Field(ge=1, le=64)
    ff: int = Field(ge=32, le=16384)
    max_context: int = Field(8192, ge=16, le=131072)
    rope_theta: float = 50_000.0
    routing: Routing = "hard"
    window: int = Field(64, ge=1)
    sinks: int = Field(4, ge=0)
    pin: tuple[int, ...] = ()
    """Ids of tokens that stay visible for good: the start of a problem, the end of its question."""
    pin_after: tuple[int, ...] = ()
    """Ids after which the next token stays visible for good: it starts a step."""

    @model_validator(mode="after")
    def _consistent(self) -> ModelConfig:
        if self.dim % self.heads or self.heads % self.kv_heads or (self.dim // self.heads) % 2:
            raise ValueError("dim must be a multiple of heads, heads of kv_heads, and the head width even")
        return self

    @classmethod
    def size(cls, name: str, **changes: Any) -> ModelConfig:
        """The configuration of a named size, with changes. Raises KeyError for an unknown size."""
        return cls(**{**SIZES[name], **changes})

    @classmethod
    def parse(cls, values: Any) -> ModelConfig:
        """From a checkpoint's JSON. Raises BadWeights naming the first key that is wrong."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "configuration"
            raise BadWeights(f"The model configuration is not valid: {where}: {first['msg']}.") from None

    @property
    def head_dim(self) -> int:
        """K, width of one head."""
        return self.dim // self.heads

    def fixed(self, ids: Any, before: Any, positions: Any) -> Any:
        """Which tokens no gate may hide: sinks and pinned tokens. ids, the ids right before them (any id for the
        first token) and positions are arrays of numpy or of torch, of one shape -> bool of that shape."""
        out = positions < self.sinks
        for token in self.pin:
            out = out | (ids == token)
        for token in self.pin_after:
            out = out | (before == token)
        return out

    def layer_parameters(self) -> int:
        """Parameters of one block: attention, gate, MLP, norms."""
        kv = self.kv_heads * self.head_dim
        attention = 2 * self.dim * self.dim + 2 * self.dim * kv + 2 * self.head_dim
        return attention + (self.dim + 1) * self.kv_heads + 3 * self.dim * self.ff + 2 * self.dim

    def parameters(self) -> int:
        """All parameters; the tied embedding counts once."""
        return self.vocab_size * self.dim + self.layers * self.layer_parameters() + self.dim

    def flops_per_token(self, context: int) -> int:
        """Forward FLOPs for one token that attends to `context` entries, output head included (2 per MAC)."""
        norms = 2 * self.head_dim + 2 * self.dim + self.kv_heads  # no products with a matrix
        matrices = self.layers * (self.layer_parameters() - norms) + self.vocab_size * self.dim
        return 2 * (matrices + self.layers * 2 * context * self.dim)

    def attention_macs(self, entries: int) -> int:
        """MACs of attention where each query head of a group reads so many key-value entries of its head."""
        return 2 * entries * self.head_dim * (self.heads // self.kv_heads)

    def kv_bytes(self, entries: int, bytes_per_number: int = 4) -> int:
        """Bytes of so many stored key-value entries of one head each."""
        return 2 * entries * self.head_dim * bytes_per_number

    def kv_bytes_per_token(self, bytes_per_entry: int = 4) -> int:
        """Bytes that one token's keys and values take in a cache that keeps it in every layer and head."""
        return self.kv_bytes(self.layers * self.kv_heads, bytes_per_entry)

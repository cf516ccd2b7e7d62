"""Growing a model in width and depth without changing what it computes, and taking the smaller one out again.

New residual channels start at zero and nothing writes to them yet; new heads and MLP units start with outputs of
zero; a new block copies the block before it with its outputs set to zero. Everything that reads is random, so that
gradients reach the new parts at once. Sources: Net2Net (arXiv 1511.05641), depth growth by stacking (2405.15319).
Does not cover when to grow (recipes).
"""

from __future__ import annotations

import torch
from torch import Tensor

from microreason.model.config import ModelConfig
from microreason.model.transformer import Transformer

_WRITES = ("wo.weight", "w_down.weight")


def grow(model: Transformer, config: ModelConfig, seed: int = 0) -> Transformer:
    """A model of a larger configuration that gives the same logits.

    Raises ValueError where the new configuration is smaller, or heads change their width or grouping.
    """
    old = model.config
    _check(old, config)
    grown = Transformer(config, seed)
    fresh, known = grown.state_dict(), model.state_dict()
    norm_scale = (old.dim / config.dim) ** 0.5
    done = set()
    for name, tensor in fresh.items():
        source = name
        copy_of_copy = False
        if name.startswith("blocks."):
            _, number, rest = name.split(".", 2)
            block = int(number) * old.layers // config.layers
            source = f"blocks.{block}.{rest}"
            copy_of_copy = source in done
            done.add(source)
        fresh[name] = _widen(name, known[source], tensor, norm_scale)
        if copy_of_copy and name.endswith(_WRITES):
            fresh[name] = torch.zeros_like(tensor)
    grown.load_state_dict(fresh)
    return grown.to(next(model.parameters()).device)


def shrink(model: Transformer, config: ModelConfig) -> Transformer:
    """The smaller model that `grow` started from; what training has put into the added parts is lost.

    Raises ValueError where `grow` could not have made `model` from that configuration.
    """
    large = model.config
    _check(config, large)
    small, known = Transformer(config), model.state_dict()
    tensors = small.state_dict()
    norm_scale = (large.dim / config.dim) ** 0.5
    for name, tensor in tensors.items():
        source = name
        if name.startswith("blocks."):
            _, number, rest = name.split(".", 2)
            source = f"blocks.{-(-int(number) * large.layers // config.layers)}.{rest}"
        scale = norm_scale if _is_wide_norm(name, known[source], tensor) else 1.0
        tensors[name] = known[source][tuple(slice(n) for n in tensor.shape)] * scale
    small.load_state_dict(tensors)
    return small.to(next(model.parameters()).device)


def _check(small: ModelConfig, large: ModelConfig) -> None:
    shrinks = any(getattr(large, k) < getattr(small, k) for k in ("dim", "layers", "heads", "kv_heads", "ff"))
    if shrinks or large.head_dim != small.head_dim or large.heads * small.kv_heads != small.heads * large.kv_heads:
        raise ValueError(f"cannot grow {small} to {large}")


def _is_wide_norm(name: str, old: Tensor, new: Tensor) -> bool:
    """Whether a norm's mean square is over more channels in one of the two."""
    return old.ndim == 1 and old.shape != new.shape and name.endswith("norm.weight")


def _widen(name: str, old: Tensor, new: Tensor, norm_scale: float) -> Tensor:
    """`old` in the first rows and columns of a tensor shaped like `new`."""
    if old.shape == new.shape:
        return old.clone()
    out = torch.zeros_like(new) if name.endswith(_WRITES) or name.startswith("embedding") else new.clone()
    out[tuple(slice(n) for n in old.shape)] = old
    if _is_wide_norm(name, old, new):
        out *= norm_scale
    return out

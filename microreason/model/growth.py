"""Growing a model in width and depth without changing what it computes.

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
    shrinks = any(getattr(config, k) < getattr(old, k) for k in ("dim", "layers", "heads", "kv_heads", "ff"))
    if shrinks or config.head_dim != old.head_dim or config.heads * old.kv_heads != old.heads * config.kv_heads:
        raise ValueError(f"cannot grow {old} to {config}")
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


def _widen(name: str, old: Tensor, new: Tensor, norm_scale: float) -> Tensor:
    """`old` in the first rows and columns of a tensor shaped like `new`."""
    if old.shape == new.shape:
        return old.clone()
    out = torch.zeros_like(new) if name.endswith(_WRITES) or name.startswith("embedding") else new.clone()
    out[tuple(slice(n) for n in old.shape)] = old
    if old.ndim == 1 and name.endswith("norm.weight"):  # the mean square is now over more channels
        out *= norm_scale
    return out

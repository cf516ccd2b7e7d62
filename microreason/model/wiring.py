"""A start that can copy: previous-token heads and induction heads, wired into a fresh model.

Copying what followed the same token before ("induction", Olsson et al. 2022, arXiv 2209.11895) underlies most of our
paths, and a network with few steps to learn in may never find it by itself: the two heads help only together. As in
mimetic initialisation (Trockman and Kolter 2023, arXiv 2305.09828) the weights are set so that it works from the
first step; training changes them like any others. The architecture is untouched.

Shapes: D model width, K head width. In block 0 two key-value heads attend one and two tokens back (their queries and
keys read a direction u that all embeddings share, with rotary phases that meet there) and write a projection of that
token. In block 1 one head finds places whose token before equals the present token, another those where the last
two agree, and both copy the token there. Does not cover heads that look further back.
"""

from __future__ import annotations

import torch
from torch import Tensor

from microreason.model.transformer import Transformer


def _orthonormal(rows: int, columns: int, generator: torch.Generator, against: Tensor) -> Tensor:
    """[rows, columns] with orthonormal rows, all orthogonal to the rows of `against`."""
    noise = torch.randn(columns, rows, generator=generator)
    q, _ = torch.linalg.qr(torch.cat((against.T, noise), 1))
    return q[:, len(against) :].T[:rows]


@torch.no_grad()
def wire_induction(model: Transformer, seed: int = 0, gain: float = 3.0) -> None:
    """Set parts of a fresh model's embedding, block 0 and block 1.

    Raises ValueError for a model of fewer than two blocks or two key-value heads.
    """
    c = model.config
    if c.layers < 2 or c.kv_heads < 2:
        raise ValueError("induction takes two blocks and two key-value heads")
    generator = torch.Generator().manual_seed(seed)
    d, k, groups = c.dim, c.head_dim, c.heads // c.kv_heads
    embedding = model.embedding.weight
    embedding.mul_(4.0)  # large enough that a copied token stands out among the logits of a tied head
    size = float(embedding.norm(dim=1).mean())
    u = torch.full((1, d), d**-0.5)
    embedding.add_((size - embedding @ u.T) * u)

    half = torch.arange(k // 2)
    frequency = c.rope_theta ** (-half / (k // 2))
    weight = torch.exp(-half / 3.0)
    slow = torch.nonzero(frequency < 1 / 200)[:, 0]
    dims = torch.cat((slow, slow + k // 2))
    far = dims[1::2]
    match = _orthonormal(len(dims), d, generator, u)
    known = torch.cat((u, match))
    writes = []
    first, second = model.blocks[0], model.blocks[1]
    scale = gain * size * d**-0.5 / groups  # a read of the normalised stream has about sqrt(d) of length
    for back in (1, 2):  # heads of block 0 that look one and two tokens back
        head = slice((back - 1) * k, back * k)
        rest = _orthonormal(k - len(dims), d, generator, known)
        write = _orthonormal(k, d, generator, known)
        known = torch.cat((known, write))
        writes.append(write)
        angle = back * frequency
        first.wk.weight[head] = torch.outer(torch.cat((weight * angle.cos(), weight * angle.sin())), u[0])
        first.wv.weight[head] = torch.cat((match, rest))
        for q in range((back - 1) * groups, back * groups):
            first.wq.weight[q * k : (q + 1) * k] = torch.outer(torch.cat((weight, torch.zeros(k // 2))), u[0])
            first.wo.weight[:, q * k : (q + 1) * k] = write.T * scale
    one, two = (write[: len(dims)] for write in writes)
    for two_back in (0, 1):  # heads of block 1 that match one token, and two
        keys, queries = torch.zeros(k, d), torch.zeros(k, d)
        keys[dims], queries[dims] = one, match
        if two_back:
            keys[far], queries[far] = two[1::2], one[1::2]
        copied = _orthonormal(k, d, generator, u)
        second.wk.weight[two_back * k : (two_back + 1) * k] = keys
        second.wv.weight[two_back * k : (two_back + 1) * k] = copied
        for q in range(two_back * groups, (two_back + 1) * groups):
            second.wq.weight[q * k : (q + 1) * k] = queries
            second.wo.weight[:, q * k : (q + 1) * k] = copied.T * scale
    for block in (first, second):
        block.q_norm.weight.fill_(1.4)
        block.k_norm.weight.fill_(1.4)


_HELD = ("attention_norm.weight", "wq.weight", "wk.weight", "wv.weight", "wo.weight", "q_norm.weight", "k_norm.weight")


class Hold:
    """Keeps the wired attention of blocks 0 and 1 and the shared direction of the embeddings as they were wired, and
    the MLP of block 0 silent, so that block 1 reads tokens and the tokens before them and nothing else.

    The first steps of a training are large and would erase the wiring before anything makes use of it; `apply` after
    each of them puts it back.
    """

    def __init__(self, model: Transformer, seed: int) -> None:
        fresh = Transformer(model.config, seed)
        wire_induction(fresh, seed)
        there = model.state_dict()
        self._pairs = [
            (there[f"blocks.{i}.{name}"], fresh.blocks[i].get_parameter(name).detach().to(there["norm.weight"].device))
            for i in (0, 1)
            for name in _HELD
        ]
        self._pairs.append((there["blocks.0.w_down.weight"], fresh.blocks[0].w_down.weight.detach()))
        self._embedding = there["embedding.weight"]
        self._size = float(fresh.embedding.weight.detach().sum(1).mean())

    @torch.no_grad()
    def apply(self) -> None:
        """Restore what is held."""
        for tensor, value in self._pairs:
            tensor.copy_(value)
        self._embedding.add_((self._size - self._embedding.sum(1, keepdim=True)) / self._embedding.shape[1])

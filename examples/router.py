"""Dynamic attention routing in a model of your own: ten lines that train. python examples/router.py"""

import torch

from microreason.model.routing import DynamicAttentionRouter

torch.manual_seed(0)
embed, qkv, out = torch.nn.Embedding(16, 32), torch.nn.Linear(32, 96), torch.nn.Linear(32, 16)
router = DynamicAttentionRouter(32, num_heads=2, window=8)
optimizer = torch.optim.Adam([p for m in (embed, qkv, out, router) for p in m.parameters()], 0.01)
for step in range(151):
    ids = torch.randint(0, 16, (8, 1)) + torch.arange(65) * 3  # count in threes
    x = embed(ids[:, :-1] % 16)
    q, k, v = qkv(x).view(8, 64, 3, 2, 16).permute(2, 0, 3, 1, 4)
    z = router(x)
    y = router.attend(q, k, v, z).transpose(1, 2).reshape(8, 64, 32)
    loss = torch.nn.functional.cross_entropy(out(x + y).flatten(0, 1), ids[:, 1:].flatten() % 16)
    (loss + 4 * (router.share(z) - 0.4).relu()).backward()
    optimizer.step()
    optimizer.zero_grad()
    if step in (0, 150):
        print(f"loss {loss.item():.3f} share {router.share(z).item():.3f}")

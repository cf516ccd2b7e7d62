"""Losses: the chunked output head against plain cross-entropy."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from microreason.data.packing import IGNORE
from microreason.model.config import ModelConfig
from microreason.model.transformer import Transformer
from microreason.training.losses import Wanted, solution_loss


@pytest.mark.parametrize("wanted", [0, 7, 700])
def test_the_loss_and_its_gradients_equal_plain_cross_entropy(wanted):
    model = Transformer(ModelConfig.size("nano", routing="off"), seed=1)
    generator = torch.Generator().manual_seed(wanted)
    hidden = torch.randn(2, 400, 128, generator=generator).requires_grad_()
    targets = np.full(800, IGNORE)
    targets[np.random.default_rng(0).permutation(800)[:wanted]] = 17
    targets = targets.reshape(2, 400)
    plain = F.cross_entropy(model.logits(hidden).flatten(0, 1), torch.from_numpy(targets).flatten(), reduction="sum")
    target = Wanted.of(targets, hidden.device)
    found, each = solution_loss(model, hidden.flatten(0, 1)[target.places], target)
    torch.testing.assert_close(found, plain)
    torch.testing.assert_close(each[: target.number].sum(), plain)
    gradients = [torch.autograd.grad(3 * loss, (hidden, model.embedding.weight)) for loss in (found, plain)]
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-4)

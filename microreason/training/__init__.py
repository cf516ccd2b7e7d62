"""Training: the three stages, their loop, optimisers, losses and checkpoints."""

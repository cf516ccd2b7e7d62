"""Tasks that find a rule for grids of colours from examples and apply it."""

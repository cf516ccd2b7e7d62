"""Tasks of the category logic."""

"""Tasks of the category games."""

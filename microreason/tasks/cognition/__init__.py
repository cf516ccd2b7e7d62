"""Tasks of the category cognition."""

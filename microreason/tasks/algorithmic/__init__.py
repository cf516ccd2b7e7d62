"""Tasks of the category algorithmic."""

"""Tasks about reading programs."""

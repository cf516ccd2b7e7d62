"""Tasks of the category geometry."""

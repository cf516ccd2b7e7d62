"""Tasks of the category arithmetic."""

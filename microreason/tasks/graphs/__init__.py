"""Tasks of the category graphs."""

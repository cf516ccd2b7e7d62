"""Tasks of the category algebra."""

"""Tasks of the category induction."""

"""Finding the first wrong step of somebody's solution, and mending it."""

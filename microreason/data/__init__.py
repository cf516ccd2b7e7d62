"""Training data: documents from tasks, packing."""

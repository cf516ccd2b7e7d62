"""The model in the formats of others: dense.py (the dense twin), gguf.py, onnx.py."""

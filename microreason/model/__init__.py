"""The network: config.py (shapes, no torch), transformer.py, routing.py."""

from microreason.model.config import SIZES, ModelConfig

__all__ = ["SIZES", "ModelConfig"]

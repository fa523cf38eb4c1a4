"""Networks and their pretrained weights."""

from vision.architectures.built import Built, build_architecture

__all__ = ["Built", "build_architecture"]

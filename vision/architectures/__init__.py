"""Networks and their pretrained weights."""

from vision.architectures.built import Built, build_architecture, build_to_load

__all__ = ["Built", "build_architecture", "build_to_load"]

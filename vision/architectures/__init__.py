"""Networks and their pretrained weights."""

from vision.interpreter import import_torchvision

import_torchvision()

from vision.architectures.built import Built, build_architecture  # noqa: E402  it would import torchvision whole

__all__ = ["Built", "build_architecture"]

"""A network that names images, small enough for many runs in one test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from vision.architectures.built import Built
from vision.catalog.architectures import ARCHITECTURES, ArchitectureInfo, PretrainedInfo
from vision.catalog.task_types import CLASSIFICATION_TASKS

NAME = "tiny_names"
WEIGHTS = "tiny_names.safetensors"


class TinyNamer(nn.Module):
    """Two convolutions and a linear layer."""

    def __init__(self, label_count: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU())
        self.context = nn.Sequential(nn.Conv2d(8, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 8, 3, 1, 1), nn.ReLU())
        self.classes = nn.Linear(8, label_count)
        self.is_recomputing = False

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        self.is_recomputing = enable

    def forward(self, images: Tensor) -> Tensor:
        features = self.body(images)
        if self.is_recomputing and self.training:
            features = checkpoint(self.context, features, use_reentrant=False)
        else:
            features = self.context(features)
        logits: Tensor = self.classes(features.mean(dim=(2, 3)))
        return logits


def build_tiny_namer(label_count: int, options: Mapping[str, Any]) -> Built:
    module = TinyNamer(label_count)
    groups = [["body"], ["context"]]
    return Built(module, (0.5, 0.4, 0.3), (0.2, 0.2, 0.2), "bilinear", groups, "context", False, ("classes",))


INFO = ArchitectureInfo(
    name=NAME,
    title=NAME,
    family="mobilenet",
    task_types=CLASSIFICATION_TASKS,
    builder="tests.vision.training.namers:build_tiny_namer",
    pretrained=PretrainedInfo((WEIGHTS,), ""),
    parameters_millions=0.1,
    size_mb=1,
    cpu_images_per_second=1000,
    character="",
    max_layers_to_freeze=2,
)


@contextmanager
def registered() -> Iterator[None]:
    """The catalogue with the tiny network in it."""
    ARCHITECTURES._entries[NAME] = INFO
    try:
        yield
    finally:
        del ARCHITECTURES._entries[NAME]

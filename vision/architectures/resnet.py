"""Residual networks with torchvision's keys. Source: He et al., Deep Residual Learning, CVPR 2016."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torchvision.models import ResNet18_Weights, resnet18

from vision.architectures.built import IMAGENET_MEAN, IMAGENET_STD, Built
from vision.architectures.download import OnProgress, download_file


def build_resnet18(num_classes: int, options: Mapping[str, Any]) -> Built:
    """ResNet with 18 layers."""
    return Built(
        module=resnet18(weights=None, num_classes=num_classes),
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        interpolation="bilinear",
        freeze_groups=[["conv1", "bn1"], ["layer1"], ["layer2"], ["layer3"], ["layer4"]],
        cam_layer="layer4",
        is_transformer=False,
        heads=("fc",),
    )


def download_resnet18(folder: Path, on_progress: OnProgress) -> Path:
    """torchvision's ImageNet-1k weights."""
    return download_file(ResNet18_Weights.IMAGENET1K_V1.url, folder, on_progress)

"""Residual networks with torchvision's keys. Source: He et al., Deep Residual Learning, CVPR 2016."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torchvision.models import get_model, get_model_weights

from vision.architectures.built import IMAGENET_MEAN, IMAGENET_STD, Built
from vision.architectures.download import download_file
from vision.catalog.weights_lookup import OnProgress

FREEZE_GROUPS = (("conv1", "bn1"), ("layer1",), ("layer2",), ("layer3",), ("layer4",))


def build_resnet(network: str, num_classes: int, options: Mapping[str, Any]) -> Built:
    """ResNet of the depth that `network` names: resnet18, 34, 50, 101 or 152."""
    return Built(
        module=get_model(network, weights=None, num_classes=num_classes),
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        interpolation="bilinear",
        freeze_groups=[list(group) for group in FREEZE_GROUPS],
        cam_layer="layer4",
        is_transformer=False,
        heads=("fc",),
    )


def download_resnet(network: str, folder: Path, on_progress: OnProgress) -> Path:
    """torchvision's ImageNet-1k weights (version 1, the ones fine-tuned from most)."""
    return download_file(get_model_weights(network)["IMAGENET1K_V1"].url, folder, on_progress)

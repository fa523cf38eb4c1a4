"""MobileNetV2 with torchvision's keys. Source: Sandler et al., MobileNetV2, CVPR 2018."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torchvision.models import MobileNet_V2_Weights, mobilenet_v2

from vision.architectures.built import IMAGENET_MEAN, IMAGENET_STD, Built
from vision.architectures.download import download_file
from vision.catalog.weights_lookup import OnProgress


def build_mobilenetv2(num_classes: int, options: Mapping[str, Any]) -> Built:
    """MobileNetV2, width 1.0."""
    module = mobilenet_v2(weights=None, num_classes=num_classes)
    return Built(
        module=module,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        interpolation="bilinear",
        freeze_groups=[[f"features.{index}"] for index in range(19)],
        cam_layer="features.18",
        is_transformer=False,
        heads=("classifier.1",),
    )


def download_mobilenetv2(folder: Path, on_progress: OnProgress) -> Path:
    """torchvision's ImageNet-1k weights (version 1, the ones fine-tuned from most)."""
    return download_file(MobileNet_V2_Weights.IMAGENET1K_V1.url, folder, on_progress)

"""The published files these networks start from: COCO's where there is one, else ImageNet's for the backbone."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from torchvision.models import (
    ResNet18_Weights,
    ResNet34_Weights,
    ResNet101_Weights,
    ResNet152_Weights,
    WeightsEnum,
)
from torchvision.models.detection import (
    FasterRCNN_ResNet50_FPN_Weights,
    MaskRCNN_ResNet50_FPN_Weights,
    RetinaNet_ResNet50_FPN_Weights,
)

from vision.architectures.download import OnProgress, download_file


def _download(weights: WeightsEnum, folder: Path, on_progress: OnProgress) -> Path:
    return download_file(weights.url, folder, on_progress)


download_fasterrcnn_resnet50_fpn = partial(_download, FasterRCNN_ResNet50_FPN_Weights.COCO_V1)
download_maskrcnn_resnet50_fpn = partial(_download, MaskRCNN_ResNet50_FPN_Weights.COCO_V1)
download_retinanet_resnet50_fpn = partial(_download, RetinaNet_ResNet50_FPN_Weights.COCO_V1)
# Version 1: what torchvision's own detectors start from.
download_resnet18 = partial(_download, ResNet18_Weights.IMAGENET1K_V1)
download_resnet34 = partial(_download, ResNet34_Weights.IMAGENET1K_V1)
download_resnet101 = partial(_download, ResNet101_Weights.IMAGENET1K_V1)
download_resnet152 = partial(_download, ResNet152_Weights.IMAGENET1K_V1)

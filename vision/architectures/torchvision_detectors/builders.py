"""The builders that the catalogue names. `network` is the residual network they stand on, as torchvision calls it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torchvision.models.detection import (
    FasterRCNN,
    FasterRCNN_ResNet50_FPN_Weights,
    MaskRCNN,
    MaskRCNN_ResNet50_FPN_Weights,
    RetinaNet_ResNet50_FPN_Weights,
)

from vision.architectures.built import IMAGENET_MEAN, IMAGENET_STD, Built
from vision.architectures.detection import DetectionNetwork
from vision.architectures.download import download_file
from vision.architectures.torchvision_detectors.backbone import (
    FREEZE_GROUPS,
    is_from_scratch,
    make_backbone,
    make_deep_backbone,
)
from vision.architectures.torchvision_detectors.focal import FocalNetwork
from vision.architectures.torchvision_detectors.proposals import choose_proposals
from vision.architectures.torchvision_detectors.regions import RegionNetwork
from vision.architectures.torchvision_detectors.start import read_start
from vision.catalog.weights_lookup import OnProgress


def build_faster_rcnn(network: str, num_classes: int, options: Mapping[str, Any]) -> Built:
    """Faster R-CNN; `options`: `pretrained` and `proposals`."""
    proposals = choose_proposals(options).as_arguments()
    module = FasterRCNN(make_backbone(network, options), num_classes + 1, **proposals)
    return _describe(RegionNetwork(module), ("roi_heads.box_predictor",))


def build_mask_rcnn(network: str, num_classes: int, options: Mapping[str, Any]) -> Built:
    """Mask R-CNN; `options`: `pretrained` and `proposals`."""
    proposals = choose_proposals(options).as_arguments()
    module = MaskRCNN(make_backbone(network, options), num_classes + 1, **proposals)
    heads = ("roi_heads.box_predictor", "roi_heads.mask_predictor.mask_fcn_logits")
    return _describe(RegionNetwork(module), heads)


def build_retinanet(network: str, num_classes: int, options: Mapping[str, Any]) -> Built:
    """RetinaNet; `options`: `pretrained`."""
    module = FocalNetwork(make_deep_backbone(network, options), num_classes, is_from_scratch(options))
    return _describe(module, ("head.classification_head.cls_logits",))


def download_faster_rcnn(network: str, folder: Path, on_progress: OnProgress) -> Path:
    """torchvision's COCO weights, of which there are some for resnet50 alone; likewise below."""
    return download_file(FasterRCNN_ResNet50_FPN_Weights.COCO_V1.url, folder, on_progress)


def download_mask_rcnn(network: str, folder: Path, on_progress: OnProgress) -> Path:
    return download_file(MaskRCNN_ResNet50_FPN_Weights.COCO_V1.url, folder, on_progress)


def download_retinanet(network: str, folder: Path, on_progress: OnProgress) -> Path:
    return download_file(RetinaNet_ResNet50_FPN_Weights.COCO_V1.url, folder, on_progress)


def _describe(module: DetectionNetwork, heads: tuple[str, ...]) -> Built:
    return Built(
        module=module,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        interpolation="bilinear",
        freeze_groups=[list(group) for group in FREEZE_GROUPS],
        cam_layer=None,
        is_transformer=False,
        heads=heads,
        read_start=read_start,
        is_channels_first=True,  # pooling of regions takes them so; measured: Faster R-CNN 1.05 to 1.15 times as fast
    )

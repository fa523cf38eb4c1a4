"""The builders that the catalogue names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from torchvision.models.detection import FasterRCNN, MaskRCNN

from vision.architectures.built import IMAGENET_MEAN, IMAGENET_STD, Built
from vision.architectures.detection import DetectionNetwork
from vision.architectures.torchvision_detectors.backbone import FREEZE_GROUPS, make_backbone, make_deep_backbone
from vision.architectures.torchvision_detectors.focal import FocalNetwork
from vision.architectures.torchvision_detectors.proposals import choose_proposals
from vision.architectures.torchvision_detectors.regions import RegionNetwork
from vision.architectures.torchvision_detectors.start import read_start


def _build_faster_rcnn(depth: int, num_classes: int, options: Mapping[str, Any]) -> Built:
    proposals = choose_proposals(options).as_arguments()
    network = FasterRCNN(make_backbone(depth, options), num_classes + 1, **proposals)
    return _describe(RegionNetwork(network), ("roi_heads.box_predictor",))


def _build_mask_rcnn(depth: int, num_classes: int, options: Mapping[str, Any]) -> Built:
    proposals = choose_proposals(options).as_arguments()
    network = MaskRCNN(make_backbone(depth, options), num_classes + 1, **proposals)
    heads = ("roi_heads.box_predictor", "roi_heads.mask_predictor.mask_fcn_logits")
    return _describe(RegionNetwork(network), heads)


def _build_retinanet(depth: int, num_classes: int, options: Mapping[str, Any]) -> Built:
    network = FocalNetwork(make_deep_backbone(depth, options), num_classes)
    return _describe(network, ("head.classification_head.cls_logits",))


def _describe(network: DetectionNetwork, heads: tuple[str, ...]) -> Built:
    return Built(
        module=network,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        interpolation="bilinear",
        freeze_groups=[list(group) for group in FREEZE_GROUPS],
        cam_layer=None,
        is_transformer=False,
        heads=heads,
        read_start=read_start,
    )


build_fasterrcnn_resnet18_fpn = partial(_build_faster_rcnn, 18)
build_fasterrcnn_resnet34_fpn = partial(_build_faster_rcnn, 34)
build_fasterrcnn_resnet50_fpn = partial(_build_faster_rcnn, 50)
build_fasterrcnn_resnet101_fpn = partial(_build_faster_rcnn, 101)
build_fasterrcnn_resnet152_fpn = partial(_build_faster_rcnn, 152)
build_maskrcnn_resnet18_fpn = partial(_build_mask_rcnn, 18)
build_maskrcnn_resnet34_fpn = partial(_build_mask_rcnn, 34)
build_maskrcnn_resnet50_fpn = partial(_build_mask_rcnn, 50)
build_maskrcnn_resnet101_fpn = partial(_build_mask_rcnn, 101)
build_maskrcnn_resnet152_fpn = partial(_build_mask_rcnn, 152)
build_retinanet_resnet50_fpn = partial(_build_retinanet, 50)

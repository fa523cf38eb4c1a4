"""The networks of instance segmentation."""

from __future__ import annotations

from vision.catalog.architectures.hub import HUB_SEGMENTERS
from vision.catalog.architectures.info import ArchitectureInfo
from vision.catalog.architectures.torchvision_detectors import MASK_RCNNS
from vision.catalog.architectures.yolov5 import YOLOV5_SEG

SEGMENTERS: tuple[ArchitectureInfo, ...] = (YOLOV5_SEG, *MASK_RCNNS, *HUB_SEGMENTERS)

"""The networks of object detection."""

from __future__ import annotations

from vision.catalog.architectures.hub import HUB_DETECTORS
from vision.catalog.architectures.info import ArchitectureInfo
from vision.catalog.architectures.torchvision_detectors import FASTER_RCNNS, RETINANETS
from vision.catalog.architectures.yolov5 import YOLOV5

DETECTORS: tuple[ArchitectureInfo, ...] = (YOLOV5, *FASTER_RCNNS, *RETINANETS, *HUB_DETECTORS)

"""The networks of instance segmentation."""

from __future__ import annotations

from vision.catalog.architectures.info import ArchitectureInfo
from vision.catalog.architectures.torchvision_detectors import MASK_RCNNS

SEGMENTERS: tuple[ArchitectureInfo, ...] = MASK_RCNNS

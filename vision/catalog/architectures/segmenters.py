"""The networks of instance segmentation."""

from __future__ import annotations

from vision.catalog.architectures.info import ArchitectureInfo

SEGMENTERS: tuple[ArchitectureInfo, ...] = ()

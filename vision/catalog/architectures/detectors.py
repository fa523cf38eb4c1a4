"""The networks of object detection."""

from __future__ import annotations

from vision.catalog.architectures.info import ArchitectureInfo

DETECTORS: tuple[ArchitectureInfo, ...] = ()

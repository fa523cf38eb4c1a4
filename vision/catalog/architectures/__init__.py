"""The architectures a job may name: one frozen entry each, the builder resolved on first use.

Adding an architecture is one entry here and one builder under `vision/architectures/`.
"""

from __future__ import annotations

from vision.catalog.architectures.classifiers import CLASSIFIERS
from vision.catalog.architectures.detectors import DETECTORS
from vision.catalog.architectures.info import ArchitectureInfo, PretrainedInfo
from vision.catalog.architectures.segmenters import SEGMENTERS
from vision.registry import Registry

__all__ = ["ARCHITECTURES", "ArchitectureInfo", "PretrainedInfo", "list_architectures"]

ARCHITECTURES: Registry[ArchitectureInfo] = Registry("architecture", [*CLASSIFIERS, *DETECTORS, *SEGMENTERS])


def list_architectures(task_type: str) -> list[ArchitectureInfo]:
    """The architectures that train this task type, lightest first as listed."""
    return [info for info in ARCHITECTURES if task_type in info.task_types]

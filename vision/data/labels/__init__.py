"""Label cells: from whatever an upload says to their one canonical form, one reader a task type (SPEC §2.1).

`LABEL_READERS[task_type](cell, limits)` repairs what is certain, says so, and refuses the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vision.catalog.task_types import TaskType
from vision.data.labels.base import UNLABELLED, InvalidLabelError, LabelCell, to_values
from vision.data.labels.classes import read_class_name, read_class_names
from vision.data.labels.guessing import guess_task_type
from vision.data.labels.objects import BoxObject, read_boxes
from vision.data.labels.polygons import PolygonObject, read_polygons
from vision.data.limits import ImportLimits

LABEL_READERS: dict[str, Callable[[Any, ImportLimits], LabelCell]] = {
    TaskType.CLASSIFICATION: read_class_name,
    TaskType.MULTILABEL: read_class_names,
    TaskType.DETECTION: read_boxes,
    TaskType.SEGMENTATION: read_polygons,
}
LABEL_TYPES: dict[str, Any] = {
    TaskType.CLASSIFICATION: str,
    TaskType.MULTILABEL: list[str],
    TaskType.DETECTION: list[BoxObject],
    TaskType.SEGMENTATION: list[PolygonObject],
}
"""What a cell that is written as Azure writes it may be decoded to at once; its reader takes it as it takes values."""

__all__ = [
    "LABEL_READERS",
    "LABEL_TYPES",
    "UNLABELLED",
    "InvalidLabelError",
    "LabelCell",
    "guess_task_type",
    "to_values",
]

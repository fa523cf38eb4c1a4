"""Label cells: from whatever an upload says to their one canonical form, one reader a task type (SPEC §2.1).

`LABEL_READERS[task_type](cell, limits)` repairs what is certain, says so, and refuses the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vision.catalog.task_types import TaskType
from vision.data.labels.base import UNLABELLED, InvalidLabelError, LabelCell
from vision.data.labels.classes import read_class_name, read_class_names
from vision.data.labels.guessing import guess_task_type
from vision.data.labels.objects import read_boxes
from vision.data.labels.polygons import read_polygons
from vision.data.limits import ImportLimits

LABEL_READERS: dict[str, Callable[[Any, ImportLimits], LabelCell]] = {
    TaskType.CLASSIFICATION: read_class_name,
    TaskType.MULTILABEL: read_class_names,
    TaskType.DETECTION: read_boxes,
    TaskType.SEGMENTATION: read_polygons,
}

__all__ = ["LABEL_READERS", "UNLABELLED", "InvalidLabelError", "LabelCell", "guess_task_type"]

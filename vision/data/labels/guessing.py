"""What task type a label cell was written for."""

from __future__ import annotations

from typing import Any

from vision.catalog.task_types import TaskType


def guess_task_type(cell: Any) -> str:
    """The task type whose label cells look like this one, "" where none does."""
    if isinstance(cell, (str, int, float)) and not isinstance(cell, bool):
        return TaskType.CLASSIFICATION
    if not isinstance(cell, (list, dict)):
        return ""
    first = cell if isinstance(cell, dict) else cell[0] if cell else None
    if isinstance(first, dict):
        return TaskType.SEGMENTATION if first.get("polygon") else TaskType.DETECTION
    return TaskType.MULTILABEL if isinstance(first, str) else ""

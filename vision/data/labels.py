"""Reading the label cell of a row, one reader a task type."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vision.catalog.task_types import TASK_TYPES, TaskType
from vision.data.limits import ImportLimits


@dataclass(frozen=True)
class LabelCell:
    """A label cell understood: its class names, its canonical JSON, and what was repaired ("" if nothing)."""

    labels: tuple[str, ...]
    annotation: str
    repair: str = ""


class InvalidLabelError(ValueError):
    """A label cell that cannot be understood. `str()` says what is wrong."""


def read_class_name(value: Any, limits: ImportLimits) -> LabelCell:
    """Multi-class: one class name. A number or a list of one name is repaired.

    Raises:
        InvalidLabelError: no name, several, or one that is no text.
    """
    repair = ""
    if isinstance(value, list) and len(value) == 1:
        value, repair = value[0], "A list of one name was taken as the name."
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value, repair = str(value), f"The number {value} was taken as the name {str(value)!r}."
    if not isinstance(value, str):
        raise InvalidLabelError(f"A multi-class label is one class name, not {_describe(value)}.")
    return LabelCell((check_name(value, limits),), json.dumps(value, ensure_ascii=False), repair)


def check_name(name: str, limits: ImportLimits) -> str:
    """The class name, unchanged.

    Raises:
        InvalidLabelError: empty, too long, or holding characters no page can show.
    """
    if not name.strip():
        raise InvalidLabelError("The label is empty.")
    if len(name) > limits.max_label_length:
        raise InvalidLabelError(f"The label has {len(name)} characters; {limits.max_label_length} are allowed.")
    if any(ord(letter) < 32 or 0xD800 <= ord(letter) < 0xE000 for letter in name):
        raise InvalidLabelError("The label holds control characters.")
    return name


LABEL_READERS: dict[str, Callable[[Any, ImportLimits], LabelCell]] = {TaskType.CLASSIFICATION: read_class_name}


def guess_task_type(value: Any) -> str:
    """The task type whose label cells look like this one, "" where none does."""
    if isinstance(value, (str, int, float)):
        return TaskType.CLASSIFICATION
    if not isinstance(value, (list, dict)):
        return ""
    first = value if isinstance(value, dict) else value[0] if value else None
    if isinstance(first, dict):
        return TaskType.SEGMENTATION if "polygon" in first else TaskType.DETECTION
    return TaskType.MULTILABEL if isinstance(first, str) else ""


def _describe(value: Any) -> str:
    if value is None:
        return "null"
    guess = guess_task_type(value)
    if guess:
        return f"the shape of {TASK_TYPES.get(guess).title.lower()}"
    return {dict: "an object", list: "a list", bool: "true or false"}.get(type(value), type(value).__name__)

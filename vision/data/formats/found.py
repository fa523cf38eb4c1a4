"""Objects as readers of boxes and outlines find them, and the label cell they make for each task type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vision.catalog.task_types import TaskType

Box = tuple[float, float, float, float]
"""left, top, right, bottom in 0–1."""


@dataclass(frozen=True, slots=True)
class FoundObject:
    """One object of an image; `box` or `rings` (`[x1, y1, x2, y2, …]` each), or both, in 0–1 of the upright image."""

    name: str
    box: Box | None = None
    rings: tuple[list[float], ...] = ()
    is_crowd: bool = False


def to_cell(objects: Sequence[FoundObject], task_type: str) -> Any:
    """The label cell of an image somebody looked at, `[]` where nothing is on it.

    For detection an outline becomes its box, for segmentation a box its rectangle, for the classifications what is on
    the image is named: several names are no multi-class label, and the cell's reader says so.
    """
    if task_type == TaskType.DETECTION:
        return [_to_box(one) for one in objects]
    if task_type == TaskType.SEGMENTATION:
        return [_to_polygon(one) for one in objects]
    return to_names_cell(list(dict.fromkeys(one.name for one in objects)), task_type)


def to_names_cell(names: list[str], task_type: str) -> Any:
    """The cell of a classification task for an image with these names; none and multi-class: nobody labelled it."""
    if task_type == TaskType.MULTILABEL:
        return names
    return names[0] if len(names) == 1 else names or None


def to_rectangle(box: Box) -> list[float]:
    """The ring around a box, clockwise from its top left corner."""
    left, top, right, bottom = box
    return [left, top, right, top, right, bottom, left, bottom]


def enclose(rings: Sequence[Sequence[float]]) -> Box:
    """The smallest box around all rings, which have a point at least."""
    x = [value for ring in rings for value in ring[::2]]
    y = [value for ring in rings for value in ring[1::2]]
    return min(x), min(y), max(x), max(y)


def _to_box(one: FoundObject) -> dict[str, Any]:
    left, top, right, bottom = one.box or enclose(one.rings)
    corners = {"topX": left, "topY": top, "bottomX": right, "bottomY": bottom}
    return {"label": one.name, **corners, "isCrowd": int(one.is_crowd)}


def _to_polygon(one: FoundObject) -> dict[str, Any]:
    rings = list(one.rings) or [to_rectangle(one.box or (0, 0, 0, 0))]
    return {"label": one.name, "isCrowd": int(one.is_crowd), "polygon": rings}

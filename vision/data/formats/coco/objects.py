"""One annotation of COCO as an object in 0–1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from vision.catalog.task_types import TaskType
from vision.data.formats.found import Box, FoundObject, to_rectangle
from vision.data.geometry import Frame
from vision.data.images import MAX_PIXELS
from vision.data.labels import InvalidLabelError
from vision.data.labels.objects import PIXELS, read_crowd
from vision.data.masks import InvalidMaskError, Runs, read_runs, trace_mask

_MAX_WORK = 20 * MAX_PIXELS  # pixels of all masks of one image that are looked at; honest ones have a hundredth
_LEAST = 6  # numbers of a ring: three points
_OFF_BY = 1  # px; tools that scale images round either way


class InvalidAnnotationError(ValueError):
    """An annotation that cannot be used. `str()` says why, as what follows "Annotation 7"; `code` is the finding's."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class OutsideImageError(InvalidAnnotationError):
    """Numbers so far beyond the image that they belong to another one: none of its annotations can be right."""


@dataclass
class ObjectReader:
    """Reads the annotations of one image; counts what they had to be helped with.

    `frame` is the grid the pixels are counted on. `has_shares_as_…`: the numbers are in 0–1 already.
    """

    task_type: str
    frame: Frame
    has_shares_as_boxes: bool = False
    has_shares_as_rings: bool = False
    boxes_as_polygons: int = 0
    filled_pixels: int = 0
    stretched: set[tuple[int, int]] = field(default_factory=set)
    _work: int = 0

    def read(self, annotation: dict[str, Any], name: str) -> FoundObject:
        """The object: what its task type needs of box and rings.

        Raises:
            InvalidAnnotationError: neither box nor outline, or numbers that cannot be.
            OutsideImageError: numbers of another image.
        """
        if self.task_type not in (TaskType.DETECTION, TaskType.SEGMENTATION):
            return FoundObject(name)
        is_crowd = _read_crowd(annotation.get("iscrowd"))
        segmentation, bbox = annotation.get("segmentation"), annotation.get("bbox")
        if self.task_type == TaskType.DETECTION and bbox:
            return FoundObject(name, self._read_box(bbox), is_crowd=is_crowd)
        rings = self._read_outline(segmentation) if segmentation else ()
        if any(len(ring) >= _LEAST for ring in rings) or (rings and not bbox):
            return FoundObject(name, None, rings, is_crowd)
        if not bbox:
            raise InvalidAnnotationError("has neither bbox nor segmentation", "missing_box")
        self.boxes_as_polygons += 1
        return FoundObject(name, None, (to_rectangle(self._read_box(bbox)),), is_crowd)

    def _read_box(self, bbox: Any) -> Box:
        values = _read_numbers(bbox)
        if values is None or len(values) != 4:
            raise InvalidAnnotationError(
                f"has a bbox that is not [x, y, width, height]: {str(bbox)[:60]}", "invalid_box"
            )
        left, top, width, height = values
        if width < 0 or height < 0:
            raise InvalidAnnotationError(f"has a bbox of negative size: {width:g} × {height:g}", "invalid_box")
        corners = self._grid(self.has_shares_as_boxes).normalize_box(left, top, left + width, top + height)
        box = (corners["topX"], corners["topY"], corners["bottomX"], corners["bottomY"])
        self._check_inside(box)
        return box

    def _read_outline(self, segmentation: Any) -> tuple[list[float], ...]:
        if isinstance(segmentation, dict):
            try:
                return self._trace(read_runs(segmentation))
            except InvalidMaskError as error:
                raise InvalidAnnotationError(f"has a mask that cannot be used: {error}", "invalid_mask") from None
        rings = segmentation if isinstance(segmentation, list) else [segmentation]
        if not any(isinstance(ring, list) for ring in rings):
            rings = [rings]
        return tuple(ring for ring in map(self._read_ring, rings) if ring)

    def _read_ring(self, ring: Any) -> list[float]:
        values = _read_numbers(ring)
        if values is None or len(values) % 2:
            message = "has a polygon that is not a list of x, y, x, y, …" + (
                " (half a point is missing)" * bool(values)
            )
            raise InvalidAnnotationError(message, "invalid_polygon")
        shares = self._grid(self.has_shares_as_rings).normalize_ring(values)
        self._check_inside(shares)
        return shares

    def _trace(self, runs: Runs) -> tuple[list[float], ...]:
        self._work += runs.height * runs.count_columns()
        if self._work > _MAX_WORK:
            raise InvalidMaskError(f"The masks of one image have over {_MAX_WORK:,} pixels together.")
        sides = (runs.width, runs.height)
        if max(abs(runs.width - self.frame.width), abs(runs.height - self.frame.height)) > _OFF_BY:
            self.stretched.add(sides)
        crop, left = runs.crop()
        outline = trace_mask(crop, Frame(*sides, self.frame.orientation), left)
        self.filled_pixels += outline.filled
        if not outline.rings:
            raise InvalidMaskError("It has no pixel.")
        return tuple(outline.rings)

    def _grid(self, has_shares: bool) -> Frame:
        return Frame(1, 1, self.frame.orientation) if has_shares else self.frame

    def _check_inside(self, shares: Sequence[float]) -> None:
        if max(map(abs, shares), default=0) >= PIXELS:
            size = f"{self.frame.width} × {self.frame.height} px"
            raise OutsideImageError(
                f"reaches far beyond the image of {size}: it belongs to another one", "outside_image"
            )


def _read_numbers(values: Any) -> list[float] | None:
    """A list of finite numbers, None where it is none."""
    if not isinstance(values, list):
        return None
    try:
        numbers = [math.nan if isinstance(value, (bool, str)) else float(value) for value in values]
    except (TypeError, ValueError, OverflowError):
        return None
    return numbers if all(map(math.isfinite, numbers)) else None


def _read_crowd(value: Any) -> bool:
    try:
        return bool(read_crowd(value, 1, []))
    except InvalidLabelError:
        raise InvalidAnnotationError(f"has an iscrowd that is not 0 or 1: {str(value)[:40]}", "invalid_label") from None

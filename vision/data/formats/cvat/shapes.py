"""The shapes of CVAT as objects: boxes, polygons in groups, masks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from vision.catalog.task_types import TaskType
from vision.data.formats.canvas import Canvas
from vision.data.formats.cvat.document import Shape
from vision.data.images import MAX_PIXELS
from vision.data.labels import InvalidLabelError
from vision.data.labels.objects import read_number
from vision.data.masks import Mask
from vision.data.report import Report

CROWD_NOTES = ("is_crowd", "iscrowd", "isCrowd")


class ShapeError(InvalidLabelError):
    """A shape that cannot be used, and its line."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class Drawing:
    """Draws the shapes of one image on its canvas."""

    def __init__(self, canvas: Canvas, task_type: str, report: Report, place: dict[str, Any]) -> None:
        self._canvas = canvas
        self._task_type = task_type
        self._report = report
        self._place = place

    def draw(self, shapes: list[Shape]) -> None:
        """Polygons of one class in one group are the parts of one object.

        Raises:
            ShapeError: one without a class or with coordinates that are no numbers.
        """
        groups: dict[tuple[str, str], list[Shape]] = {}
        for number, shape in enumerate(shapes):
            group = shape.values.get("group_id", "0") if shape.tag == "polygon" else "0"
            groups.setdefault((_name(shape), group if group != "0" else f"#{number}"), []).append(shape)
        for (name, _), parts in groups.items():
            try:
                self._draw_object(name, parts)
            except InvalidLabelError as error:
                raise ShapeError(str(error), parts[0].line) from None

    def _draw_object(self, name: str, parts: list[Shape]) -> None:
        first = parts[0]
        is_crowd = any(first.notes.get(note, "").strip().lower() in ("true", "1") for note in CROWD_NOTES)
        if first.tag == "polygon":
            self._canvas.add_rings(name, [_read_points(part.values.get("points", "")) for part in parts], is_crowd)
        elif first.tag == "box":
            self._draw_box(name, first, is_crowd)
        elif first.tag == "mask":
            left, top = (_read_whole(first, key) for key in ("left", "top"))
            frame = self._canvas.frame
            mask = _read_mask(first, frame.width - left, frame.height - top)
            self._canvas.add_mask(name, mask, left, top, is_crowd)
        else:
            self._canvas.leave_out(first.tag)

    def _draw_box(self, name: str, shape: Shape, is_crowd: bool) -> None:
        left, top, right, bottom = (_read_value(shape, key) for key in ("xtl", "ytl", "xbr", "ybr"))
        angle = read_number(shape.values.get("rotation") or "0", "rotation", []) % 360
        if not angle:
            self._canvas.add_box(name, (left, top, right, bottom), is_crowd)
            return
        if self._task_type == TaskType.DETECTION:
            message = f"The box of {name!r} is turned by {angle:g}°; the upright box around it was taken."
            self._report.warning("rotated_box", message, **self._place | {"line": shape.line})
        self._canvas.add_rings(name, [_turn(left, top, right, bottom, angle)], is_crowd)


def _name(shape: Shape) -> str:
    name = shape.values.get("label")
    if name is None:
        raise ShapeError(f"The <{shape.tag}> has no label.", shape.line)
    return name


def _read_value(shape: Shape, key: str) -> float:
    return read_number(shape.values.get(key), f"{key} of a <{shape.tag}>", [])


def _read_whole(shape: Shape, key: str) -> int:
    value = _read_value(shape, key)
    if value != int(value) or not 0 <= value <= MAX_PIXELS:
        raise InvalidLabelError(f"{key} of a <{shape.tag}> is {value:g}, not a whole number of pixels.")
    return int(value)


def _read_points(text: str) -> list[float]:
    ring: list[float] = []
    for point in text.strip().rstrip(";").split(";"):
        x, comma, y = point.partition(",")
        if not comma:
            raise InvalidLabelError(f"A point of a <polygon> is {point[:40]!r}, not x,y.")
        ring += [read_number(x, "x of a point", []), read_number(y, "y of a point", [])]
    return ring


def _read_mask(shape: Shape, max_width: int, max_height: int) -> Mask:
    """Run lengths of 0 and 1 by turns, row by row of the mask's own rectangle, beginning with 0."""
    width, height = _read_whole(shape, "width"), _read_whole(shape, "height")
    if not (0 < width <= max_width and 0 < height <= max_height and width * height <= MAX_PIXELS):
        raise InvalidLabelError(f"A <mask> of {width} × {height} px reaches beyond the image.")
    try:
        runs = np.array([int(run) for run in shape.values.get("rle", "").split(",")], np.int64)
    except (ValueError, OverflowError):
        raise InvalidLabelError("The rle of a <mask> is not whole numbers with commas between.") from None
    if runs.min() < 0 or runs.max() > width * height or int(runs.sum()) > width * height:
        raise InvalidLabelError(f"The rle of a <mask> does not make {width} × {height} pixels.")
    values = np.repeat((np.arange(len(runs)) % 2).astype(np.uint8), runs)
    mask: Mask = np.zeros(width * height, np.uint8)  # CVAT leaves out the run of 0 at the end
    mask[: len(values)] = values
    return mask.reshape(height, width)


def _turn(left: float, top: float, right: float, bottom: float, degrees: float) -> list[float]:
    """A box turned clockwise around its centre, as CVAT turns them."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y, width, height = (left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2
    corners = [(-width, -height), (width, -height), (width, height), (-width, height)]
    return [value for dx, dy in corners for value in (x + dx * cos - dy * sin, y + dx * sin + dy * cos)]

"""The results of an annotation as the label cell of an image: regions in percent, choices by name."""

from __future__ import annotations

import math
from typing import Any

from vision.catalog.task_types import TaskType
from vision.data.formats.canvas import Canvas, check_class, read_finite, read_ring, read_side
from vision.data.formats.found import to_names_cell
from vision.data.formats.label_studio.brush import decode_brush
from vision.data.formats.label_studio.tasks import SHAPES
from vision.data.geometry import Frame, find_frame
from vision.data.labels import InvalidLabelError
from vision.data.masks import InvalidMaskError
from vision.data.report import Report
from vision.data.upload import Upload

CROWD = "isCrowd"
"""The note on a region that marks a crowd; Label Studio keeps such notes and has no field of its own for it."""
_WITHOUT_CLASS = ("rectangle", "polygon", "brush", "ellipse", "keypoint")
Result = dict[str, Any]


def read_size(results: list[Any]) -> tuple[int, int] | None:
    """The size of the image that the results declare, in px."""
    for one in results:
        if isinstance(one, dict):
            width, height = read_side(one.get("original_width")), read_side(one.get("original_height"))
            if width and height:
                return width, height
    return None


def read_cell(results: list[Any], task_type: str, upload: Upload, report: Report, place: dict[str, Any]) -> Any:
    """The label cell of one annotation; `place` (file, line, image) is where findings say they are.

    Raises:
        InvalidLabelError: a region without a class, coordinates that are no numbers, a stroke that cannot be decoded.
    """
    given = [one for one in results if isinstance(one, dict) and isinstance(one.get("value"), dict)]
    if task_type in (TaskType.CLASSIFICATION, TaskType.MULTILABEL):
        names = _list_choices(given)
        if names:
            return to_names_cell(names, task_type)
    size = read_size(given)
    frame = find_frame(upload, place["image"], size) or Frame(100, 100)
    canvas = Canvas(frame, task_type, report, **place)
    _Regions(given, canvas, task_type, report, place).draw()
    return canvas.to_cell()


def _list_choices(results: list[Result]) -> list[str]:
    names = [one["value"].get("choices") for one in results if one.get("type") == "choices"]
    flat = [name for value in names for name in (value if isinstance(value, list) else [value])]
    return list(dict.fromkeys(map(check_class, flat)))


class _Regions:
    """The regions of one annotation, drawn on a canvas."""

    def __init__(
        self, results: list[Result], canvas: Canvas, task_type: str, report: Report, place: dict[str, Any]
    ) -> None:
        self._canvas = canvas
        self._task_type = task_type
        self._report = report
        self._place = place
        self._regions = [one for one in results if _find_names(one) is not None]
        named = {_key(one) for one in self._regions}
        for one in results:
            if one.get("type") in _WITHOUT_CLASS and _key(one) not in named:
                raise InvalidLabelError(f"A {one['type']} has no class; choose one for it in Label Studio.")

    def draw(self) -> None:
        polygons = {str(one["id"]): one for one in self._regions if "points" in one["value"] and "id" in one}
        parts: dict[int, list[list[float]]] = {}
        for one in self._regions:
            parent = polygons.get(str(one.get("parentID")))
            if "points" in one["value"]:  # a polygon within one of the same class is a further part of that object
                is_part = parent is not None and parent is not one and self._name(parent) == self._name(one)
                owner = parent if is_part and parent is not None else one
                parts.setdefault(id(owner), []).append(self._to_pixels(read_ring(one["value"]["points"])))
        for one in self._regions:
            self._draw_region(one, parts)

    def _draw_region(self, one: Result, parts: dict[int, list[list[float]]]) -> None:
        value, name, is_crowd = one["value"], self._name(one), _is_crowd(one)
        if "points" in value:
            if id(one) in parts:
                self._canvas.add_rings(name, parts[id(one)], is_crowd)
        elif "rle" in value:
            self._draw_brush(one, name, is_crowd)
        elif "width" in value and "height" in value:
            self._draw_rectangle(value, name, is_crowd)
        else:
            self._canvas.leave_out(str(one.get("type", "region")).removesuffix("labels"))

    def _draw_rectangle(self, value: Result, name: str, is_crowd: bool) -> None:
        x, y, width, height = (read_finite(value.get(key), f"{key} of {name!r}") for key in _RECTANGLE)
        left, top, right, bottom = self._to_pixels([x, y, x + width, y + height])
        angle = read_finite(value.get("rotation") or 0, f"rotation of {name!r}") % 360
        if not angle:
            self._canvas.add_box(name, (left, top, right, bottom), is_crowd)
            return
        if self._task_type == TaskType.DETECTION:
            message = f"The rectangle of {name!r} is turned by {angle:g}°; the upright box around it was taken."
            self._report.warning("rotated_box", message, **self._place)
        self._canvas.add_rings(name, [_turn(left, top, right - left, bottom - top, angle)], is_crowd)

    def _draw_brush(self, one: Result, name: str, is_crowd: bool) -> None:
        width, height = read_side(one.get("original_width")), read_side(one.get("original_height"))
        frame = self._canvas.frame
        try:
            if (width, height) != (frame.width, frame.height):
                raise InvalidMaskError(f"It is {width} × {height} px, the image {frame.width} × {frame.height}.")
            mask = decode_brush(one["value"]["rle"], frame.width, frame.height)
        except InvalidMaskError as error:
            message = f"The brush stroke of {name!r} cannot be decoded. {error}"
            raise InvalidLabelError(message, "brush_unsupported") from None
        self._canvas.add_mask(name, mask, is_crowd=is_crowd)

    def _name(self, one: Result) -> str:
        names = _find_names(one) or []
        if len(names) != 1:
            found = f"{len(names)} classes" if names else "no class"
            raise InvalidLabelError(f"A region has {found}; it needs one.")
        return check_class(names[0])

    def _to_pixels(self, percent: list[float]) -> list[float]:
        sides = (self._canvas.frame.width, self._canvas.frame.height)
        return [value / 100 * sides[index % 2] for index, value in enumerate(percent)]


def _find_names(one: Result) -> list[Any] | None:
    """The class names of a region; None where the result is no region with classes."""
    for key in SHAPES:
        names = one["value"].get(key)
        if names is not None and one.get("type", key) in (key, "labels"):
            return names if isinstance(names, list) else [names]
    return None


def _key(one: Result) -> str:
    return str(one.get("id"))


def _is_crowd(one: Result) -> bool:
    meta = one.get("meta")
    notes = meta.get("text") if isinstance(meta, dict) else None
    return CROWD in notes if isinstance(notes, list) else notes == CROWD


def _turn(left: float, top: float, width: float, height: float, degrees: float) -> list[float]:
    """A rectangle turned clockwise around its left top corner, as Label Studio turns them."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    corners = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)]
    return [value for x, y in corners for value in (left + x * cos - y * sin, top + x * sin + y * cos)]


_RECTANGLE = ("x", "y", "width", "height")

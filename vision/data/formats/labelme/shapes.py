"""The shapes of LabelMe as objects: rectangles, outlines, circles, masks."""

from __future__ import annotations

import base64
import binascii
import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from PIL import Image

from vision.catalog.task_types import TaskType
from vision.data.formats.canvas import Canvas, check_class, read_ring
from vision.data.formats.labelme.document import Document, InvalidFileError, Shape
from vision.data.geometry import Frame
from vision.data.images import MAX_PIXELS
from vision.data.labels import InvalidLabelError
from vision.data.masks import Mask
from vision.data.report import Report

CROWD = "isCrowd"
"""The flag of a shape that marks a crowd; LabelMe has no field of its own for it."""
_TURNED = ("rotation", "oriented_rectangle")
OUTLINES = ("polygon", *_TURNED, "circle", "mask")
"""Kinds of shapes that say more than a box."""
_CIRCLE_POINTS = 64
_MAX_WORK = 5 * MAX_PIXELS  # pixels of all masks of an image together
_GREY = ("1", "L", "P", "I", "I;16")
Numbered = tuple[int, Shape]


class ShapeError(InvalidLabelError):
    """A shape that cannot be used, and its line."""

    def __init__(self, message: str, line: int, code: str = "invalid_label") -> None:
        super().__init__(message, code)
        self.line = line


def draw_shapes(document: Document, canvas: Canvas, task_type: str, report: Report, place: dict[str, Any]) -> None:
    """Draw the shapes of one image on its canvas; `place` is where findings say they are (file, image).

    Outlines, or masks, of one class in one group are the parts of one object.

    Raises:
        ShapeError: a shape without a class, with points that are no numbers, with a mask that cannot be decoded.
    """
    objects: dict[tuple[str, str, str], list[Numbered]] = {}
    for number in range(document.count):
        with _at(document, number):
            shape = document.read_shape(number)
            name = str(check_class(shape.label))
        kind = shape.shape_type if shape.shape_type == "mask" else ""
        is_tied = shape.group_id is not None and shape.shape_type in OUTLINES
        objects.setdefault((kind, name, str(shape.group_id) if is_tied else f"#{number}"), []).append((number, shape))
    drawing = _Drawing(document, canvas, task_type, report, place)
    for parts in objects.values():
        drawing.draw(parts)


class _Drawing:
    """Draws the objects of one image."""

    def __init__(
        self, document: Document, canvas: Canvas, task_type: str, report: Report, place: dict[str, Any]
    ) -> None:
        self._document = document
        self._canvas = canvas
        self._task_type = task_type
        self._report = report
        self._place = place
        self._work = 0

    def draw(self, parts: list[Numbered]) -> None:
        """The parts of one object."""
        number, shape = parts[0]
        is_crowd = any(_is_crowd(part) for _, part in parts)
        if shape.shape_type == "rectangle":
            with _at(self._document, number):
                self._canvas.add_box(shape.label, _read_rectangle(shape), is_crowd)
        elif shape.shape_type == "mask":
            self._draw_masks(parts, is_crowd)
        elif shape.shape_type in OUTLINES:
            self._draw_outlines(parts, is_crowd)
        else:
            self._canvas.leave_out(str(shape.shape_type))

    def _draw_outlines(self, parts: list[Numbered], is_crowd: bool) -> None:
        rings = []
        for number, shape in parts:
            with _at(self._document, number):
                rings.append(_read_outline(shape))
            if shape.shape_type in _TURNED and self._task_type == TaskType.DETECTION:
                message = f"The rectangle of {str(shape.label)[:60]!r} is turned; the upright box around it was taken."
                place = self._place | {"line": self._document.find_line(number)}
                self._report.warning("rotated_box", message, **place)
        self._canvas.add_rings(parts[0][1].label, rings, is_crowd)

    def _draw_masks(self, parts: list[Numbered], is_crowd: bool) -> None:
        frame = self._canvas.frame
        whole: Mask | None = None
        for number, shape in parts:
            with _at(self._document, number):
                mask, left, top = self._read_mask(shape)
            if len(parts) == 1:
                self._canvas.add_mask(shape.label, mask, left, top, is_crowd)
                return
            whole = np.zeros((frame.height, frame.width), np.uint8) if whole is None else whole
            whole[top : top + mask.shape[0], left : left + mask.shape[1]] |= mask
        if whole is not None:
            self._canvas.add_mask(parts[0][1].label, whole, is_crowd=is_crowd)

    def _read_mask(self, shape: Shape) -> tuple[Mask, int, int]:
        """The pixels of a mask and where its corner lies, in px."""
        x, y = _read_points(shape, 2)[:2]
        if x != int(x) or y != int(y) or min(x, y) < 0:
            raise InvalidLabelError(f"A mask begins at {x:g}, {y:g}, which is no pixel of the image.")
        image = _open_picture(shape.mask)
        self._check_size(image.width, image.height, int(x), int(y), self._canvas.frame)
        try:
            pixels = np.asarray(image if image.mode in _GREY else image.convert("L"))
        except Exception as error:  # noqa: BLE001  Pillow's decoders raise whatever their format makes them raise
            raise InvalidLabelError(f"The PNG of a mask is damaged: {error}.", "invalid_mask") from None
        return (pixels > 0).astype(np.uint8), int(x), int(y)

    def _check_size(self, width: int, height: int, left: int, top: int, frame: Frame) -> None:
        if left + width > frame.width or top + height > frame.height:
            size = f"{width:,} × {height:,} px at {left}, {top}"
            raise InvalidLabelError(f"A mask of {size} reaches beyond the image.", "invalid_mask")
        self._work += width * height
        if self._work > _MAX_WORK:
            raise InvalidLabelError(f"The masks of the image have over {_MAX_WORK:,} pixels.", "invalid_mask")


@contextmanager
def _at(document: Document, number: int) -> Iterator[None]:
    """What is wrong with a shape is said with its number and line."""
    try:
        yield
    except InvalidFileError as error:
        raise ShapeError(str(error), error.line, error.code) from None
    except InvalidLabelError as error:
        raise ShapeError(f"Shape {number + 1}: {error}", document.find_line(number), error.code) from None


def _is_crowd(shape: Shape) -> bool:
    return isinstance(shape.flags, dict) and shape.flags.get(CROWD) is True


def _read_points(shape: Shape, least: int) -> list[float]:
    ring = read_ring(shape.points)
    if len(ring) < 2 * least:
        what = f"A {str(shape.shape_type)[:40]} has {len(ring) // 2} points; it needs {least}."
        raise InvalidLabelError(what)
    return ring


def _read_rectangle(shape: Shape) -> tuple[float, float, float, float]:
    """By its corners, drawn in any direction: two as LabelMe writes them, four as X-AnyLabeling does."""
    ring = _read_points(shape, 2)
    return min(ring[::2]), min(ring[1::2]), max(ring[::2]), max(ring[1::2])


def _read_outline(shape: Shape) -> list[float]:
    if shape.shape_type != "circle":
        return _read_points(shape, 3)
    x, y, edge_x, edge_y = _read_points(shape, 2)[:4]
    radius = math.hypot(edge_x - x, edge_y - y)
    angles = (2 * math.pi * step / _CIRCLE_POINTS for step in range(_CIRCLE_POINTS))
    return [value for angle in angles for value in (x + radius * math.cos(angle), y + radius * math.sin(angle))]


def _open_picture(text: Any) -> Image.Image:
    if not isinstance(text, str) or not text:
        raise InvalidLabelError("A mask has no picture.", "invalid_mask")
    try:
        return Image.open(io.BytesIO(base64.b64decode(text, validate=True)), formats=["PNG"])
    except binascii.Error:
        raise InvalidLabelError("The picture of a mask is no Base64.", "invalid_mask") from None
    except Exception:  # noqa: BLE001  as above
        raise InvalidLabelError("The picture of a mask is no PNG.", "invalid_mask") from None

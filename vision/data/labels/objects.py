"""Boxes: `[{"label", "topX", "topY", "bottomX", "bottomY", "isCrowd"}]`."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any

import msgspec

from vision.data.labels.base import (
    GOOD_NAMES,
    UNLABELLED,
    InvalidLabelError,
    LabelCell,
    check_name,
    describe,
    to_values,
)
from vision.data.limits import ImportLimits

DUST = 0.005
"""Farther outside 0–1 than rounding and off-by-one pixels explain, a coordinate is cut off and that is said."""
PIXELS = 1.5
"""From here on a coordinate cannot be a share of the image (the bound of Azure's own converter)."""
Corner = Annotated[float, msgspec.Meta(ge=0, le=1)]
Crowd = Annotated[int, msgspec.Meta(ge=0, le=1)]


class BoxObject(msgspec.Struct, gc=False):
    """One object as Azure writes it; further keys are ignored."""

    label: str
    topX: Corner  # noqa: N815  Azure's spelling
    topY: Corner  # noqa: N815
    bottomX: Corner  # noqa: N815
    bottomY: Corner  # noqa: N815
    isCrowd: Crowd = 0  # noqa: N815


class _Boxes(msgspec.Struct, array_like=True, gc=False):
    """msgspec finds out once how to convert to a class, to `list[BoxObject]` anew each time."""

    objects: list[BoxObject]


_encode = msgspec.json.Encoder().encode
_CORNERS = ("topX", "topY", "bottomX", "bottomY")


def read_boxes(cell: Any, limits: ImportLimits) -> LabelCell:
    """Object detection: a list of boxes, `[]` where there is nothing on the image.

    Certain repairs: one object outside a list, numbers as text, corners the wrong way round, `isCrowd` as text,
    coordinates a little outside 0–1. A box without any area is left out and that is said.

    Raises:
        InvalidLabelError: a box without a name or a coordinate, coordinates in pixels, corners that are both the wrong
            way round and outside the image.
    """
    if cell is None:
        return UNLABELLED
    try:
        objects = msgspec.convert((cell,), _Boxes).objects
    except (msgspec.ValidationError, UnicodeError, RecursionError):
        return _repair_boxes(cell, limits)
    if len(objects) > limits.max_objects:
        return _repair_boxes(cell, limits)
    repairs: list[str] = []
    for one in objects:
        if one.topX >= one.bottomX or one.topY >= one.bottomY:
            return _repair_boxes(cell, limits)
        if one.label not in GOOD_NAMES:
            check_name(one.label, limits, repairs)
    return _to_cell(objects, repairs)


def list_objects(cell: Any, limits: ImportLimits, repairs: list[str]) -> list[dict[str, Any]]:
    """The objects of a cell; one that stands outside a list is put into one.

    Raises:
        InvalidLabelError: anything but objects, or too many.
    """
    if isinstance(cell, dict):
        cell = [cell]
        repairs.append("One object was taken as a list of one object.")
    if not isinstance(cell, list):
        raise InvalidLabelError(f"The label is a list of objects, not {describe(cell)}.")
    if len(cell) > limits.max_objects:
        raise InvalidLabelError(f"There are {len(cell):,} objects on the image; {limits.max_objects:,} are allowed.")
    values: list[dict[str, Any]] = to_values(cell)
    for number, one in enumerate(values, start=1):
        if not isinstance(one, dict):
            raise InvalidLabelError(f"Object {number} is {describe(one)}, not an object with a label.")
    return values


def read_crowd(value: Any, number: int, repairs: list[str]) -> int:
    """`isCrowd` as 0 or 1; also true, false, "true", "1" and null.

    Raises:
        InvalidLabelError: anything else.
    """
    if value in (0, 1, None):  # True and False are 1 and 0
        return int(value or 0)
    text = str(value).strip().lower()
    if text in ("true", "false", "0", "1", "0.0", "1.0", "none", "null", ""):
        repairs.append(f"isCrowd of object {number} was text: {text!r}.")
        return int(text in ("true", "1", "1.0"))
    raise InvalidLabelError(f"isCrowd of object {number} is {str(value)[:40]!r}; it is 0 or 1.")


def read_number(value: Any, what: str, repairs: list[str]) -> float:
    """A finite number; text such as "0.5" or "12px" is read and that is said.

    Raises:
        InvalidLabelError: anything else.
    """
    if isinstance(value, str):
        match = re.fullmatch(r"\s*([-+]?\d*\.?\d+(?:[eE][-+]?\d{1,3})?)\s*(?:px)?\s*", value[:60])
        if match:
            repairs.append("Numbers that were written as text were read as numbers.")
            value = float(match[1])
    try:
        number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
    except OverflowError:  # a whole number of hundreds of digits
        number = math.inf
    if not math.isfinite(number):
        raise InvalidLabelError(f"{what} is {str(value)[:40]!r}, not a number.")
    return number


def cut_off(value: float, number: int, repairs: list[str]) -> float:
    """A coordinate within 0–1.

    Raises:
        InvalidLabelError: so far outside that it must be in pixels.
    """
    if 0 <= value <= 1:
        return value
    if abs(value) >= PIXELS:
        message = f"A coordinate of object {number} is {value:g}: these are pixels, not shares of the image in 0–1."
        raise InvalidLabelError(message, "pixel_coordinates")
    if -DUST <= value <= 1 + DUST:
        repairs.append("Coordinates a rounding error outside 0–1 were put on the edge.")
    else:
        repairs.append(f"Object {number} reached beyond the image and was cut off at its edge.")
    return min(1.0, max(0.0, value))


def _repair_boxes(cell: Any, limits: ImportLimits) -> LabelCell:
    repairs: list[str] = []
    objects = []
    for number, one in enumerate(list_objects(cell, limits, repairs), start=1):
        if (repaired := _repair_box(one, number, limits, repairs)) is not None:
            objects.append(repaired)
    return _to_cell(objects, list(dict.fromkeys(repairs)))


def _repair_box(one: dict[str, Any], number: int, limits: ImportLimits, repairs: list[str]) -> BoxObject | None:
    if "label" not in one:
        raise InvalidLabelError(f"Object {number} has no label.")
    missing = [key for key in _CORNERS if key not in one]
    if missing:
        raise InvalidLabelError(f"Object {number} has no {' and no '.join(missing)}.")
    name = check_name(one["label"], limits, repairs)
    values = [read_number(one[key], f"{key} of object {number}", repairs) for key in _CORNERS]
    left, top, right, bottom = (cut_off(value, number, repairs) for value in values)
    for first, last in ((values[0], values[2]), (values[1], values[3])):
        if first > last and (first > 1 + DUST or last < -DUST):
            words = f"goes from {first:g} to {last:g}, backwards and beyond the image: which of the two is wrong"
            raise InvalidLabelError(f"Object {number} {words} cannot be told.")
    if left > right or top > bottom:
        repairs.append(f"The corners of object {number} were the wrong way round.")
        left, right, top, bottom = min(left, right), max(left, right), min(top, bottom), max(top, bottom)
    if left == right or top == bottom:
        repairs.append(f"Object {number} ({name}) has no area and was left out.")
        return None
    return BoxObject(name, left, top, right, bottom, read_crowd(one.get("isCrowd"), number, repairs))


def _to_cell(objects: list[BoxObject], repairs: list[str]) -> LabelCell:
    return LabelCell(tuple([one.label for one in objects]), _encode(objects).decode(), tuple(repairs))

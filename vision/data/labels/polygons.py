"""Instances as polygons: `[{"label", "isCrowd", "polygon": [[x1, y1, x2, y2, …], …]}]`."""

from __future__ import annotations

from typing import Any

import msgspec

from vision.data.labels.base import UNLABELLED, InvalidLabelError, LabelCell, check_name, describe
from vision.data.labels.objects import Corner, cut_off, list_objects, read_crowd, read_number
from vision.data.limits import ImportLimits

_LEAST = 6  # numbers of a ring: three points


class PolygonObject(msgspec.Struct, kw_only=True):
    """One instance as Azure writes it; several rings are parts of it. Further keys (`bbox`) are ignored."""

    label: str
    isCrowd: int = 0  # noqa: N815  Azure's spelling
    polygon: list[list[Corner]]


class _Polygons(msgspec.Struct, array_like=True):
    objects: list[PolygonObject]


_encode = msgspec.json.Encoder().encode


def read_polygons(cell: Any, limits: ImportLimits) -> LabelCell:
    """Instance segmentation: a list of instances, `[]` where there is nothing on the image.

    Certain repairs: those of boxes; one ring outside a list; points as pairs; a ring of under three points is left
    out. An instance without any ring left is left out and that is said.

    Raises:
        InvalidLabelError: an instance without a name or a polygon, coordinates in pixels, a ring of half a point.
    """
    if cell is None:
        return UNLABELLED
    try:
        objects = msgspec.convert((cell,), _Polygons).objects
    except (msgspec.ValidationError, UnicodeError, RecursionError):
        return _repair_polygons(cell, limits)
    repairs: list[str] = []
    points = 0
    for one in objects:
        if one.isCrowd not in (0, 1) or not one.polygon or not all(map(_is_whole, one.polygon)):
            return _repair_polygons(cell, limits)
        check_name(one.label, limits, repairs)
        points += sum(map(len, one.polygon))
    if points > 2 * limits.max_points or len(objects) > limits.max_objects:
        return _repair_polygons(cell, limits)
    return _to_cell(objects, repairs)


def _is_whole(ring: list[float]) -> bool:
    if len(ring) < _LEAST or len(ring) % 2:
        return False
    x, y = ring[::2], ring[1::2]
    return min(x) < max(x) and min(y) < max(y)


def _repair_polygons(cell: Any, limits: ImportLimits) -> LabelCell:
    repairs: list[str] = []
    objects = []
    points = 0
    for number, one in enumerate(list_objects(cell, limits, repairs), start=1):
        repaired = _repair_polygon(one, number, limits, repairs)
        if repaired is not None:
            objects.append(repaired)
            points += sum(map(len, repaired.polygon)) // 2
        if points > limits.max_points:
            raise InvalidLabelError(f"The polygons of the image have over {limits.max_points:,} points.")
    return _to_cell(objects, list(dict.fromkeys(repairs)))


def _repair_polygon(one: dict[str, Any], number: int, limits: ImportLimits, repairs: list[str]) -> PolygonObject | None:
    if "label" not in one:
        raise InvalidLabelError(f"Object {number} has no label.")
    name = check_name(one["label"], limits, repairs)
    if not isinstance(one.get("polygon"), list):
        raise InvalidLabelError(f"Object {number} has no polygon (a list of rings).")
    rings = []
    for ring in _list_rings(one["polygon"], repairs):
        if not isinstance(ring, list):
            raise InvalidLabelError(f"A ring of object {number} is {describe(ring)}, not a list of numbers.")
        whole = _repair_ring(ring, number, repairs)
        if _is_whole(whole):
            rings.append(whole)
        else:
            repairs.append(f"A ring of object {number} ({name}) that encloses nothing was left out.")
    if not rings:
        repairs.append(f"Object {number} ({name}) has no area and was left out.")
        return None
    is_crowd = read_crowd(one.get("isCrowd"), number, repairs)
    return PolygonObject(label=name, isCrowd=is_crowd, polygon=rings)


def _list_rings(polygon: list[Any], repairs: list[str]) -> list[Any]:
    if polygon and not isinstance(polygon[0], list):
        repairs.append("One ring was taken as a list of one ring.")
        return [polygon]
    if polygon and all(isinstance(point, list) and len(point) == 2 for point in polygon):
        repairs.append("Points given as pairs were put into one ring.")
        return [polygon]
    return polygon


def _repair_ring(ring: list[Any], number: int, repairs: list[str]) -> list[float]:
    if any(isinstance(point, list) for point in ring):
        if not all(isinstance(point, list) and len(point) == 2 for point in ring):
            raise InvalidLabelError(f"A point of object {number} is not a pair of numbers.")
        repairs.append("Points given as pairs were put into one ring.")
        ring = [value for point in ring for value in point]
    if len(ring) % 2:
        raise InvalidLabelError(f"A ring of object {number} has {len(ring)} numbers: half a point is missing.")
    values = (read_number(value, f"A coordinate of object {number}", repairs) for value in ring)
    return [cut_off(value, number, repairs) for value in values]


def _to_cell(objects: list[PolygonObject], repairs: list[str]) -> LabelCell:
    return LabelCell(tuple([one.label for one in objects]), _encode(objects).decode(), tuple(repairs))

"""Labels as drawings over an image: small ones for the grid, whole ones for the viewer."""

from __future__ import annotations

import math
import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

SERIES = 8  # colours of classes, in tokens.css
_SIDE = 256  # units of a sketch along its longer side: a thumbnail's pixels
_SKETCHED = 150  # objects of a sketch, the largest
_SKETCH_POINTS = 3_000
_SKETCH_NAMES = 5
_SKETCH_LETTERS = 16
_DRAWN = 2_000  # objects the viewer draws, the largest
_DRAWN_POINTS = 60_000


@dataclass(frozen=True)
class Shape:
    """One object of an image in the units of its drawing. `number` counts from 1 in the label cell.

    `path` is the outline as SVG path data, empty for a box.
    """

    number: int
    label: str
    series: int
    x: float
    y: float
    width: float
    height: float
    path: str = ""
    is_crowd: bool = False

    @property
    def box(self) -> str:
        return f"M{self.x:g} {self.y:g}h{self.width:g}v{self.height:g}h{-self.width:g}z"


@dataclass(frozen=True)
class Layer:
    """All objects of one colour as one path each: their boxes, their outlines."""

    series: int
    boxes: str
    masks: str


@dataclass(frozen=True)
class Sketch:
    """What a thumbnail shows: few elements, however many objects. `hidden` counts those that are not drawn."""

    width: int
    height: int
    layers: list[Layer]
    names: list[Shape]
    hidden: int


@dataclass(frozen=True)
class Drawing:
    """What the viewer shows, in pixels of the image; the largest objects first, so that small ones lie on top."""

    width: int
    height: int
    shapes: list[Shape]
    hidden: int


def find_series(label: str, classes: Sequence[str] = ()) -> int:
    """The colour of a class, 1–8: by its name, so that it is the same on every page and in every version.

    Of up to eight `classes` of a version no two share a colour: where names meet, the later takes the next one free.
    """
    shared_out = _share_out(tuple(classes)) if len(classes) <= SERIES else {}
    return shared_out.get(label) or _hash(label)


@lru_cache(maxsize=256)
def _share_out(classes: tuple[str, ...]) -> dict[str, int]:
    taken: dict[str, int] = {}
    for label in sorted(set(classes)):
        series = _hash(label)
        while series in taken.values():
            series = series % SERIES + 1
        taken[label] = series
    return taken


def _hash(label: str) -> int:
    return zlib.crc32(label.encode("utf-8", "surrogatepass")) % SERIES + 1


def sketch_cell(cell: Any, width: int, height: int, classes: Sequence[str] = ()) -> Sketch | None:
    """A label cell for a thumbnail; None where there is nothing to draw. `classes` are the version's."""
    objects = list_objects(cell)
    if not objects or not width or not height:
        return None
    scale = _SIDE / max(width, height)
    sides = max(1.0, width * scale), max(1.0, height * scale)
    shapes = _draw(objects, *sides, classes, most=_SKETCHED, points=_SKETCH_POINTS, digits=0)
    by_series: dict[int, list[Shape]] = defaultdict(list)
    for shape in shapes:
        by_series[shape.series].append(shape)
    layers = [
        Layer(series, "".join(one.box for one in some), "".join(one.path for one in some))
        for series, some in sorted(by_series.items())
    ]
    names = [_shorten(shape) for shape in shapes[:_SKETCH_NAMES]]
    return Sketch(round(sides[0]), round(sides[1]), layers, names, len(objects) - len(shapes))


def draw_cell(cell: Any, width: int, height: int, classes: Sequence[str] = ()) -> Drawing | None:
    """A label cell for the viewer; None where there is nothing to draw. `classes` are the version's."""
    objects = list_objects(cell)
    if not objects or not width or not height:
        return None
    shapes = _draw(objects, width, height, classes, most=_DRAWN, points=_DRAWN_POINTS, digits=1)
    return Drawing(width, height, shapes, len(objects) - len(shapes))


def list_objects(cell: Any) -> list[dict[str, Any]]:
    """The boxes or instances of a label cell; none of a class name."""
    return [one for one in cell if isinstance(one, dict)] if isinstance(cell, list) else []


def _draw(
    objects: Sequence[dict[str, Any]],
    width: float,
    height: float,
    classes: Sequence[str],
    *,
    most: int,
    points: int,
    digits: int,
) -> list[Shape]:
    boxes = [(number, one, _bounds(one)) for number, one in enumerate(objects, start=1)]
    boxes.sort(key=lambda box: (box[2][0] - box[2][2]) * (box[2][3] - box[2][1]))
    boxes = boxes[:most]
    step = max(1, math.ceil(sum(len(ring) for _, one, _ in boxes for ring in _rings(one)) / 2 / points))
    shapes = []
    for number, one, (left, top, right, bottom) in boxes:
        x, y = round(left * width, digits), round(top * height, digits)
        shape = Shape(
            number=number,
            label=str(one.get("label", "")),
            series=find_series(str(one.get("label", "")), classes),
            x=x,
            y=y,
            width=round(right * width - x, digits),
            height=round(bottom * height - y, digits),
            path="".join(_outline(ring, width, height, step, digits) for ring in _rings(one)),
            is_crowd=bool(one.get("isCrowd")),
        )
        shapes.append(shape)
    return shapes


def _rings(one: dict[str, Any]) -> list[list[float]]:
    return one.get("polygon") or []


def _bounds(one: dict[str, Any]) -> tuple[float, float, float, float]:
    rings = _rings(one)
    if not rings:
        return one["topX"], one["topY"], one["bottomX"], one["bottomY"]
    x = [value for ring in rings for value in ring[::2]]
    y = [value for ring in rings for value in ring[1::2]]
    return min(x), min(y), max(x), max(y)


def _outline(ring: Sequence[float], width: float, height: float, step: int, digits: int) -> str:
    """A ring as path data: every `step`-th point, but at least three of them; points that fall together once."""
    count = len(ring) // 2
    step = max(1, min(step, count // 3))
    points: dict[tuple[float, float], None] = {}
    for index in range(0, count, step):
        points[round(ring[2 * index] * width, digits), round(ring[2 * index + 1] * height, digits)] = None
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points) + "z"


def _shorten(shape: Shape) -> Shape:
    label = shape.label if len(shape.label) <= _SKETCH_LETTERS else shape.label[: _SKETCH_LETTERS - 1] + "…"
    return Shape(shape.number, label, shape.series, round(shape.x), round(shape.y), shape.width, shape.height)

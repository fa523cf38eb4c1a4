"""From pixels to shares of the upright image: what every format that counts in pixels needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from vision.data.images import probe_frame
from vision.data.upload import Upload
from vision.errors import InvalidImageError


@dataclass(frozen=True, slots=True)
class Frame:
    """The grid an annotation is drawn on, `width` × `height` px, and the EXIF `orientation` still to be applied.

    1 where the annotation was drawn on the upright image, which is the rule.
    """

    width: int
    height: int
    orientation: int = 1

    def normalize_point(self, x: float, y: float) -> tuple[float, float]:
        """Pixels to shares of the upright image, a little outside 0–1 where the pixels are."""
        return _TURNS[self.orientation](x / self.width, y / self.height)

    def normalize_ring(self, ring: Sequence[float]) -> list[float]:
        """`[x1, y1, x2, y2, …]` in px to shares, rounded to 1e-6."""
        points = (self.normalize_point(x, y) for x, y in zip(ring[::2], ring[1::2], strict=True))
        return [round(value, 6) for point in points for value in point]

    def normalize_box(self, left: float, top: float, right: float, bottom: float) -> dict[str, float]:
        """Corners in px to `{"topX", "topY", "bottomX", "bottomY"}`, rounded to 1e-6."""
        x1, y1, x2, y2 = self.normalize_ring([left, top, right, bottom])
        if self.orientation != 1:
            x1, x2, y1, y2 = min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
        return {"topX": x1, "topY": y1, "bottomX": x2, "bottomY": y2}


# Stored position to upright position, by EXIF orientation
_TURNS: dict[int, Callable[[float, float], tuple[float, float]]] = {
    1: lambda x, y: (x, y),
    5: lambda x, y: (y, x),
    6: lambda x, y: (1 - y, x),
    7: lambda x, y: (1 - y, 1 - x),
    8: lambda x, y: (y, 1 - x),
}


def find_frame(upload: Upload, image: str, declared: tuple[int, int] | None = None) -> Frame | None:
    """The grid a pixel annotation of an image was drawn on.

    It is the upright image, unless the annotation declares exactly the size of the image as it is stored, turned.
    None where the image cannot be opened and no size is declared: the check of the image will say so.
    """
    try:
        frame = probe_frame(upload.path(image))
    except (InvalidImageError, OSError):
        return Frame(*declared) if declared and min(declared) > 0 else None
    if frame.orientation >= _FIRST_TURNED and frame.width != frame.height and declared == (frame.height, frame.width):
        return Frame(frame.height, frame.width, frame.orientation)
    return Frame(frame.width, frame.height)


def divide_cell(cell: Any, frame: Frame) -> Any:
    """A label cell in px (SPEC §2.1's shapes) as shares of the upright image; what is no number stays as it is."""
    if not isinstance(cell, list):
        return divide_cell([cell], frame) if isinstance(cell, dict) else cell
    return [_divide_object(one, frame) if isinstance(one, dict) else one for one in cell]


def _divide_object(one: dict[str, Any], frame: Frame) -> dict[str, Any]:
    try:
        if "polygon" in one:
            rings = one["polygon"] if one["polygon"] and isinstance(one["polygon"][0], list) else [one["polygon"]]
            return one | {"polygon": [frame.normalize_ring([float(value) for value in ring]) for ring in rings]}
        return one | frame.normalize_box(*(float(one[key]) for key in ("topX", "topY", "bottomX", "bottomY")))
    except (KeyError, TypeError, ValueError):
        return one


_FIRST_TURNED = 5  # of EXIF's orientations: 2–4 keep the sides, so nothing tells whether they were applied


def to_pixels(values: Sequence[float], width: int, height: int) -> list[float]:
    """Shares `[x1, y1, x2, y2, …]` to px, rounded to 1e-3."""
    return [round(value * (height if index % 2 else width), 3) for index, value in enumerate(values)]

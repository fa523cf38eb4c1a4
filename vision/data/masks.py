"""Masks and polygons: COCO's run lengths to pixels, pixels to rings, rings to pixels.

Rings run along the edges of pixels: pixel (0, 0) is the square from (0, 0) to (1, 1), as box corners count. A ring
around n pixels encloses an area of n, before it is simplified.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from vision.data.geometry import Frame
from vision.data.images import MAX_PIXELS

Mask = NDArray[np.uint8]
"""uint8 [height, width], 0 or 1."""
Ring = NDArray[np.int32]
"""Corners of pixels, int32 [points, 2] of x and y."""
TOLERANCE = 0.6
"""How far a simplified ring may leave the pixels' edges, in px: on real masks the IoU stays over 0.996 with a third of
the points fewer. Half a pixel and less changes no pixel; from 0.75 on the steps of slopes are cut, which costs more."""
_MOST_DIGITS = 12  # of five bits each, in one number of a compressed string: 60 bits


class InvalidMaskError(ValueError):
    """A mask that cannot be decoded. `str()` says why."""


@dataclass(frozen=True)
class Runs:
    """A mask as COCO keeps it: `lengths` int64 of runs of 0 and 1 by turns, down the columns, beginning with 0."""

    height: int
    width: int
    lengths: NDArray[np.int64]

    def crop(self) -> tuple[Mask, int]:
        """The columns that hold any pixel, all rows of them, and the number of columns left out before them."""
        ends = np.cumsum(self.lengths)
        if not self.lengths[1::2].any():
            return np.zeros((self.height, 0), np.uint8), 0
        ones = np.flatnonzero(self.lengths[1::2]) * 2 + 1
        first, last = int(ends[ones[0] - 1]) // self.height, int(ends[ones[-1]] - 1) // self.height
        inside = np.clip(ends, first * self.height, (last + 1) * self.height)
        lengths = np.diff(inside, prepend=first * self.height)
        values = (np.arange(len(lengths)) % 2).astype(np.uint8)
        columns = np.repeat(values, lengths).reshape(last + 1 - first, self.height)
        return np.ascontiguousarray(columns.T), first

    def count_columns(self) -> int:
        """How wide `crop` will be, without making it."""
        ends = np.cumsum(self.lengths)
        ones = np.flatnonzero(self.lengths[1::2]) * 2 + 1
        if not len(ones):
            return 0
        return int(ends[ones[-1]] - 1) // self.height - int(ends[ones[0] - 1]) // self.height + 1

    def to_mask(self) -> Mask:
        """The whole mask."""
        mask = np.zeros((self.height, self.width), np.uint8)
        crop, left = self.crop()
        mask[:, left : left + crop.shape[1]] = crop
        return mask


def read_runs(rle: Any) -> Runs:
    """COCO's `{"size": [height, width], "counts": …}`, counts as a list of numbers or as its compressed text.

    Raises:
        InvalidMaskError: no such thing, over `MAX_PIXELS`, or counts that do not add up to height × width.
    """
    if not isinstance(rle, dict):
        raise InvalidMaskError("A run-length mask is an object with size and counts.")
    size, counts = rle.get("size"), rle.get("counts")
    if not (isinstance(size, list) and len(size) == 2 and all(type(side) is int and side > 0 for side in size)):
        raise InvalidMaskError(f"The size of a run-length mask is [height, width] in pixels, not {str(size)[:40]}.")
    height, width = size
    if height * width > MAX_PIXELS:
        raise InvalidMaskError(f"The mask says {height:,} × {width:,} px; {MAX_PIXELS:,} pixels are allowed.")
    lengths = _decompress(counts) if isinstance(counts, str) else _read_counts(counts)
    if lengths.size and (lengths.min() < 0 or lengths.max() > height * width):
        raise InvalidMaskError("The counts of the mask hold a run that is negative or longer than the mask.")
    if int(lengths.sum()) != height * width:
        raise InvalidMaskError(f"The counts of the mask make {int(lengths.sum()):,} pixels, not {height} × {width}.")
    return Runs(height, width, lengths)


def _read_counts(counts: Any) -> NDArray[np.int64]:
    try:
        return np.array(msgspec.convert(counts, list[int]), np.int64)
    except (msgspec.ValidationError, OverflowError):
        raise InvalidMaskError("The counts of a run-length mask are a list of whole numbers or a text.") from None


def _decompress(text: str) -> NDArray[np.int64]:
    """COCO's text: five bits a character, low ones first, from the fourth number on as difference to the last but one.

    Source: `rleFrString` of cocoapi/common/maskApi.c.
    """
    try:
        digits = np.frombuffer(text.encode("ascii"), np.uint8).astype(np.int64) - ord("0")
    except UnicodeEncodeError:
        digits = np.array([-1])
    if not digits.size:
        return digits
    if digits.min() < 0 or digits.max() > 0b111111 or digits[-1] & 0x20:
        raise InvalidMaskError("The counts of the mask are no text that COCO's tools write.")
    starts = np.concatenate([[0], np.flatnonzero(digits[:-1] & 0x20 == 0) + 1])
    places = np.arange(digits.size) - np.repeat(starts, np.diff(starts, append=digits.size))
    if places.max() >= _MOST_DIGITS:
        raise InvalidMaskError("The counts of the mask hold a number that is far too large.")
    numbers = np.add.reduceat((digits & 0x1F) << (5 * places), starts)
    last = np.append(starts[1:], digits.size) - 1
    numbers -= np.where(digits[last] & 0x10, np.int64(1) << (5 * (places[last] + 1)), 0)
    if np.abs(numbers).max() > MAX_PIXELS:
        raise InvalidMaskError("The counts of the mask hold a number that is far too large.")
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers


@dataclass(frozen=True)
class Outline:
    """A mask as rings `[x1, y1, x2, y2, …]` in 0–1. `filled` counts the pixels of its holes, which rings cannot leave
    out."""

    rings: list[list[float]]
    filled: int = 0


def trace_mask(mask: Mask, frame: Frame, left: int = 0, top: int = 0, tolerance: float = TOLERANCE) -> Outline:
    """The outer rings of a mask, one for each of its parts, largest first.

    `mask` is a part of the `frame`'s grid whose corner lies at (`left`, `top`). Rings leave the pixels' edges by
    `tolerance` px at most.
    """
    contours, _ = cv2.findContours(np.ascontiguousarray(mask), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    borders = [np.asarray(contour[:, 0], np.int32) for contour in contours]
    edges = sorted(map(_follow_edges, borders), key=_measure, reverse=True)
    filled = round(sum(map(_measure, edges))) - int(np.count_nonzero(mask))
    corner = np.array([left, top], np.int32)
    rings = [_simplify(ring, tolerance) + corner for ring in edges]
    return Outline([frame.normalize_ring(ring.ravel().tolist()) for ring in rings], filled)


def _measure(ring: Ring) -> float:
    x, y = ring[:, 0].astype(np.int64), ring[:, 1].astype(np.int64)
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


_STEPS = [
    (1, 0),
    (1, -1),
    (0, -1),
    (-1, -1),
    (-1, 0),
    (-1, 1),
    (0, 1),
    (1, 1),
]  # anticlockwise on the screen, from east
_EDGE_STARTS = {0: (1, 1), 2: (1, 0), 4: (0, 0), 6: (0, 1)}  # of a pixel's edge in that direction, anticlockwise too


def _list_corners() -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """What a pixel adds to the ring, by where the walk came from and where it goes: [8, 8, 4, 2], and which are used.

    Between the two, anticlockwise, lies the outside: those of the four edges in between belong to the ring.
    """
    corners, used = np.zeros((8, 8, 4, 2), np.int32), np.zeros((8, 8, 4), np.bool_)
    for back in range(8):
        for onward in range(8):
            between = [(back + turn) % 8 for turn in range(1, (onward - back - 1) % 8 + 1)]
            for place, direction in enumerate(direction for direction in between if direction in _EDGE_STARTS):
                corners[back, onward, place] = _EDGE_STARTS[direction]
                used[back, onward, place] = True
    return corners, used


_CORNERS, _USED = _list_corners()
_DIRECTIONS = np.zeros((3, 3), np.int32)  # by step y + 1, step x + 1
for _direction, (_x, _y) in enumerate(_STEPS):
    _DIRECTIONS[_y + 1, _x + 1] = _direction


def _follow_edges(pixels: Ring) -> Ring:
    """The pixels of an outer border, as `cv2.findContours` walks it, to the corners of the ring around them [N, 2]."""
    if len(pixels) == 1:
        return pixels + np.array([[0, 0], [0, 1], [1, 1], [1, 0]], np.int32)
    steps = np.roll(pixels, -1, axis=0) - pixels + 1
    onward = _DIRECTIONS[steps[:, 1], steps[:, 0]]
    back = (np.roll(onward, 1) + 4) % 8
    ring: Ring = (pixels[:, None] + _CORNERS[back, onward])[_USED[back, onward]]
    step = np.roll(ring, -1, axis=0) - ring
    is_turn = (step != np.roll(step, 1, axis=0)).any(axis=1)
    turns: Ring = ring[is_turn]
    return turns


def _simplify(ring: Ring, tolerance: float) -> Ring:
    """Fewer points where steps follow a slope; the ring itself where nothing would be left of it."""
    if tolerance <= 0:
        return ring
    simple = np.asarray(cv2.approxPolyDP(ring[:, None], tolerance, True)[:, 0], np.int32)
    return simple if len(simple) > 2 and _measure(simple) > 0 else ring


def fill_rings(rings: Sequence[Sequence[float]], width: int, height: int) -> Mask:
    """A polygon's rings in 0–1 as a mask: the pixels whose centre lies inside any of them.

    Raises:
        InvalidMaskError: over `MAX_PIXELS`.
    """
    if width * height > MAX_PIXELS:
        raise InvalidMaskError(f"{width:,} × {height:,} px; {MAX_PIXELS:,} pixels are allowed.")
    mask = np.zeros((height, width), np.uint8)
    paint_rings(mask, rings, 1)
    return mask


def paint_rings(canvas: NDArray[Any], rings: Sequence[Sequence[float]], value: int) -> None:
    """Give `value` to the pixels of a canvas [height, width] whose centre lies inside any of the rings (in 0–1)."""
    height, width = canvas.shape
    for ring in rings:
        points = np.array(ring, float).reshape(-1, 2) * (width, height)
        inside, left, top = _fill_ring(points, width, height)
        canvas[top : top + inside.shape[0], left : left + inside.shape[1]][inside] = value


def _fill_ring(points: NDArray[np.float64], width: int, height: int) -> tuple[NDArray[np.bool_], int, int]:
    """What lies inside, cut out, and where: inside begins and ends where a row's centre line crosses the ring."""
    ends = np.roll(points, -1, axis=0)
    low, high = np.minimum(points[:, 1], ends[:, 1]), np.maximum(points[:, 1], ends[:, 1])
    first = np.clip(np.ceil(low - 0.5), 0, height).astype(np.int64)  # rows whose centre the edge passes
    counts = np.clip(np.ceil(high - 0.5), 0, height).astype(np.int64) - first
    edges = np.repeat(np.arange(len(points)), counts)
    if not len(edges):
        return np.zeros((0, 0), np.bool_), 0, 0
    rows = np.arange(len(edges)) - np.repeat(np.cumsum(counts) - counts, counts) + first[edges]
    (x, y), (end_x, end_y) = points[edges].T, ends[edges].T
    crossings = x + (rows + 0.5 - y) / (end_y - y) * (end_x - x)
    columns = np.clip(np.ceil(crossings - 0.5), 0, width).astype(np.int64)
    top, left = int(rows.min()), int(columns.min())
    toggles = np.zeros((int(rows.max()) + 1 - top, int(columns.max()) + 1 - left), np.bool_)
    np.logical_xor.at(toggles, (rows - top, columns - left), True)
    return np.logical_xor.accumulate(toggles, axis=1)[:, :-1], left, top

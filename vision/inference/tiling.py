"""Looking at an image in overlapping tiles too, so that small objects come out larger.

Source: SPEC §4.3; Ünel, Özkalayci, Çiğla: The Power of Tiling for Small Object Detection, CVPRW 2019.
"""

from __future__ import annotations

from dataclasses import dataclass

from vision.spec.settings import InferenceSettings, TilingSettings

Tile = tuple[int, int, int, int]
"""xyxy in px of the image."""


@dataclass(frozen=True)
class Tiling:
    """`across` × `down` tiles of equal size; each shares `overlap` of its side with the next. What is found twice, in
    two tiles or in a tile and the whole image, is merged where boxes of one class overlap by more than `nms_iou`."""

    across: int
    down: int
    overlap: float
    nms_iou: float

    @property
    def passes(self) -> int:
        """How often the network looks at an image: at each tile, and at the whole."""
        return self.across * self.down + 1

    @property
    def magnification(self) -> float:
        """How many times as large the least enlarged side of a tile comes out."""
        return max(_count_sides(self.across, self.overlap), _count_sides(self.down, self.overlap))

    def cut(self, width: int, height: int) -> list[Tile]:
        """The tiles of an image, row by row; together they cover it."""
        columns = _cut_side(width, self.across, self.overlap)
        return [
            (left, top, right, bottom)
            for top, bottom in _cut_side(height, self.down, self.overlap)
            for left, right in columns
        ]


def choose_tiling(settings: InferenceSettings) -> Tiling | None:
    """The tiling that the settings ask for, if any; a grid of one tile would be the whole image again."""
    if not isinstance(settings, TilingSettings) or settings.tile_grid_size in (None, "1x1"):
        return None
    across, down = (int(side) for side in str(settings.tile_grid_size).split("x"))
    return Tiling(across, down, settings.tile_overlap_ratio, settings.tile_predictions_nms_thresh)


def _count_sides(count: int, overlap: float) -> float:
    """How many sides of a tile the whole side is long."""
    return count - (count - 1) * overlap


def _cut_side(length: int, count: int, overlap: float) -> list[tuple[int, int]]:
    side = length / _count_sides(count, overlap)
    starts = [number * side * (1 - overlap) for number in range(count)]
    parts = [(min(round(start), length - 1), round(start + side)) for start in starts]
    return [(first, max(first + 1, last)) for first, last in parts]

"""Label cells as objects: boxes and masks in px of an image at any size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from faster_coco_eval.core import mask as coco

from vision.data.masks import fill_rings
from vision.errors import InvalidDatasetError
from vision.metrics.detection.objects import Rle, TrueObjects
from vision.training.inputs.rows import ImageRows

Ring = list[float]
"""`[x1, y1, x2, y2, …]` in 0–1."""
_LEAST_NUMBERS = 6  # of a ring: three points


class _Cell(msgspec.Struct):
    """One object of a canonical cell: a box, or rings."""

    label: str
    isCrowd: int = 0  # noqa: N815  Azure's spelling
    topX: float = 0  # noqa: N815
    topY: float = 0  # noqa: N815
    bottomX: float = 0  # noqa: N815
    bottomY: float = 0  # noqa: N815
    polygon: list[Ring] | None = None


_decode = msgspec.json.Decoder(list[_Cell]).decode


@dataclass(frozen=True)
class LabelledObjects:
    """The objects of one image in 0–1: `boxes` float64 [n, 4], xyxy; `labels` int64 [n]; `crowd` bool [n]; `polygons`
    the rings of each, None where only boxes count."""

    boxes: np.ndarray
    labels: np.ndarray
    crowd: np.ndarray
    polygons: list[list[Ring]] | None

    def to_truth(self, width: int, height: int) -> TrueObjects:
        """The objects in px of the upright image. Masks are filled as COCO's own tools fill polygons."""
        masks = None if self.polygons is None else [compress_rings(rings, width, height) for rings in self.polygons]
        scale = np.array([width, height, width, height], dtype=np.float64)
        return TrueObjects(width, height, self.boxes * scale, self.labels, self.crowd, masks)

    def without_crowds(self) -> LabelledObjects:
        """Those that a network is trained on."""
        if not self.crowd.any():
            return self
        kept = np.flatnonzero(~self.crowd)
        polygons = None if self.polygons is None else [self.polygons[place] for place in kept]
        return LabelledObjects(self.boxes[kept], self.labels[kept], self.crowd[kept], polygons)


def compress_rings(rings: Sequence[Ring], width: int, height: int) -> Rle:
    """The union of an object's rings as a mask of the image."""
    scaled = [(np.array(ring).reshape(-1, 2) * (width, height)).ravel().tolist() for ring in rings]
    rle: Rle = coco.merge(coco.frPyObjects(scaled, height, width))
    return rle


def draw_masks(polygons: Sequence[Sequence[Ring]], width: int, height: int) -> np.ndarray:
    """uint8 [n, height, width] (0, 1)."""
    masks = np.zeros((len(polygons), height, width), dtype=np.uint8)
    for mask, rings in zip(masks, polygons, strict=True):
        mask[:] = fill_rings(rings, width, height)
    return masks


@dataclass(frozen=True)
class SplitLabels:
    """The objects of a split's images by index, read from their cells when asked for. `has_masks`: polygons count."""

    rows: ImageRows
    label_names: list[str]
    has_masks: bool

    def __getitem__(self, index: int) -> LabelledObjects:
        """The objects of an image.

        Raises:
            InvalidDatasetError: a label that is not one of the run's, a box or polygon without area.
        """
        try:
            cells = _decode(self.rows.annotation[index])
        except msgspec.DecodeError as error:
            raise self._refuse(index, f"its label cell is no list of objects ({error})") from error
        numbers = {name: number for number, name in enumerate(self.label_names)}
        boxes = np.zeros((len(cells), 4))
        for place, cell in enumerate(cells):
            if cell.label not in numbers:
                raise self._refuse(index, f"object {place + 1} is a {cell.label!r}, which is no label of this run")
            boxes[place] = self._read_box(index, place, cell)
        return LabelledObjects(
            boxes,
            np.array([numbers[cell.label] for cell in cells], dtype=np.int64),
            np.array([bool(cell.isCrowd) for cell in cells], dtype=np.bool_),
            [self._read_rings(index, place, cell) for place, cell in enumerate(cells)] if self.has_masks else None,
        )

    def list_truth(self, indices: Sequence[int]) -> list[TrueObjects]:
        """The objects of these images, crowds among them, in px of the upright image."""
        return [self[index].to_truth(self.rows.width[index], self.rows.height[index]) for index in indices]

    def check(self) -> int:
        """Read every cell; returns how many objects there are to train on.

        Raises:
            InvalidDatasetError: one cannot be used.
        """
        return sum(int((~self[index].crowd).sum()) for index in range(len(self.rows)))

    def _read_box(self, index: int, place: int, cell: _Cell) -> tuple[float, float, float, float]:
        box = (cell.topX, cell.topY, cell.bottomX, cell.bottomY)
        if cell.polygon:
            points = [value for ring in cell.polygon for value in ring]
            box = (min(points[::2]), min(points[1::2]), max(points[::2]), max(points[1::2]))
        if not (box[0] < box[2] and box[1] < box[3]):
            raise self._refuse(index, f"object {place + 1} ({cell.label}) has no area")
        return box

    def _read_rings(self, index: int, place: int, cell: _Cell) -> list[Ring]:
        if not cell.polygon:
            raise self._refuse(index, f"object {place + 1} ({cell.label}) has no polygon")
        if any(len(ring) < _LEAST_NUMBERS or len(ring) % 2 for ring in cell.polygon):
            raise self._refuse(
                index, f"a ring of object {place + 1} ({cell.label}) is not made of three points or more"
            )
        return cell.polygon

    def _refuse(self, index: int, reason: str) -> InvalidDatasetError:
        return InvalidDatasetError(
            f"{self.rows.path[index]} cannot be used: {reason}.", hint="Correct the label, or leave the image out."
        )

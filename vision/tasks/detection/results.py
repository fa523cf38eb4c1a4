"""What was found, as it is scored: one structure an image, plain enough to travel between processes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from faster_coco_eval.core import mask as coco

from vision.inference.finding import Found
from vision.inference.pasting import MaskPart
from vision.metrics.detection.objects import FoundObjects, Rle
from vision.tasks.base import Outputs


def compress_found(found: Found, width: int, height: int) -> FoundObjects:
    """The objects found in an image, each mask as run lengths of the upright image."""
    masks = None if found.masks is None else [compress_part(part, width, height) for part in found.masks]
    return FoundObjects(found.boxes, found.labels, found.scores, masks)


def compress_part(part: MaskPart, width: int, height: int) -> Rle:
    """A part of a mask as run lengths of the whole, which is never made: photos have millions of pixels."""
    columns = np.zeros((part.pixels.shape[1], height), dtype=np.uint8)  # run lengths go down the columns
    columns[:, part.top : part.top + part.pixels.shape[0]] = part.pixels.T
    values = columns.ravel()
    changes = np.flatnonzero(np.diff(values, prepend=0, append=0)) + part.left * height
    ends = [*changes[changes < width * height].tolist(), width * height]
    counts = np.diff(ends, prepend=0).tolist()
    rle: Rle = coco.frPyObjects({"counts": counts, "size": [height, width]}, height, width)
    return rle


def merge_outputs(outputs: Sequence[Outputs]) -> tuple[list[int], list[FoundObjects], list[float]]:
    """Every image of a split once, in order: its index, what was found in it, its loss (NaN: not asked for)."""
    found: dict[int, tuple[FoundObjects, float]] = {}
    for part in outputs:
        for index, objects, loss in zip(part["indices"].tolist(), part["found"], part["losses"], strict=True):
            found[index] = (objects, loss)
    indices = sorted(found)
    return indices, [found[index][0] for index in indices], [found[index][1] for index in indices]

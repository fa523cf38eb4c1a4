"""Areas, and how far objects overlap, by their boxes or their masks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from faster_coco_eval.core import mask as coco_masks

from vision.metrics.detection.objects import FoundObjects, TrueObjects


def find_areas(objects: TrueObjects | FoundObjects, by_masks: bool) -> np.ndarray:
    """px², float64 [n]."""
    if by_masks:
        return np.asarray(coco_masks.area(objects.masks) if len(objects) else [], dtype=np.float64)
    return _box_areas(objects.boxes)


def compare_images(truth: Sequence[TrueObjects], found: Sequence[FoundObjects], *, by_masks: bool) -> list[np.ndarray]:
    """`find_overlaps` of each image; both sequences have one entry an image, in the same order."""
    return [find_overlaps(its, mine, by_masks) for its, mine in zip(found, truth, strict=True)]


def find_overlaps(found: FoundObjects, truth: TrueObjects, by_masks: bool) -> np.ndarray:
    """IoU of each find with each true object, float64 [finds, truths].

    With a crowd it is the share of the find that lies in the crowd, as COCO counts it.
    """
    if not len(found) or not len(truth):
        return np.zeros((len(found), len(truth)))
    crowd = truth.crowd.astype(int).tolist()
    if by_masks:
        return np.asarray(coco_masks.iou(found.masks, truth.masks, crowd), dtype=np.float64)
    return np.asarray(coco_masks.iou(_find_sides(found.boxes), _find_sides(truth.boxes), crowd), dtype=np.float64)


def _find_sides(boxes: np.ndarray) -> np.ndarray:
    """Boxes as COCO writes them, left, top, width and height: float64 [n, 4]."""
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1, dtype=np.float64)


def _box_areas(boxes: np.ndarray) -> np.ndarray:
    areas: np.ndarray = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1)
    return areas

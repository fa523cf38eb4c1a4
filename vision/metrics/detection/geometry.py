"""Areas, and how far objects overlap, by their boxes or their masks."""

from __future__ import annotations

import numpy as np
from faster_coco_eval.core import mask as coco_masks

from vision.metrics.detection.objects import FoundObjects, TrueObjects


def find_areas(objects: TrueObjects | FoundObjects, by_masks: bool) -> np.ndarray:
    """px², float64 [n]."""
    if by_masks:
        return np.asarray(coco_masks.area(objects.masks) if len(objects) else [], dtype=np.float64)
    return _box_areas(objects.boxes)


def find_overlaps(found: FoundObjects, truth: TrueObjects, by_masks: bool) -> np.ndarray:
    """IoU of each find with each true object, float64 [finds, truths].

    With a crowd it is the share of the find that lies in the crowd, as COCO counts it.
    """
    if not len(found) or not len(truth):
        return np.zeros((len(found), len(truth)))
    if by_masks:
        return np.asarray(coco_masks.iou(found.masks, truth.masks, truth.crowd.astype(int).tolist()), dtype=np.float64)
    corners = np.minimum(found.boxes[:, None, 2:], truth.boxes[:, 2:])
    corners -= np.maximum(found.boxes[:, None, :2], truth.boxes[:, :2])  # [finds, truths, 2]: width and height
    shared = np.clip(corners, 0, None).prod(axis=2)
    area = _box_areas(found.boxes)[:, None]
    whole = np.where(truth.crowd, area, area + _box_areas(truth.boxes) - shared)
    overlaps: np.ndarray = np.divide(shared, whole, out=np.zeros_like(shared), where=whole > 0)
    return overlaps


def _box_areas(boxes: np.ndarray) -> np.ndarray:
    areas: np.ndarray = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1)
    return areas

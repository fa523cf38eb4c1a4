"""COCO's twelve numbers and the average precision of each label, counted by faster-coco-eval.

Source: the evaluation of Lin et al., Microsoft COCO, 2014, as pycocotools defines it: 101 recall points, the mean over
IoU 0.50 to 0.95 in steps of 0.05, at most 100 detections an image and label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster

from vision.metrics.detection.geometry import find_areas
from vision.metrics.detection.objects import FoundObjects, TrueObjects

NAMES = (
    "AP",
    "AP50",
    "AP75",
    "AP_small",
    "AP_medium",
    "AP_large",
    "AR_1",
    "AR_10",
    "AR_100",
    "AR_small",
    "AR_medium",
    "AR_large",
)


@dataclass(frozen=True)
class CocoScores:
    """`numbers` by the names of `NAMES`; `by_label` the AP over all IoUs of each label. None where nothing is there."""

    numbers: dict[str, float | None]
    by_label: list[float | None]


def score_coco(
    truth: Sequence[TrueObjects], found: Sequence[FoundObjects], label_count: int, *, by_masks: bool
) -> CocoScores:
    """Both sequences have one entry an image, in the same order. Labels without truth are left out of means.

    An object's area, which decides whether it is small, medium or large, is that of what is compared: of its mask or
    of its box, in px of the upright image.
    """
    if not any(len(one) for one in truth):
        return CocoScores(dict.fromkeys(NAMES), [None] * label_count)
    images = [{"id": index, "width": one.width, "height": one.height} for index, one in enumerate(truth, start=1)]
    scorer = COCOeval_faster(
        _index(images, label_count, _describe(truth, by_masks)),
        _index(images, label_count, _describe(found, by_masks)),
        "segm" if by_masks else "bbox",
    )
    scorer.run()
    precision = scorer.eval["precision"][:, :, :, 0, -1]  # [IoU, recall, label], −1 where the label has no truth
    by_label = [_number(precision[:, :, label].mean()) for label in range(label_count)]
    numbers = {name: _number(value) for name, value in zip(NAMES, scorer.stats, strict=True)}
    return CocoScores(numbers, by_label)


def _index(images: list[dict[str, Any]], label_count: int, annotations: list[dict[str, Any]]) -> COCO:
    categories = [{"id": label + 1} for label in range(label_count)]
    indexed = COCO()
    indexed.dataset = {"images": images, "categories": categories, "annotations": annotations}
    indexed.createIndex()
    return indexed


def _describe(objects: Sequence[TrueObjects | FoundObjects], by_masks: bool) -> list[dict[str, Any]]:
    """The objects as COCO writes them; ids count from 1, because 0 means unmatched to the library."""
    described: list[dict[str, Any]] = []
    for image, one in enumerate(objects, start=1):
        if not len(one):
            continue
        sides = np.concatenate([one.boxes[:, :2], one.boxes[:, 2:] - one.boxes[:, :2]], axis=1)
        columns = {
            "category_id": (one.labels + 1).tolist(),
            "bbox": sides.tolist(),
            "area": find_areas(one, by_masks).tolist(),
            "iscrowd": one.crowd.astype(int).tolist() if isinstance(one, TrueObjects) else [0] * len(one),
            **({"score": one.scores.tolist()} if isinstance(one, FoundObjects) else {}),
            **({"segmentation": one.masks} if by_masks else {}),
        }
        names, first = tuple(columns), len(described) + 1
        described += [
            {"id": first + index, "image_id": image, **dict(zip(names, values, strict=True))}
            for index, values in enumerate(zip(*columns.values(), strict=True))
        ]
    return described


def _number(value: float) -> float | None:
    return None if value < 0 else float(value)

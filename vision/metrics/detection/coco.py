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

from vision.metrics.detection.geometry import compare_images, find_areas
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
    truth: Sequence[TrueObjects],
    found: Sequence[FoundObjects],
    label_count: int,
    *,
    by_masks: bool,
    matrices: Sequence[np.ndarray] | None = None,
) -> CocoScores:
    """Both sequences have one entry an image, in the same order. Labels without truth are left out of means.

    An object's area, which decides whether it is small, medium or large, is that of what is compared: of its mask or
    of its box, in px of the upright image. `matrices` are what `compare_images` made of the same objects, where that
    is at hand.
    """
    if not any(len(one) for one in truth):
        return CocoScores(dict.fromkeys(NAMES), [None] * label_count)
    if matrices is None:
        matrices = compare_images(truth, found, by_masks=by_masks)
    scorer = _Scorer(
        _index(len(truth), label_count, _describe(truth, by_masks)),
        _index(len(truth), label_count, _describe(found, by_masks)),
        "bbox",
    )
    scorer.images = [_Image.of(*one) for one in zip(truth, found, matrices, strict=True)]
    scorer.run()
    precision = scorer.eval["precision"][:, :, :, 0, -1]  # [IoU, recall, label], −1 where the label has no truth
    by_label = [_number(precision[:, :, label].mean()) for label in range(label_count)]
    numbers = {name: _number(value) for name, value in zip(NAMES, scorer.stats, strict=True)}
    return CocoScores(numbers, by_label)


@dataclass(frozen=True)
class _Image:
    """Labels of the true objects, labels of the finds, best first, and their overlaps [finds, truths]."""

    truth: np.ndarray
    found: np.ndarray
    overlap: np.ndarray

    @classmethod
    def of(cls, truth: TrueObjects, found: FoundObjects, overlap: np.ndarray) -> _Image:
        order = np.argsort(-found.scores, kind="stable")
        return cls(truth.labels, found.labels[order], overlap[order])


class _Scorer(COCOeval_faster):  # type: ignore[misc]  # the library has no types
    """Takes overlaps that are known, which are all that it compares: for boxes or masks, it is set to boxes."""

    images: list[_Image]

    def computeIoU(self, imgId: int, catId: int) -> np.ndarray:  # noqa: N802, N803  (the library's names)
        """The overlaps of one image and label."""
        image = self.images[imgId - 1]
        finds = (image.found == catId - 1).nonzero()[0][: self.params.maxDets[-1]]
        truths = (image.truth == catId - 1).nonzero()[0]
        overlap: np.ndarray = image.overlap[finds[:, None], truths]
        return overlap


def _index(image_count: int, label_count: int, annotations: list[dict[str, Any]]) -> COCO:
    indexed = COCO()
    indexed.dataset = {
        "images": [{"id": index + 1} for index in range(image_count)],
        "categories": [{"id": label + 1} for label in range(label_count)],
        "annotations": annotations,
    }
    indexed.createIndex()
    return indexed


def _describe(objects: Sequence[TrueObjects | FoundObjects], by_masks: bool) -> list[dict[str, Any]]:
    """What the library needs to know of the objects; ids count from 1, because 0 means unmatched to it."""
    described: list[dict[str, Any]] = []
    for image, one in enumerate(objects, start=1):
        nothing = np.zeros(len(one))
        crowd = one.crowd if isinstance(one, TrueObjects) else nothing
        scores = one.scores if isinstance(one, FoundObjects) else nothing
        columns = (one.labels + 1, find_areas(one, by_masks), crowd.astype(np.int64), scores)
        described += [
            {"id": number, "image_id": image, "category_id": label, "area": area, "iscrowd": is_crowd, "score": score}
            for number, (label, area, is_crowd, score) in enumerate(
                zip(*(column.tolist() for column in columns), strict=True), start=len(described) + 1
            )
        ]
    return described


def _number(value: float) -> float | None:
    return None if value < 0 else float(value)

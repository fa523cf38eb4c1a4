"""The objects of single images: which find is right, what is wrong with the others, what was not found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vision.metrics.detection.confusion import ConfusionCounter
from vision.metrics.detection.errors import TYPES, find_errors
from vision.metrics.detection.matching import match_finds
from vision.metrics.detection.objects import FoundObjects, TrueObjects
from vision.metrics.detection.overlaps import measure_overlaps


@dataclass(frozen=True)
class FindVerdict:
    """`error` is one of `errors.TYPES` or None where the find is right or lies in a crowd. `truth` is the index of the
    true object that it matched, or that the error is about; None for the background. `iou` is their overlap."""

    iou: float
    error: str | None
    truth: int | None


@dataclass(frozen=True)
class ImageAnalysis:
    """One image: a verdict for each find as they were given, whatever its score. All else is about the finds that reach
    the score threshold.

    `is_found` and `is_missed` are per true object: an object that a find has an error of class or localisation on is
    neither, nor is a crowd. `pairs` are what the confusion matrix counts, (label of the true object or None, label of
    the find or None). `badness` is the sum of the scores of wrong finds and 1 for each missed object: being sure of
    what is not there is worse than a weak guess.
    """

    finds: list[FindVerdict]
    is_found: list[bool]
    is_missed: list[bool]
    errors: list[str]
    pairs: list[tuple[int | None, int | None]]
    badness: float

    @property
    def missed(self) -> int:
        return sum(self.is_missed)

    @property
    def is_right(self) -> bool:
        return not self.errors


def analyse_image(
    truth: TrueObjects, found: FoundObjects, label_count: int, *, by_masks: bool, iou: float, score: float
) -> ImageAnalysis:
    """As `analyse_images`, of one."""
    return analyse_images([truth], [found], label_count, by_masks=by_masks, iou=iou, score=score)[0]


def analyse_images(
    truth: Sequence[TrueObjects],
    found: Sequence[FoundObjects],
    label_count: int,
    *,
    by_masks: bool,
    iou: float,
    score: float,
) -> list[ImageAnalysis]:
    """One analysis an image, at one IoU and one score threshold."""
    overlaps = measure_overlaps(truth, found, label_count, by_masks=by_masks)
    errors = find_errors(overlaps, match_finds(overlaps, iou), score)
    finds, truths = overlaps.found, overlaps.truth
    counts = finds.score >= score
    place = np.append(truths.place, -1)[errors.truth]
    badness = np.bincount(finds.image, finds.score * (counts & (errors.error >= 0)), minlength=len(truth))
    badness += np.bincount(truths.image[errors.is_missed], minlength=len(truth))
    pairs = _pair_labels(ConfusionCounter(overlaps, iou), score, len(truth))
    rows = np.lexsort((finds.place, finds.image))
    found_parts = _split(rows, [len(one) for one in found])
    truth_parts = _split(np.arange(len(truths)), [len(one) for one in truth])
    analyses = []
    for image, (mine, its) in enumerate(zip(found_parts, truth_parts, strict=True)):
        is_missed = errors.is_missed[its].tolist()
        present = {int(error) for error in errors.error[mine[counts[mine]]] if error >= 0}
        analyses.append(
            ImageAnalysis(
                [
                    FindVerdict(float(overlap), None if error < 0 else TYPES[error], None if at < 0 else int(at))
                    for overlap, error, at in zip(errors.iou[mine], errors.error[mine], place[mine], strict=True)
                ],
                errors.is_found[its].tolist(),
                is_missed,
                [name for index, name in enumerate(TYPES) if index in present or (name == "missed" and any(is_missed))],
                pairs[image],
                float(badness[image]),
            )
        )
    return analyses


def _pair_labels(counter: ConfusionCounter, score: float, images: int) -> list[list[tuple[int | None, int | None]]]:
    listed: list[list[tuple[int | None, int | None]]] = [[] for _ in range(images)]
    for image, truth, found in counter.list_pairs(score):
        listed[image].append((truth, found))
    return listed


def _split(values: np.ndarray, lengths: Sequence[int]) -> list[np.ndarray]:
    return np.split(values, np.cumsum(lengths)[:-1]) if lengths else []

"""The objects of single images: which find is right, what is wrong with the others, what was not found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vision.metrics.detection.average_precision import rank_finds
from vision.metrics.detection.confusion import ConfusionCounter
from vision.metrics.detection.errors import TYPES, Errors, find_errors
from vision.metrics.detection.matching import match_finds
from vision.metrics.detection.objects import FoundObjects, TrueObjects
from vision.metrics.detection.overlaps import Overlaps, measure_overlaps
from vision.metrics.detection.scores import describe_scores, list_told_scores
from vision.metrics.detection.sizes import name_sizes

Pair = tuple[int | None, int | None]
"""What a confusion matrix counts: label of the true object (None: background), label of the find (None: missed)."""


@dataclass(frozen=True)
class FindVerdict:
    """`error` is one of `errors.TYPES` or None where the find is right or lies in a crowd. `truth` is the index of the
    true object that it matched, or that the error is about; None for the background. `iou` is their overlap."""

    score: float
    iou: float
    error: str | None
    truth: int | None


@dataclass(frozen=True)
class ObjectVerdict:
    """A true object: its size by COCO's limits; the score of the find that matched it; the best score of the finds that
    matched it or have an error of class or localisation on it. None where there is no such find."""

    size: str
    is_crowd: bool
    found_from: float | None
    covered_from: float | None


@dataclass(frozen=True)
class ImageAnalysis:
    """One image: verdicts on all its finds and true objects in the order they were given, and what they amount to where
    finds count from `score` on.

    `pairs_from` are what the confusion matrix counts from each of the scores on that the report tells of. `badness` is
    the sum of the scores of wrong finds and 1 for each missed object: being sure of what is not there is worse than a
    weak guess.
    """

    finds: list[FindVerdict]
    objects: list[ObjectVerdict]
    score: float
    pairs_from: dict[float, list[Pair]]

    @property
    def is_found(self) -> list[bool]:
        return [_reaches(one.found_from, self.score) and not one.is_crowd for one in self.objects]

    @property
    def is_missed(self) -> list[bool]:
        """An object with an error of class or localisation on it is not found and not missed either, nor is a crowd."""
        return [not one.is_crowd and not _reaches(one.covered_from, self.score) for one in self.objects]

    @property
    def missed(self) -> int:
        return sum(self.is_missed)

    @property
    def wrong(self) -> list[FindVerdict]:
        return [one for one in self.finds if one.error and one.score >= self.score]

    @property
    def errors(self) -> list[str]:
        """The types of mistakes there are."""
        present = {one.error for one in self.wrong} | ({"missed"} if self.missed else set())
        return [name for name in TYPES if name in present]

    @property
    def pairs(self) -> list[Pair]:
        return self.pairs_from[self.score]

    @property
    def badness(self) -> float:
        return sum(one.score for one in self.wrong) + self.missed

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
    """One analysis an image, at one IoU."""
    overlaps = measure_overlaps(truth, found, label_count, by_masks=by_masks)
    matches = match_finds(overlaps, iou)
    errors = find_errors(overlaps, matches)
    finds, objects = _judge_finds(overlaps, errors), _judge_objects(overlaps, errors)
    counter = ConfusionCounter(overlaps, iou)
    scores = list_told_scores(describe_scores(rank_finds(overlaps, matches), score), score)
    pairs = {one: _pair_labels(counter, one, len(truth)) for one in scores}
    rows = np.lexsort((overlaps.found.place, overlaps.found.image))
    found_parts = _split(rows, [len(one) for one in found])
    truth_parts = _split(np.arange(len(objects)), [len(one) for one in truth])
    return [
        ImageAnalysis(
            [finds[row] for row in mine],
            [objects[row] for row in its],
            score,
            {one: listed[image] for one, listed in pairs.items()},
        )
        for image, (mine, its) in enumerate(zip(found_parts, truth_parts, strict=True))
    ]


def _judge_finds(overlaps: Overlaps, errors: Errors) -> list[FindVerdict]:
    place = np.append(overlaps.truth.place, -1)[errors.truth]
    columns = (overlaps.found.score.tolist(), errors.iou.tolist(), errors.error.tolist(), place.tolist())
    return [
        FindVerdict(score, iou, None if error < 0 else TYPES[error], None if at < 0 else at)
        for score, iou, error, at in zip(*columns, strict=True)
    ]


def _judge_objects(overlaps: Overlaps, errors: Errors) -> list[ObjectVerdict]:
    columns = (overlaps.truth.crowd.tolist(), errors.found_from.tolist(), errors.covered_from.tolist())
    return [
        ObjectVerdict(size, crowd, _finite(found), _finite(covered))
        for size, crowd, found, covered in zip(name_sizes(overlaps.truth.area), *columns, strict=True)
    ]


def _reaches(value: float | None, score: float) -> bool:
    return value is not None and value >= score


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _pair_labels(counter: ConfusionCounter, score: float, images: int) -> list[list[Pair]]:
    listed: list[list[Pair]] = [[] for _ in range(images)]
    for image, truth, found in counter.list_pairs(score):
        listed[image].append((truth, found))
    return listed


def _split(values: np.ndarray, lengths: Sequence[int]) -> list[np.ndarray]:
    return np.split(values, np.cumsum(lengths)[:-1]) if lengths else []

"""All objects of a set of images in flat tables, and every pair that overlaps: what all counting starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vision.metrics.detection.geometry import compare_images, find_areas
from vision.metrics.detection.objects import FoundObjects, TrueObjects


@dataclass(frozen=True)
class TrueTable:
    """One row a true object, image by image: arrays [T]. `place` is its index among the objects of its image."""

    image: np.ndarray
    label: np.ndarray
    crowd: np.ndarray
    area: np.ndarray
    place: np.ndarray

    def __len__(self) -> int:
        return len(self.label)


@dataclass(frozen=True)
class FoundTable:
    """One row a find, image by image and best first within: arrays [F].

    `crowd` is the row of the crowd of the same label in which it lies with the largest share, `crowd_share`; −1 and 0
    where there is none. `place` is its index among the finds of its image as they were given.
    """

    image: np.ndarray
    label: np.ndarray
    score: np.ndarray
    area: np.ndarray
    place: np.ndarray
    crowd: np.ndarray
    crowd_share: np.ndarray

    def __len__(self) -> int:
        return len(self.label)


@dataclass(frozen=True)
class PairTable:
    """One row for each find and true object (no crowd) of an image that overlap at all, whatever their labels.

    Sorted by the row of the find, then by IoU, largest first, then same label before another. Arrays [P].
    """

    found: np.ndarray
    truth: np.ndarray
    iou: np.ndarray
    is_same_label: np.ndarray

    def select(self, chosen: np.ndarray) -> PairTable:
        """The pairs at a boolean mask [P] or at indices, in their order."""
        return PairTable(self.found[chosen], self.truth[chosen], self.iou[chosen], self.is_same_label[chosen])


@dataclass(frozen=True)
class Overlaps:
    """A set of images, compared once; every threshold is applied to this later."""

    image_count: int
    label_count: int
    truth: TrueTable
    found: FoundTable
    pairs: PairTable

    @property
    def support(self) -> np.ndarray:
        """True objects of each label that are no crowds, int64 [labels]."""
        return np.bincount(self.truth.label[~self.truth.crowd], minlength=self.label_count)


def measure_overlaps(
    truth: Sequence[TrueObjects],
    found: Sequence[FoundObjects],
    label_count: int,
    *,
    by_masks: bool,
    matrices: Sequence[np.ndarray] | None = None,
) -> Overlaps:
    """Both sequences have one entry an image, in the same order; by masks, every object has one.

    `matrices` are what `compare_images` made of the same objects, where that is at hand.
    """
    if matrices is None:
        matrices = compare_images(truth, found, by_masks=by_masks)
    truths = TrueTable(
        _image_of(truth),
        _join([one.labels for one in truth], np.int64),
        _join([one.crowd for one in truth], np.bool_),
        _join([find_areas(one, by_masks) for one in truth], np.float64),
        _join([np.arange(len(one)) for one in truth], np.int64),
    )
    image, score = _image_of(found), _join([one.scores for one in found], np.float64)
    order = np.lexsort((-score, image))
    row = np.empty_like(order)
    row[order] = np.arange(len(order))
    compared = [_compare(*one) for one in zip(truth, found, matrices, strict=True)]
    first_true, first_found = _starts(truth), _starts(found)
    finds = FoundTable(
        image,
        _join([one.labels for one in found], np.int64)[order],
        score[order],
        _join([find_areas(one, by_masks) for one in found], np.float64)[order],
        _join([np.arange(len(one)) for one in found], np.int64)[order],
        _join([_shift(one.crowd, start) for one, start in zip(compared, first_true, strict=True)], np.int64)[order],
        _join([one.crowd_share for one in compared], np.float64)[order],
    )
    pair_found = row[_join([one.found + start for one, start in zip(compared, first_found, strict=True)], np.int64)]
    pair_truth = _join([one.truth + start for one, start in zip(compared, first_true, strict=True)], np.int64)
    pair_iou = _join([one.iou for one in compared], np.float64)
    is_same_label = finds.label[pair_found] == truths.label[pair_truth]
    pairs = PairTable(pair_found, pair_truth, pair_iou, is_same_label)
    by_find = np.lexsort((~is_same_label, -pair_iou, pair_found))
    return Overlaps(len(compared), label_count, truths, finds, pairs.select(by_find))


@dataclass(frozen=True)
class _Compared:
    """One image: its overlapping pairs, and of each find the crowd it lies in (−1: none); places, not rows."""

    found: np.ndarray
    truth: np.ndarray
    iou: np.ndarray
    crowd: np.ndarray
    crowd_share: np.ndarray


def _compare(truth: TrueObjects, found: FoundObjects, overlap: np.ndarray) -> _Compared:
    crowd, share = np.full(len(found), -1), np.zeros(len(found))
    if truth.crowd.any():
        inside = overlap * (truth.crowd & (found.labels[:, None] == truth.labels))
        share = inside.max(axis=1)
        crowd = np.where(share > 0, inside.argmax(axis=1), -1)
    rows, columns = np.nonzero(overlap * ~truth.crowd)
    return _Compared(rows, columns, overlap[rows, columns], crowd, share)


def _image_of(objects: Sequence[TrueObjects] | Sequence[FoundObjects]) -> np.ndarray:
    return np.repeat(np.arange(len(objects)), [len(one) for one in objects])


def _starts(objects: Sequence[TrueObjects] | Sequence[FoundObjects]) -> list[int]:
    """The row of the first object of each image."""
    starts: list[int] = np.cumsum([0, *(len(one) for one in objects)])[:-1].tolist()
    return starts


def _shift(places: np.ndarray, start: int) -> np.ndarray:
    return np.where(places < 0, -1, places + start)


def _join(columns: Sequence[np.ndarray], dtype: type[np.generic]) -> np.ndarray:
    return np.concatenate([np.zeros(0, dtype), *columns]).astype(dtype, copy=False)

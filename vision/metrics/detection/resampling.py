"""How far the mean average precision would wander with other images of the same kind: the bootstrap over images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from vision.metrics.bootstrap import Confidence, bootstrap_confidence
from vision.metrics.detection.average_precision import Ranking, envelope
from vision.metrics.detection.overlaps import Overlaps

_CELLS = 4_000_000  # of one array at a time: 32 MB
_POINTS = 101
_ROUNDING = 1e-9


def bootstrap_average_precision(
    overlaps: Overlaps, rankings: Sequence[Ranking], metric: str, *, by_points: bool = False
) -> Confidence | None:
    """The interval of the mean over labels of the average precision; None without images or true objects.

    It is VOC's, or `by_points` COCO's, the mean at 101 recalls. A label of which a drawn set has no true objects is
    left out of the mean of that set.
    """
    resampler = AveragePrecisionResampler(overlaps, rankings, by_points=by_points)
    return bootstrap_confidence(metric, overlaps.image_count, resampler.average_precision)


class AveragePrecisionResampler:
    """The mean average precision of any set drawn from the images, without matching anything again.

    What a find matches depends on its own image alone, so a set drawn with repeats only changes how often each find
    and each true object counts.
    """

    def __init__(self, overlaps: Overlaps, rankings: Sequence[Ranking], *, by_points: bool = False) -> None:
        truth = overlaps.truth
        self._labels = [
            _Label.of(ranking, truth.image[(truth.label == label) & ~truth.crowd], overlaps.image_count, by_points)
            for label, ranking in enumerate(rankings)
            if ranking.support
        ]

    def average_precision(self, counts: np.ndarray) -> np.ndarray:
        """`counts` float64 [sets, images]: how often each image was drawn. Returns float64 [sets], NaN: undefined."""
        sums, defined = np.zeros(len(counts)), np.zeros(len(counts))
        for label in self._labels:
            rows = max(1, _CELLS // max(1, len(label.right_image)))
            for start in range(0, len(counts), rows):
                part = slice(start, start + rows)
                area = label.average_precision(np.ascontiguousarray(counts[part].T))
                defined[part] += ~np.isnan(area)
                sums[part] += np.nan_to_num(area)
        mean: np.ndarray = np.divide(sums, defined, out=np.full(len(counts), np.nan), where=defined > 0)
        return mean


@dataclass(frozen=True)
class _Label:
    """One label: the image of each right find, best first [K]; how many finds each image has from one right find (not
    counted) up to the next [K, images]; how many true objects each image has [images]; whether precision counts at 101
    recalls or everywhere."""

    right_image: np.ndarray
    finds: sparse.csr_matrix
    support: np.ndarray
    by_points: bool

    @classmethod
    def of(cls, ranking: Ranking, truth_image: np.ndarray, image_count: int, by_points: bool) -> _Label:
        place = np.flatnonzero(ranking.is_right)
        shape = (len(place), image_count)
        reached = int(place[-1]) + 1 if len(place) else 0  # finds after the last right one lower no envelope
        section = np.searchsorted(place, np.arange(reached), side="left")
        finds = sparse.csr_matrix((np.ones(reached), (section, ranking.image[:reached])), shape)
        support = np.bincount(truth_image, minlength=image_count).astype(np.float64)
        return cls(ranking.image[place], finds, support, by_points)

    def average_precision(self, counts: np.ndarray) -> np.ndarray:
        """`counts` float64 [images, sets]; float64 [sets], NaN where a set has no true object."""
        weights = counts[self.right_image]  # [K, sets]
        ranked = np.cumsum(self.finds @ counts, axis=0)
        right = np.cumsum(weights, axis=0)
        precision = np.divide(right, ranked, out=np.zeros_like(right), where=ranked > 0)
        support = self.support @ counts
        shares = _count_points(right, support) if self.by_points else weights
        area = (envelope(precision.T).T * shares).sum(axis=0)
        whole = _POINTS if self.by_points else support
        divided: np.ndarray = np.divide(area, whole, out=np.full(len(area), np.nan), where=support > 0)
        return divided


def _count_points(right: np.ndarray, support: np.ndarray) -> np.ndarray:
    """How many of the recalls 0, 0.01, …, 1 are reached first by each right find: [K, sets]; `right` counts them up."""
    recall = np.divide(right, support, out=np.zeros_like(right), where=support > 0)
    reached = np.floor(recall * (_POINTS - 1) + _ROUNDING) + (right > 0)
    counted: np.ndarray = np.diff(reached, axis=0, prepend=0.0)
    return counted

"""The average precision of PASCAL VOC: the area under the envelope of the precision-recall curve, at all points.

The precision at each recall is replaced by the largest at any recall as large or larger.

Source: Everingham et al., The PASCAL Visual Object Classes Challenge, 2010, §4.2, with the area of 2010 on.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vision.metrics.detection.matching import Matches
from vision.metrics.detection.overlaps import Overlaps


@dataclass(frozen=True)
class Ranking:
    """The finds of one label that count, best first, with the number of true objects there are to find."""

    support: int
    score: np.ndarray
    is_right: np.ndarray
    image: np.ndarray

    @property
    def recall(self) -> np.ndarray:
        """Of the finds up to each, float64 [n]; NaN without true objects."""
        return np.cumsum(self.is_right) / (self.support or np.nan)

    @property
    def precision(self) -> np.ndarray:
        """Of the finds up to each, float64 [n]."""
        precision: np.ndarray = np.cumsum(self.is_right) / np.arange(1, len(self.is_right) + 1)
        return precision

    @property
    def average_precision(self) -> float | None:
        """None without true objects."""
        if not self.support:
            return None
        return float(envelope(self.precision)[self.is_right].sum() / self.support)


def rank_finds(
    overlaps: Overlaps, matches: Matches, counts: np.ndarray | bool = True, support: np.ndarray | None = None
) -> list[Ranking]:
    """One ranking a label. Finds at the same score stay in the order of their images.

    `counts` (bool [F]) says which finds to rank, of those that are not ignored anyway; `support` (int [C]) how many
    objects there are to find, where these are not all.
    """
    found, support = overlaps.found, overlaps.support if support is None else support
    kept = np.flatnonzero(~matches.is_ignored & counts)
    order = kept[np.lexsort((-found.score[kept], found.label[kept]))]
    bounds = np.searchsorted(found.label[order], np.arange(overlaps.label_count + 1))
    parts = [order[start:end] for start, end in pairwise(bounds)]
    is_right = matches.is_right
    return [
        Ranking(int(support), found.score[part], is_right[part], found.image[part])
        for support, part in zip(support, parts, strict=True)
    ]


def envelope(precision: np.ndarray) -> np.ndarray:
    """The largest precision at or after each place along the last axis."""
    highest: np.ndarray = np.maximum.accumulate(precision[..., ::-1], axis=-1)[..., ::-1]
    return highest


def mean_defined(values: list[float | None]) -> float | None:
    """The mean of those that are defined; None where none is."""
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if defined else None

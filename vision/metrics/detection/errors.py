"""What is wrong with each find, and which true objects nothing found.

A find that counts and is no match has one error, judged by the true object it overlaps most, whatever its label:

- `duplicate`: overlaps it enough, and the label is right, but another find got the object
- `class`: overlaps it enough, but the label is another
- `localisation`: overlaps none enough, but one of its own label a little
- `both`: overlaps only objects of other labels a little
- `background`: overlaps nothing, or next to nothing

Enough is the IoU threshold, a little is 0.1. An object is `missed` when no find matches it and none has an error of
class or localisation on it.

Source: Bolya et al., TIDE: A General Toolbox for Identifying Object Detection Errors, 2020, §2.2. Where two of its
definitions hold at once it takes them in an order of its own; here the object that is overlapped most decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vision.metrics.detection.matching import Matches, best_pairs
from vision.metrics.detection.overlaps import Overlaps

TYPES = ("class", "localisation", "both", "duplicate", "background", "missed")
A_LITTLE = 0.1
MAX_EXAMPLES = 20
_CLASS, _LOCALISATION, _BOTH, _DUPLICATE, _BACKGROUND, _MISSED = range(len(TYPES))


@dataclass(frozen=True)
class Errors:
    """Of each find its `error` (an index into `TYPES`, −1: none), the row of the true object that this or its match is
    about (−1: none) and their IoU: arrays [F], whatever its score.

    Of each true object the score of the find that matched it, and the best score of those that matched it or have an
    error of class or localisation on it (−inf: none did): arrays [T]. So every threshold is applied to this later.
    """

    error: np.ndarray
    truth: np.ndarray
    iou: np.ndarray
    found_from: np.ndarray
    covered_from: np.ndarray
    is_crowd: np.ndarray

    def is_found(self, score: float) -> np.ndarray:
        """Which true objects are matched by a find with at least this score: bool [T]."""
        is_found: np.ndarray = self.found_from >= score
        return is_found

    def is_missed(self, score: float) -> np.ndarray:
        """Which true objects no find with at least this score is about: bool [T]; crowds are not missed."""
        is_missed: np.ndarray = ~self.is_crowd & (self.covered_from < score)
        return is_missed


def find_errors(overlaps: Overlaps, matches: Matches) -> Errors:
    """What is wrong with each find, and from which score on each object is found."""
    found, pairs = overlaps.found, overlaps.pairs
    nearest, nearest_iou = best_pairs(pairs, len(found))
    own, own_iou = best_pairs(pairs.select(pairs.is_same_label), len(found))
    is_enough, is_own = nearest_iou >= matches.iou, (nearest == own) & (own >= 0)
    kinds = np.select(
        [is_enough & is_own, is_enough, own_iou >= A_LITTLE, nearest_iou >= A_LITTLE],
        [_DUPLICATE, _CLASS, _LOCALISATION, _BOTH],
        _BACKGROUND,
    )
    error = np.where(matches.is_wrong, kinds, -1)
    conditions = [matches.is_ignored, matches.is_right | (error == _LOCALISATION), error == _BACKGROUND]
    truth = np.select(conditions, [found.crowd, own, -1], nearest)
    iou = np.select(conditions[:2], [found.crowd_share, own_iou], nearest_iou)
    found_from = np.full(len(overlaps.truth), -np.inf)
    np.maximum.at(found_from, truth[matches.is_right], found.score[matches.is_right])
    covered_from = found_from.copy()
    is_about = (error == _CLASS) | (error == _LOCALISATION)
    np.maximum.at(covered_from, truth[is_about], found.score[is_about])
    return Errors(error, truth, iou, found_from, covered_from, overlaps.truth.crowd)


def count_errors(overlaps: Overlaps, errors: Errors, score: float) -> list[dict[str, Any]]:
    """`{"type", "count", "examples"}` of each type, over the finds with a score of at least `score`.

    `examples` are the places of up to 20 images in the sequence that was measured, the worst first: those whose errors
    of the type have the largest scores together, or which have most missed objects.
    """
    counts = overlaps.found.score >= score
    rows = []
    for index, name in enumerate(TYPES):
        if index == _MISSED:
            image, weight = overlaps.truth.image[errors.is_missed(score)], None
        else:
            chosen = counts & (errors.error == index)
            image, weight = overlaps.found.image[chosen], overlaps.found.score[chosen]
        badness = np.bincount(image, weight, minlength=overlaps.image_count)
        worst = np.argsort(-badness, kind="stable")[:MAX_EXAMPLES]
        present = np.bincount(image, minlength=overlaps.image_count) > 0
        rows.append({"type": name, "count": len(image), "examples": worst[present[worst]].tolist()})
    return rows

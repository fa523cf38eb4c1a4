"""Which find is right: the rule of PASCAL VOC.

A find belongs to the true object of its label with which it overlaps most, if that reaches the IoU threshold. The find
with the best score gets the object, all later ones are wrong. COCO differs here: it hands a later find the next object
that is still free. A find that gets no object but lies in a crowd of its label is neither right nor wrong, like one on
an object that VOC marks as difficult; as with COCO, it is the share of the find inside the crowd that has to reach the
threshold.

Source: Everingham et al., The PASCAL Visual Object Classes Challenge, 2010, §4.2, and its development kit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vision.metrics.detection.overlaps import Overlaps, PairTable


@dataclass(frozen=True)
class Matches:
    """For each find its `truth` (row of the true object it got, or −1) and whether it `is_ignored`: arrays [F].

    What a find gets does not depend on finds with a lower score, so leaving these out leaves the others as they are.
    """

    iou: float
    truth: np.ndarray
    is_ignored: np.ndarray

    @property
    def is_right(self) -> np.ndarray:
        is_right: np.ndarray = self.truth >= 0
        return is_right

    @property
    def is_wrong(self) -> np.ndarray:
        is_wrong: np.ndarray = (self.truth < 0) & ~self.is_ignored
        return is_wrong


def match_finds(overlaps: Overlaps, iou: float) -> Matches:
    """Match at one IoU threshold, over all scores."""
    close = overlaps.pairs.select(overlaps.pairs.is_same_label & (overlaps.pairs.iou >= iou))
    best = close.select(first_of_each(close.found, len(overlaps.found)))
    # Finds of an image are in the order of their scores, so the first row to claim an object is the best.
    given = best.select(first_of_each(best.truth, len(overlaps.truth)))
    truth = np.full(len(overlaps.found), -1)
    truth[given.found] = given.truth
    return Matches(iou, truth, (truth < 0) & (overlaps.found.crowd_share >= iou) & (overlaps.found.crowd >= 0))


def best_pairs(pairs: PairTable, found_count: int) -> tuple[np.ndarray, np.ndarray]:
    """The true object with which each find overlaps most (−1: none), and how far: arrays [F]."""
    best = pairs.select(first_of_each(pairs.found, found_count))
    truth, iou = np.full(found_count, -1), np.zeros(found_count)
    truth[best.found], iou[best.found] = best.truth, best.iou
    return truth, iou


def first_of_each(values: np.ndarray, count: int) -> np.ndarray:
    """True where a value of 0…count−1 appears for the first time: bool, as long as `values`."""
    first = np.full(count, -1)
    first[values[::-1]] = np.arange(len(values))[::-1]  # of several, the last one written stays
    is_first: np.ndarray = first[values] == np.arange(len(values))
    return is_first

"""Which find is right: the rule of PASCAL VOC.

A find belongs to the true object of its label with which it overlaps most, if that reaches the IoU threshold. The find
with the best score gets the object, all later ones are wrong. COCO differs here: it hands a later find the next object
that is still free (`match_finds_freely`). A find that gets no object but lies in a crowd of its label is neither right
nor wrong, like one on an object that VOC marks as difficult; as with COCO, it is the share of the find inside the crowd
that has to reach the threshold.

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


def match_finds_freely(overlaps: Overlaps, iou: float, most: int) -> Matches:
    """Match as COCO does: a find whose object is taken gets the next one that is free and overlaps enough.

    Only the `most` best finds of an image and label count; the others are ignored.
    """
    counts = rank_in_label(overlaps) < most
    pairs = overlaps.pairs
    close = pairs.select(pairs.is_same_label & (pairs.iou >= iou) & counts[pairs.found])
    truth = pair_off(close, len(overlaps.found), len(overlaps.truth))
    is_in_crowd = (overlaps.found.crowd_share >= iou) & (overlaps.found.crowd >= 0)
    return Matches(iou, truth, (truth < 0) & (is_in_crowd | ~counts))


def pair_off(pairs: PairTable, found_count: int, truth_count: int) -> np.ndarray:
    """Pairs finds with true objects one to one, going down `pairs` and passing over who is taken.

    The row of the true object that each find got (−1: none): [F].
    """
    truth = np.full(found_count, -1)
    used = np.zeros(truth_count, np.bool_)
    left = pairs
    while len(left.found):
        # A pair that is the first left for both its sides is one that going down the list would take.
        taken = first_of_each(left.found, found_count) & first_of_each(left.truth, truth_count)
        truth[left.found[taken]] = left.truth[taken]
        used[left.truth[taken]] = True
        left = left.select((truth[left.found] < 0) & ~used[left.truth])
    return truth


def rank_in_label(overlaps: Overlaps) -> np.ndarray:
    """How many finds of the same image and label score better: [F]."""
    found = overlaps.found
    order = np.lexsort((np.arange(len(found)), found.label, found.image))
    is_first = np.append(True, (np.diff(found.label[order]) != 0) | (np.diff(found.image[order]) != 0))[: len(found)]
    start = np.maximum.accumulate(np.where(is_first, np.arange(len(found)), 0))
    rank = np.empty(len(found), np.int64)
    rank[order] = np.arange(len(found)) - start
    return rank


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

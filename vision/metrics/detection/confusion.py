"""Which label is taken for which: confusion matrices of found objects, and the pairs they count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from vision.metrics.detection.matching import pair_off
from vision.metrics.detection.overlaps import Overlaps

_MOST_CELLS = 500_000  # of all matrices of a report


class ConfusionCounter:
    """Pairs finds with true objects whatever their labels, one to one, those that overlap most first.

    Of pairs that overlap alike, one of the same label goes first, then the find with the better score. Finds that get
    no object but lie in a crowd of their label are left out.
    """

    def __init__(self, overlaps: Overlaps, iou: float) -> None:
        close = overlaps.pairs.select(overlaps.pairs.iou >= iou)
        score = overlaps.found.score[close.found]
        self._overlaps, self._iou = overlaps, iou
        self._close = close.select(np.lexsort((-score, ~close.is_same_label, -close.iou)))

    def pair_finds(self, score: float) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the finds that count at a score of at least `score`, and of the true object each got (−1: none)."""
        found = self._overlaps.found
        close = self._close.select(found.score[self._close.found] >= score)
        truth = pair_off(close, len(found), len(self._overlaps.truth))
        counts = (found.score >= score) & ((truth >= 0) | (found.crowd < 0) | (found.crowd_share < self._iou))
        kept = np.flatnonzero(counts)
        return kept, truth[kept]

    def count(self, score: float) -> list[list[int]]:
        """[C+1, C+1]: rows are the labels of true objects, then the background; columns those of finds, then missed."""
        side = self._overlaps.label_count + 1
        _, truth, found = self._label_pairs(score)
        matrix: list[list[int]] = np.bincount(truth * side + found, minlength=side**2).reshape(side, side).tolist()
        return matrix

    def list_pairs(self, score: float) -> Iterator[tuple[int, int | None, int | None]]:
        """What `count` counts: (image, label of the true object, label of the find), None for background or missed."""
        labels = self._overlaps.label_count
        for image, *pair in zip(*(column.tolist() for column in self._label_pairs(score)), strict=True):
            truth, found = (None if label == labels else label for label in pair)
            yield image, truth, found

    def _label_pairs(self, score: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Image, label of the true object and label of the find; C for background or missed."""
        kept, truth = self.pair_finds(score)
        truths, found, none = self._overlaps.truth, self._overlaps.found, self._overlaps.label_count
        is_missed = ~truths.crowd
        is_missed[truth[truth >= 0]] = False
        missed = np.flatnonzero(is_missed)
        return (
            np.concatenate([found.image[kept], truths.image[missed]]),
            np.concatenate([np.append(truths.label, none)[truth], truths.label[missed]]),
            np.concatenate([found.label[kept], np.full(len(missed), none)]),
        )


def confusion_matrices(overlaps: Overlaps, iou: float, scores: Sequence[float]) -> list[dict[str, Any]]:
    """`{"score", "matrix"}` at each of `scores`, the first of which matters most: with very many labels only as many
    matrices are counted as have half a million cells together, which may be none."""
    fitting = _MOST_CELLS // (overlaps.label_count + 1) ** 2
    counter = ConfusionCounter(overlaps, iou)
    return [{"score": score, "matrix": counter.count(score)} for score in sorted(list(scores)[:fitting])]

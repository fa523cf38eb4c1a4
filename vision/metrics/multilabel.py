"""Multi-label metrics under the names Azure logs them by: each image has any number of labels, none included.

A label is given to an image when its probability reaches 0.5. Counted by hand rather than by scikit-learn, which takes
a single label for two classes; the numbers are the same wherever both are defined.

Source: SPEC §7.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vision.metrics.areas import area_under_roc, average_area, average_precision
from vision.metrics.classification import AVERAGES

THRESHOLD = 0.5


@dataclass(frozen=True)
class LabelCounts:
    """How the decisions over each label came out, int [C] each."""

    true_positives: np.ndarray
    false_positives: np.ndarray
    false_negatives: np.ndarray

    @classmethod
    def of(cls, truth: np.ndarray, predicted: np.ndarray) -> LabelCounts:
        """Both bool [N, C]."""
        return cls((truth & predicted).sum(axis=0), (~truth & predicted).sum(axis=0), (truth & ~predicted).sum(axis=0))

    @property
    def support(self) -> np.ndarray:
        support: np.ndarray = self.true_positives + self.false_negatives
        return support

    def pooled(self) -> LabelCounts:
        """All labels as one."""
        return LabelCounts(*(counts.sum(keepdims=True) for counts in self._all()))

    def scores(self) -> dict[str, np.ndarray]:
        """Precision, recall, F1 and IoU of each label, float [C]; 0 where there is nothing to divide by."""
        right, extra, missed = self._all()
        return {
            "precision_score": _divide(right, right + extra),
            "recall_score": _divide(right, right + missed),
            "f1_score": _divide(2 * right, 2 * right + extra + missed),
            "iou": _divide(right, right + extra + missed),
        }

    def _all(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.true_positives, self.false_positives, self.false_negatives


def multilabel_metrics(truth: np.ndarray, probabilities: np.ndarray) -> dict[str, float | None]:
    """Every scalar metric; None where the data leave it undefined. `truth` bool [N, C], `probabilities` float [N, C].

    `iou` is the mean over images of `image_ious`; `iou_macro`, `_micro` and `_weighted` average over labels as the
    others do. `accuracy` is the share of images with every label right. Precision, recall, F1 and IoU of a label that
    is neither there nor given count 0; areas leave out labels that all images have or none.
    """
    predicted = probabilities >= THRESHOLD
    counts = LabelCounts.of(truth, predicted)
    values: dict[str, float | None] = {
        "iou": float(image_ious(truth, predicted).mean()),
        "accuracy": float((truth == predicted).all(axis=1).mean()),
    }
    by_label, pooled = counts.scores(), counts.pooled().scores()
    for average in AVERAGES:
        for name, scores in by_label.items():
            values[f"{name}_{average}"] = (
                float(pooled[name][0]) if average == "micro" else _average(scores, counts.support, average)
            )
        values[f"AUC_{average}"] = average_area(area_under_roc, truth, probabilities, average)
        values[f"average_precision_score_{average}"] = average_area(average_precision, truth, probabilities, average)
    return values


def image_ious(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Labels that are both there and given, over labels that are either: float64 [N]. Both are bool [N, C].

    1 for an image without labels that is given none: nothing was to be found and nothing was, which is as right as can
    be.
    """
    either = (truth | predicted).sum(axis=1)
    return np.where(either == 0, 1.0, _divide((truth & predicted).sum(axis=1), either))


def per_label_table(truth: np.ndarray, probabilities: np.ndarray, names: list[str]) -> list[dict[str, Any]]:
    """One row a label: its scores, support (images that have it), areas (None where undefined) and its 2 × 2 table."""
    counts = LabelCounts.of(truth, probabilities >= THRESHOLD)
    scores = counts.scores()
    return [
        {
            "label": name,
            "precision": float(scores["precision_score"][index]),
            "recall": float(scores["recall_score"][index]),
            "f1_score": float(scores["f1_score"][index]),
            "iou": float(scores["iou"][index]),
            "support": int(counts.support[index]),
            "AUC": area_under_roc(truth[:, index], probabilities[:, index]),
            "average_precision": average_precision(truth[:, index], probabilities[:, index]),
            "true_positives": int(counts.true_positives[index]),
            "false_positives": int(counts.false_positives[index]),
            "false_negatives": int(counts.false_negatives[index]),
            "true_negatives": int(len(truth) - counts.support[index] - counts.false_positives[index]),
        }
        for index, name in enumerate(names)
    ]


def count_mix_ups(truth: np.ndarray, predicted: np.ndarray) -> list[list[int]]:
    """Images on which one label (row) was missed and another (column) falsely given: counts [C, C]."""
    missed, extra = (truth & ~predicted).astype(np.int64), (~truth & predicted).astype(np.int64)
    counts: list[list[int]] = (missed.T @ extra).tolist()
    return counts


def _average(scores: np.ndarray, support: np.ndarray, average: str) -> float:
    if average == "weighted":
        return float(np.average(scores, weights=support)) if support.any() else 0.0
    return float(scores.mean())


def _divide(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    quotient: np.ndarray = np.divide(part, whole, out=np.zeros(len(whole)), where=whole != 0)
    return quotient

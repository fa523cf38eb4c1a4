"""Multi-label metrics under the names Azure logs them by: each image has any number of labels, none included.

A label is given to an image when its probability reaches 0.5. The numbers are scikit-learn's, but a single label is not
taken for two classes.

Source: SPEC §7.1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vision.metrics.areas import AVERAGES, Decisions, average_areas
from vision.metrics.counts import LabelCounts, divide

THRESHOLD = 0.5


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
    areas = average_areas(truth, probabilities)
    for average in AVERAGES:
        values |= {f"{name}_{average}": value for name, value in counts.averages(average).items()}
        values |= {f"{name}_{average}": areas[f"{name}_{average}"] for name in ("AUC", "average_precision_score")}
    return values


def image_ious(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Labels that are both there and given, over labels that are either: float64 [N]. Both are bool [N, C].

    1 for an image without labels that is given none: nothing was to be found and nothing was, which is as right as can
    be.
    """
    either = (truth | predicted).sum(axis=1)
    return np.where(either == 0, 1.0, divide((truth & predicted).sum(axis=1), either))


def per_label_table(truth: np.ndarray, probabilities: np.ndarray, names: list[str]) -> list[dict[str, Any]]:
    """One row a label: its scores, support (images that have it), areas (None where undefined) and its 2 × 2 table."""
    counts = LabelCounts.of(truth, probabilities >= THRESHOLD)
    scores = counts.scores()
    decisions = [Decisions.of(truth[:, index], probabilities[:, index]) for index in range(len(names))]
    return [
        {
            "label": name,
            "precision": float(scores["precision_score"][index]),
            "recall": float(scores["recall_score"][index]),
            "f1_score": float(scores["f1_score"][index]),
            "iou": float(scores["iou"][index]),
            "support": int(counts.support[index]),
            "AUC": decisions[index].area_under_roc(),
            "average_precision": decisions[index].average_precision(),
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

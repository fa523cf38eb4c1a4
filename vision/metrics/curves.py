"""ROC and precision-recall curves, one-vs-rest, thin enough to draw."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import metrics as sk

MAX_POINTS = 200
MICRO_AVERAGE = "micro average"

Curve = dict[str, Any]


def classification_curves(truth: np.ndarray, probabilities: np.ndarray, names: list[str]) -> dict[str, list[Curve]]:
    """`{"roc": […], "precision_recall": […]}`, each `{"label", "x", "y", "area"}` of at most 200 points.

    `truth` is int [N], `probabilities` float [N, C]. One curve a class and their micro average; a class without both
    positives and negatives has no ROC curve, one without positives no precision-recall curve.
    ROC: x false positive rate, y true positive rate. Precision-recall: x recall, y precision.
    """
    one_hot = np.eye(len(names), dtype=bool)[truth]
    series = [(name, one_hot[:, index], probabilities[:, index]) for index, name in enumerate(names)]
    series.append((MICRO_AVERAGE, one_hot.ravel(), probabilities.ravel()))
    return {
        "roc": [_roc(*entry) for entry in series if entry[1].any() and not entry[1].all()],
        "precision_recall": [_precision_recall(*entry) for entry in series if entry[1].any()],
    }


def _roc(label: str, is_positive: np.ndarray, scores: np.ndarray) -> Curve:
    x, y, _ = sk.roc_curve(is_positive, scores)
    return _curve(label, x, y, float(sk.auc(x, y)))


def _precision_recall(label: str, is_positive: np.ndarray, scores: np.ndarray) -> Curve:
    precision, recall, _ = sk.precision_recall_curve(is_positive, scores)
    area = float(sk.average_precision_score(is_positive, scores))
    return _curve(label, recall[::-1], precision[::-1], area)


def _curve(label: str, x: np.ndarray, y: np.ndarray, area: float) -> Curve:
    kept = np.unique(np.linspace(0, len(x) - 1, min(len(x), MAX_POINTS)).round().astype(int))
    return {"label": label, "x": x[kept].round(6).tolist(), "y": y[kept].round(6).tolist(), "area": area}

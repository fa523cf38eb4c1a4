"""ROC and precision-recall curves, one-vs-rest, thin enough to draw."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import metrics as sk

MAX_POINTS = 200
MICRO_AVERAGE = "micro average"
MACRO_AVERAGE = "macro average"
WEIGHTED_AVERAGE = "weighted average"

Curve = dict[str, Any]


def classification_curves(is_positive: np.ndarray, scores: np.ndarray, names: list[str]) -> dict[str, list[Curve]]:
    """`{"roc": […], "precision_recall": […]}`, each `{"label", "x", "y", "area"}` of at most 200 points.

    `is_positive` is bool [N, C], `scores` float [N, C]. One curve a class, then their micro, macro and weighted
    averages; a class without both positives and negatives has no ROC curve, one without positives no precision-recall
    curve. Macro is the mean of the classes' curves at each x, weighted the mean by their positives.
    ROC: x false positive rate, y true positive rate. Precision-recall: x recall, y precision.
    """
    columns = [(name, is_positive[:, index], scores[:, index]) for index, name in enumerate(names)]
    micro = (MICRO_AVERAGE, is_positive.ravel(), scores.ravel())
    with_both = [entry for entry in columns if entry[1].any() and not entry[1].all()]
    with_positives = [entry for entry in columns if entry[1].any()]
    return {
        "roc": [
            *(_roc(*entry) for entry in with_both),
            *([_roc(*micro)] if is_positive.any() and not is_positive.all() else []),
            *_mean_curves([_roc_at(*entry[1:]) for entry in with_both], [entry[1].sum() for entry in with_both]),
        ],
        "precision_recall": [
            *(_precision_recall(*entry) for entry in with_positives),
            *([_precision_recall(*micro)] if is_positive.any() else []),
            *_mean_curves(
                [_precision_at(*entry[1:]) for entry in with_positives], [entry[1].sum() for entry in with_positives]
            ),
        ],
    }


def _roc(label: str, is_positive: np.ndarray, scores: np.ndarray) -> Curve:
    x, y, _ = sk.roc_curve(is_positive, scores)
    return _curve(label, x, y, float(sk.auc(x, y)))


def _precision_recall(label: str, is_positive: np.ndarray, scores: np.ndarray) -> Curve:
    precision, recall, _ = sk.precision_recall_curve(is_positive, scores)
    area = float(sk.average_precision_score(is_positive, scores))
    return _curve(label, recall[::-1], precision[::-1], area)


_GRID = np.linspace(0, 1, MAX_POINTS)


def _roc_at(is_positive: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, float]:
    """The true positive rate at each false positive rate of the grid, and the area."""
    x, y, _ = sk.roc_curve(is_positive, scores)
    return np.interp(_GRID, x, y), float(sk.auc(x, y))


def _precision_at(is_positive: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, float]:
    """The precision with which each recall of the grid is reached first, and the average precision."""
    precision, recall, _ = sk.precision_recall_curve(is_positive, scores)
    first = np.searchsorted(recall[::-1], _GRID, side="left")
    return precision[::-1][first], float(sk.average_precision_score(is_positive, scores))


def _mean_curves(classes: list[tuple[np.ndarray, float]], supports: list[int]) -> list[Curve]:
    if not classes:
        return []
    values, areas = np.stack([values for values, _ in classes]), [area for _, area in classes]
    return [
        _curve(label, _GRID, np.average(values, axis=0, weights=weights), float(np.average(areas, weights=weights)))
        for label, weights in ((MACRO_AVERAGE, None), (WEIGHTED_AVERAGE, supports))
    ]


def _curve(label: str, x: np.ndarray, y: np.ndarray, area: float) -> Curve:
    kept = np.unique(np.linspace(0, len(x) - 1, min(len(x), MAX_POINTS)).round().astype(int))
    return {"label": label, "x": x[kept].round(6).tolist(), "y": y[kept].round(6).tolist(), "area": area}

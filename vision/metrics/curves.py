"""ROC and precision-recall curves, one-vs-rest, thin enough to draw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from vision.metrics.areas import Decisions

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
    classes = [(name, Decisions.of(is_positive[:, index], scores[:, index])) for index, name in enumerate(names)]
    pooled = (MICRO_AVERAGE, Decisions.of(is_positive.ravel(), scores.ravel()))
    return {"roc": _roc_curves(classes, pooled), "precision_recall": _precision_recall_curves(classes, pooled)}


_GRID = np.linspace(0, 1, MAX_POINTS)
_Named = tuple[str, Decisions]


def _roc_curves(classes: list[_Named], pooled: _Named) -> list[Curve]:
    curves = [
        (decisions, _curve(label, *decisions.roc(), area))
        for label, decisions in [*classes, pooled]
        if (area := decisions.area_under_roc()) is not None
    ]
    return _with_means(curves, lambda decisions: np.interp(_GRID, *decisions.roc()))


def _precision_recall_curves(classes: list[_Named], pooled: _Named) -> list[Curve]:
    curves = [
        (decisions, _curve(label, *decisions.precision_recall()[::-1], area))
        for label, decisions in [*classes, pooled]
        if (area := decisions.average_precision()) is not None
    ]
    return _with_means(curves, _precision_at)


def _precision_at(decisions: Decisions) -> np.ndarray:
    """The precision with which each recall of the grid is reached first."""
    precision, recall = decisions.precision_recall()
    first: np.ndarray = precision[np.searchsorted(recall, _GRID, side="left")]
    return first


def _with_means(curves: list[tuple[Decisions, Curve]], on_grid: Callable[[Decisions], np.ndarray]) -> list[Curve]:
    """The curves, and after them the means of the classes' ones (all but the last, which is of all classes)."""
    drawn = [curve for _, curve in curves]
    if len(curves) < 2:
        return drawn
    classes = curves[:-1]
    values = np.stack([on_grid(decisions) for decisions, _ in classes])
    areas = np.array([curve["area"] for _, curve in classes])
    for label, weights in (
        (MACRO_AVERAGE, None),
        (WEIGHTED_AVERAGE, [decisions.positives for decisions, _ in classes]),
    ):
        area = float(np.average(areas, weights=weights))
        drawn.append(_curve(label, _GRID, np.average(values, axis=0, weights=weights), area))
    return drawn


def _curve(label: str, x: np.ndarray, y: np.ndarray, area: float) -> Curve:
    kept = np.unique(np.linspace(0, len(x) - 1, min(len(x), MAX_POINTS)).round().astype(int))
    return {"label": label, "x": x[kept].round(6).tolist(), "y": y[kept].round(6).tolist(), "area": area}

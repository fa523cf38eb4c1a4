"""Areas under curves of yes-or-no decisions, for one class and averaged over all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn import metrics as sk

Area = Callable[[np.ndarray, np.ndarray], float | None]


def area_under_roc(is_positive: np.ndarray, scores: np.ndarray) -> float | None:
    """`is_positive` bool [N], `scores` float [N]; None without both positives and negatives."""
    if is_positive.all() or not is_positive.any():
        return None
    return float(sk.roc_auc_score(is_positive, scores))


def average_precision(is_positive: np.ndarray, scores: np.ndarray) -> float | None:
    """`is_positive` bool [N], `scores` float [N]; None without positives."""
    return float(sk.average_precision_score(is_positive, scores)) if is_positive.any() else None


def average_area(area: Area, is_positive: np.ndarray, scores: np.ndarray, average: str) -> float | None:
    """The `macro`, `micro` or `weighted` (by positives) average over classes; both arrays are [N, C].

    Classes whose area is undefined are left out; None where all are.
    """
    if average == "micro":
        return area(is_positive.ravel(), scores.ravel())
    areas = [(area(column, scores[:, index]), column.sum()) for index, column in enumerate(is_positive.T)]
    defined = [(value, support) for value, support in areas if value is not None]
    if not defined:
        return None
    weights = [support for _, support in defined] if average == "weighted" else None
    return float(np.average([value for value, _ in defined], weights=weights))

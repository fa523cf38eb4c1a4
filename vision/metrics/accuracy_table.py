"""`accuracy_table`: the counts that curves are made of, at a hundred thresholds.

Source: SPEC §7.1; the layout is that of AutoML's artifact of this name.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_THRESHOLDS = np.linspace(0, 1, 101).round(2)
_MOST_LABELS = 50  # a table grows with its labels, and nobody reads those of thousands


def accuracy_table(is_positive: np.ndarray, scores: np.ndarray, names: list[str]) -> dict[str, Any] | None:
    """`{"probability_tables", "probability_thresholds", "percentile_tables", "percentile_thresholds", "class_labels"}`.

    A table has one row a threshold, `[true positives, false positives, true negatives, false negatives]`, and there is
    one a class: at thresholds of the score, and at percentiles of the class's own scores. `is_positive` is bool [N, C],
    `scores` float [N, C]. None with more than fifty classes.
    """
    if len(names) > _MOST_LABELS or not len(scores):
        return None
    columns = list(zip(is_positive.T, scores.T, strict=True))
    return {
        "probability_tables": [_count(positive, score, _THRESHOLDS) for positive, score in columns],
        "probability_thresholds": _THRESHOLDS.tolist(),
        "percentile_tables": [_count(*column, np.quantile(column[1], _THRESHOLDS)) for column in columns],
        "percentile_thresholds": _THRESHOLDS.tolist(),
        "class_labels": names,
    }


def _count(is_positive: np.ndarray, scores: np.ndarray, thresholds: np.ndarray) -> list[list[int]]:
    positives, negatives = np.sort(scores[is_positive]), np.sort(scores[~is_positive])
    missed = np.searchsorted(positives, thresholds, side="left")
    left = np.searchsorted(negatives, thresholds, side="left")
    counts = np.stack([len(positives) - missed, len(negatives) - left, left, missed], axis=1)
    table: list[list[int]] = counts.tolist()
    return table

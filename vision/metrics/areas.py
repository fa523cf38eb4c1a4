"""Yes-or-no decisions at every threshold: their curves, the areas under them, and these averaged over classes.

The numbers are scikit-learn's, which takes ten times as long (`benchmarks.classification_metrics`), and a second and a
half of every start of a training to import.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

AVERAGES = ("macro", "micro", "weighted")


@dataclass(frozen=True)
class Decisions:
    """How many positives and negatives have at least each different score, the highest first: float [T] both."""

    true_positives: np.ndarray
    false_positives: np.ndarray

    @classmethod
    def of(cls, is_positive: np.ndarray, scores: np.ndarray) -> Decisions:
        """`is_positive` bool [N], `scores` float [N], N at least 1."""
        order = np.argsort(scores)[::-1]
        ends = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)  # of each run of equal scores
        true_positives = np.cumsum(is_positive[order])[ends].astype(np.float64)
        return cls(true_positives, ends + 1 - true_positives)

    @property
    def positives(self) -> int:
        return int(self.true_positives[-1])

    @property
    def negatives(self) -> int:
        return int(self.false_positives[-1])

    def roc(self) -> tuple[np.ndarray, np.ndarray]:
        """False and true positive rate, rising from 0 to 1, of the thresholds where the curve has a corner."""
        true, false = np.append(0, self.true_positives), np.append(0, self.false_positives)
        turns = np.diff(true, 2).astype(bool) | np.diff(false, 2).astype(bool)
        kept = np.concatenate([[True], turns, [True]])
        return false[kept] / false[-1], true[kept] / true[-1]

    def precision_recall(self) -> tuple[np.ndarray, np.ndarray]:
        """Precision, and recall rising from 0: before the first decision precision is 1."""
        precision = self.true_positives / (self.true_positives + self.false_positives)
        return np.append(1, precision), np.append(0, self.true_positives / self.true_positives[-1])

    def area_under_roc(self) -> float | None:
        """None without both positives and negatives."""
        if not (self.positives and self.negatives):
            return None
        x, y = self.roc()
        return float(np.trapezoid(y, x))

    def average_precision(self) -> float | None:
        """Precision averaged over the steps of recall; None without positives."""
        if not self.positives:
            return None
        precision, recall = self.precision_recall()
        return float(np.diff(recall) @ precision[1:])


def average_precision(is_positive: np.ndarray, scores: np.ndarray) -> float | None:
    """`is_positive` bool [N], `scores` float [N]; None without positives."""
    return Decisions.of(is_positive, scores).average_precision() if len(scores) else None


def average_areas(is_positive: np.ndarray, scores: np.ndarray) -> dict[str, float | None]:
    """`AUC_` and `average_precision_score_`, each `macro`, `micro` and `weighted` (by positives); both are [N, C].

    Classes whose area is undefined are left out; None where all are.
    """
    pooled = Decisions.of(is_positive.ravel(), scores.ravel())
    classes = [Decisions.of(column, scores[:, index]) for index, column in enumerate(is_positive.T)]
    support = is_positive.sum(axis=0)
    values: dict[str, float | None] = {}
    for name, area in (("AUC", Decisions.area_under_roc), ("average_precision_score", Decisions.average_precision)):
        of_classes = [area(decisions) for decisions in classes]
        defined = np.array([value is not None for value in of_classes])
        areas = np.array([value for value in of_classes if value is not None])
        values |= {
            f"{name}_macro": float(areas.mean()) if len(areas) else None,
            f"{name}_micro": area(pooled),
            f"{name}_weighted": float(np.average(areas, weights=support[defined])) if len(areas) else None,
        }
    return values

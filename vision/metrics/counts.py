"""How decisions came out, counted: what precision, recall and their like are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LabelCounts:
    """How the decisions over each label came out, int [C] each."""

    true_positives: np.ndarray
    false_positives: np.ndarray
    false_negatives: np.ndarray

    @classmethod
    def of(cls, truth: np.ndarray, predicted: np.ndarray) -> LabelCounts:
        """Of any number of labels an image: both bool [N, C]."""
        return cls((truth & predicted).sum(axis=0), (~truth & predicted).sum(axis=0), (truth & ~predicted).sum(axis=0))

    @classmethod
    def of_matrix(cls, matrix: np.ndarray) -> LabelCounts:
        """Of one label an image: a confusion matrix, int [C, C], rows true."""
        right = matrix.diagonal()
        return cls(right, matrix.sum(axis=0) - right, matrix.sum(axis=1) - right)

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
            "precision_score": divide(right, right + extra),
            "recall_score": divide(right, right + missed),
            "f1_score": divide(2 * right, 2 * right + extra + missed),
            "iou": divide(right, right + extra + missed),
        }

    def averages(self, average: str) -> dict[str, float]:
        """The `macro`, `micro` or `weighted` (by support) average of each score."""
        if average == "micro":
            return {name: float(values[0]) for name, values in self.pooled().scores().items()}
        weights = self.support if average == "weighted" else np.ones(len(self.support))
        total = weights.sum()
        return {name: float(values @ weights / total) if total else 0.0 for name, values in self.scores().items()}

    def _all(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.true_positives, self.false_positives, self.false_negatives


def count_pairs(truth: np.ndarray, predicted: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """How often each prediction meets each truth: int64 [rows, columns] of two int [N]."""
    return np.bincount(truth * columns + predicted, minlength=rows * columns).reshape(rows, columns)


def divide(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Element by element; 0 where there is nothing to divide by."""
    quotient: np.ndarray = np.divide(part, whole, out=np.zeros(len(whole)), where=whole != 0)
    return quotient

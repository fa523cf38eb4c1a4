"""Precision, recall and F1 of finds that reach a score, by label and averaged over the labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vision.metrics.detection.average_precision import Ranking, mean_defined

GRID = tuple(step / 20 for step in range(1, 20))
_TOLD = tuple(step / 10 for step in range(1, 10))


@dataclass(frozen=True)
class LabelCount:
    """How the finds of one label came out."""

    true_positives: int
    false_positives: int
    support: int

    @property
    def false_negatives(self) -> int:
        return self.support - self.true_positives

    @property
    def precision(self) -> float | None:
        """None where nothing was found."""
        return _divide(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float | None:
        """None where there is nothing to find."""
        return _divide(self.true_positives, self.support)

    @property
    def f1(self) -> float | None:
        """None where there is nothing to find and nothing was found; 0 where all that was found is wrong."""
        return _divide(2 * self.true_positives, self.true_positives + self.false_positives + self.support)


def count_label(ranking: Ranking, score: float) -> LabelCount:
    """Counts of the finds with a score of at least `score`."""
    kept = int(np.searchsorted(-ranking.score, -score, side="right"))
    right = int(ranking.is_right[:kept].sum())
    return LabelCount(right, kept - right, ranking.support)


def average_counts(rankings: Sequence[Ranking], score: float) -> dict[str, float | None]:
    """`precision`, `recall` and `f1` at a score threshold: each the mean over the labels that have true objects.

    A label of which nothing was found has no precision and is left out of its mean; its recall and F1 count 0.
    """
    counts = [count_label(ranking, score) for ranking in rankings if ranking.support]
    return {
        "precision": mean_defined([count.precision for count in counts]),
        "recall": mean_defined([count.recall for count in counts]),
        "f1": mean_defined([count.f1 for count in counts]),
    }


def describe_scores(rankings: Sequence[Ranking], score: float) -> list[dict[str, float | None]]:
    """`{"score", "precision", "recall", "f1"}` over a grid of score thresholds that holds `score` too, ascending."""
    return [{"score": value, **average_counts(rankings, value)} for value in sorted({*GRID, score})]


def recommend_score(points: Sequence[dict[str, Any]], preferred: float) -> float | None:
    """The score threshold with the best F1, of equals the one nearest to `preferred`; None where F1 never exceeds 0.

    It is chosen on the very images it is measured on, so on others it will do a little worse than stated.
    """
    best = max((point["f1"] or 0.0 for point in points), default=0.0)
    equals = [point["score"] for point in points if point["f1"] == best]
    return min(equals, key=lambda value: (abs(value - preferred), value)) if best else None


def list_told_scores(points: Sequence[dict[str, Any]], score: float) -> list[float]:
    """The thresholds at which everything is told: `score`, the recommended one, and steps of 0.1; the first matter
    most. `points` are those of `describe_scores`."""
    recommended = recommend_score(points, score)
    return list(dict.fromkeys([score, *([] if recommended is None else [recommended]), *_TOLD]))


def _divide(part: int, whole: int) -> float | None:
    return part / whole if whole else None

"""What other thresholds than 0.5 would have made of the same probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from vision.metrics.counts import LabelCounts
from vision.metrics.multilabel import THRESHOLD, image_ious

_SCORES = [step / 20 for step in range(1, 20)]


def thresholds_report(truth: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    """`{"score", "recommended_score", "metric", "scores": [{"score", "precision", "recall", "f1", "iou", "accuracy",
    "true_positives", "false_positives", "false_negatives"}, …]}`.

    `truth` bool [N, C], `probabilities` float [N, C]. Precision, recall and F1 are over all decisions together (micro),
    `iou` is the mean over images, `accuracy` the share of images with every label right; the counts are lists, one
    number a label. `recommended_score` has the best `iou`, of equals the one nearest to 0.5. It is chosen on the very
    images it is measured on, so on others it will do a little worse than stated.
    """
    rows = [_score_at(score, truth, probabilities) for score in _SCORES]
    best = max(rows, key=lambda row: (row["iou"], -abs(row["score"] - THRESHOLD)))
    return {"score": THRESHOLD, "recommended_score": best["score"], "metric": "iou", "scores": rows}


def _score_at(score: float, truth: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    predicted = probabilities >= score
    counts = LabelCounts.of(truth, predicted)
    pooled = counts.pooled().scores()
    return {
        "score": score,
        "precision": float(pooled["precision_score"][0]),
        "recall": float(pooled["recall_score"][0]),
        "f1": float(pooled["f1_score"][0]),
        "iou": float(image_ious(truth, predicted).mean()),
        "accuracy": float((truth == predicted).all(axis=1).mean()),
        "true_positives": counts.true_positives.tolist(),
        "false_positives": counts.false_positives.tolist(),
        "false_negatives": counts.false_negatives.tolist(),
    }

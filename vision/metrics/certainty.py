"""What comes of answering only where the network is sure enough: a multi-class model that may say nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from vision.metrics.counts import count_pairs

ALWAYS = 0.0
_SCORES = (ALWAYS, *(step / 20 for step in range(1, 20)))
_MOST_CELLS = 500_000  # of all matrices of a report


def describe_certainty(truth: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    """`{"score", "recommended_score", "metric", "scores": [{"score", "answered", "precision", "recall", "f1"}, …],
    "confusion_matrices": [{"score", "matrix"}, …]}`.

    `truth` int [N] of class indices, `probabilities` float [N, C]. An image is answered where its largest probability
    reaches the score. Precision is the share right of those answered (None: none is), recall of all images, `answered`
    the share of images that get an answer. A matrix is [C, C+1]: rows true, columns predicted, then not answered; with
    very many classes there is none. `recommended_score` has the best F1, of equals the lowest. It is chosen on the very
    images it is measured on, so on others it will do a little worse than stated.
    """
    largest, predicted = probabilities.max(axis=1), probabilities.argmax(axis=1)
    rows = [_score_at(score, largest >= score, predicted == truth) for score in _SCORES]
    best = max(rows, key=lambda row: (row["f1"], -row["score"]))
    classes = probabilities.shape[1]
    shown = _SCORES if len(_SCORES) * classes * (classes + 1) <= _MOST_CELLS else ()
    return {
        "score": ALWAYS,
        "recommended_score": best["score"],
        "metric": "f1",
        "scores": rows,
        "confusion_matrices": [
            {"score": score, "matrix": _count(truth, np.where(largest >= score, predicted, classes), classes)}
            for score in shown
        ],
    }


def _score_at(score: float, is_answered: np.ndarray, is_right: np.ndarray) -> dict[str, Any]:
    images, answered, right = len(is_right), int(is_answered.sum()), int((is_answered & is_right).sum())
    return {
        "score": score,
        "answered": answered / images,
        "precision": right / answered if answered else None,
        "recall": right / images,
        "f1": 2 * right / (answered + images),
    }


def _count(truth: np.ndarray, predicted: np.ndarray, classes: int) -> list[list[int]]:
    matrix: list[list[int]] = count_pairs(truth, predicted, classes, classes + 1).tolist()
    return matrix

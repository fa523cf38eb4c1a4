"""Multi-class metrics under the names Azure logs them by; the numbers are scikit-learn's.

Source: SPEC §7.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from vision.metrics.areas import AVERAGES, Decisions, average_areas
from vision.metrics.counts import LabelCounts, count_pairs

_TINY = 1e-15


def classification_metrics(truth: np.ndarray, probabilities: np.ndarray) -> dict[str, float | None]:
    """Every scalar metric of a multi-class prediction; None where the data leave it undefined.

    `truth` is int [N] of class indices, `probabilities` float [N, C]. Precision and recall of a class never predicted
    count 0. Areas are means over the classes that have both positives and negatives, weighted by support if so named.
    With two classes the `binary` average takes the second class as positive.
    """
    class_count = probabilities.shape[1]
    predicted = probabilities.argmax(axis=1)
    matrix = count_pairs(truth, predicted, class_count, class_count)
    counts, areas = LabelCounts.of_matrix(matrix), average_areas(one_hot(truth, class_count), probabilities)
    values: dict[str, float | None] = {
        "accuracy": float(np.mean(predicted == truth)),
        "weighted_accuracy": weighted_accuracy(truth, predicted),
    }
    scores = {average: counts.averages(average) for average in AVERAGES}
    if class_count == 2:
        scores["binary"] = {name: float(of_classes[1]) for name, of_classes in counts.scores().items()}
        decisions = Decisions.of(truth == 1, probabilities[:, 1])
        areas["AUC_binary"] = decisions.area_under_roc()
        areas["average_precision_score_binary"] = decisions.average_precision()
    for average, averaged in scores.items():
        values |= {f"{name}_{average}": averaged[name] for name in ("precision_score", "recall_score", "f1_score")}
        values |= {f"{name}_{average}": areas[f"{name}_{average}"] for name in ("AUC", "average_precision_score")}
    values |= _class_balanced(matrix)
    values["log_loss"] = log_loss(truth, probabilities)
    return values


def per_label_metrics(truth: np.ndarray, probabilities: np.ndarray, names: list[str]) -> list[dict[str, Any]]:
    """One row a class: precision, recall, f1_score, support, AUC, average_precision (None where undefined)."""
    predicted = probabilities.argmax(axis=1)
    counts = LabelCounts.of_matrix(count_pairs(truth, predicted, len(names), len(names)))
    scores = counts.scores()
    decisions = [Decisions.of(truth == index, probabilities[:, index]) for index in range(len(names))]
    return [
        {
            "label": name,
            "precision": float(scores["precision_score"][index]),
            "recall": float(scores["recall_score"][index]),
            "f1_score": float(scores["f1_score"][index]),
            "support": int(counts.support[index]),
            "AUC": decisions[index].area_under_roc(),
            "average_precision": decisions[index].average_precision(),
        }
        for index, name in enumerate(names)
    ]


_AVERAGED = {
    "precision": "precision_score",
    "recall": "recall_score",
    "f1_score": "f1_score",
    "iou": "iou",
    "AUC": "AUC",
    "average_precision": "average_precision_score",
}


def averages_table(values: Mapping[str, float | None]) -> dict[str, dict[str, float | None]]:
    """The footer of the per-label table: each average's row, of the metrics in `values` that are averaged so."""
    return {
        average: {
            column: values[f"{metric}_{average}"]
            for column, metric in _AVERAGED.items()
            if f"{metric}_{average}" in values
        }
        for average in AVERAGES
    }


def confusion_matrix(truth: np.ndarray, probabilities: np.ndarray) -> list[list[int]]:
    """Counts [C, C]: rows true, columns predicted."""
    classes = probabilities.shape[1]
    counts: list[list[int]] = count_pairs(truth, probabilities.argmax(axis=1), classes, classes).tolist()
    return counts


def weighted_accuracy(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Accuracy in which an image weighs as much as the share of its true class, so that frequent classes decide."""
    share = np.bincount(truth) / len(truth)
    return float(np.average(predicted == truth, weights=share[truth]))


def log_loss(truth: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean of −log p(true class), natural logarithm."""
    chosen = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.clip(chosen, _TINY, 1)).mean())


def _class_balanced(matrix: np.ndarray) -> dict[str, float | None]:
    """Balanced accuracy is over the classes that are there, chance over all of them."""
    support = matrix.sum(axis=1)
    present = support > 0
    balanced = float((matrix.diagonal()[present] / support[present]).mean())
    chance = 1 / max(2, len(matrix))
    return {
        "balanced_accuracy": balanced,
        "norm_macro_recall": (balanced - chance) / (1 - chance),
        "matthews_correlation": _matthews_correlation(matrix.astype(np.float64)),
    }


def _matthews_correlation(matrix: np.ndarray) -> float:
    """Of a confusion matrix, float64 [C, C]; 0 where all is one class or predicted as one.

    Source: Gorodkin, Comparing two K-category assignments by a K-category correlation coefficient, 2004.
    """
    truth, predicted, images = matrix.sum(axis=1), matrix.sum(axis=0), matrix.sum()
    shared = images * matrix.trace() - truth @ predicted
    spread = (images**2 - truth @ truth) * (images**2 - predicted @ predicted)
    return float(shared / np.sqrt(spread)) if spread else 0.0


def one_hot(truth: np.ndarray, class_count: int) -> np.ndarray:
    """Class indices int [N] as bool [N, C]."""
    encoded: np.ndarray = np.eye(class_count, dtype=bool)[truth]
    return encoded

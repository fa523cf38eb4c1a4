"""Multi-class metrics through scikit-learn, under the names Azure logs them by.

Source: SPEC §7.1.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn import metrics as sk

from vision.metrics.areas import Area, area_under_roc, average_area, average_precision

AVERAGES = ("macro", "micro", "weighted")
_TINY = 1e-15


def classification_metrics(truth: np.ndarray, probabilities: np.ndarray) -> dict[str, float | None]:
    """Every scalar metric of a multi-class prediction; None where the data leave it undefined.

    `truth` is int [N] of class indices, `probabilities` float [N, C]. Precision and recall of a class never predicted
    count 0. Areas are means over the classes that have both positives and negatives, weighted by support if so named.
    With two classes the `binary` average takes the second class as positive.
    """
    predicted = probabilities.argmax(axis=1)
    classes = list(range(probabilities.shape[1]))
    values: dict[str, float | None] = {
        "accuracy": float(np.mean(predicted == truth)),
        "weighted_accuracy": weighted_accuracy(truth, predicted),
    }
    averages = (*AVERAGES, "binary") if len(classes) == 2 else AVERAGES
    for average in averages:
        precision, recall, f1, _ = sk.precision_recall_fscore_support(
            truth,
            predicted,
            labels=None if average == "binary" else classes,
            average=average,
            zero_division=0,
        )
        values |= {
            f"precision_score_{average}": float(precision),
            f"recall_score_{average}": float(recall),
            f"f1_score_{average}": float(f1),
            f"AUC_{average}": _area(area_under_roc, truth, probabilities, average),
            f"average_precision_score_{average}": _area(average_precision, truth, probabilities, average),
        }
    values |= _class_balanced(truth, predicted, len(classes))
    values["log_loss"] = log_loss(truth, probabilities)
    return values


def per_label_metrics(truth: np.ndarray, probabilities: np.ndarray, names: list[str]) -> list[dict[str, Any]]:
    """One row a class: precision, recall, f1_score, support, AUC, average_precision (None where undefined)."""
    predicted = probabilities.argmax(axis=1)
    classes = list(range(len(names)))
    columns = sk.precision_recall_fscore_support(truth, predicted, labels=classes, zero_division=0)
    return [
        {
            "label": name,
            "precision": float(columns[0][index]),
            "recall": float(columns[1][index]),
            "f1_score": float(columns[2][index]),
            "support": int(columns[3][index]),
            "AUC": area_under_roc(truth == index, probabilities[:, index]),
            "average_precision": average_precision(truth == index, probabilities[:, index]),
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
    classes = list(range(probabilities.shape[1]))
    counts: list[list[int]] = sk.confusion_matrix(truth, probabilities.argmax(axis=1), labels=classes).tolist()
    return counts


def weighted_accuracy(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Accuracy in which an image weighs as much as the share of its true class, so that frequent classes decide."""
    share = np.bincount(truth) / len(truth)
    return float(np.average(predicted == truth, weights=share[truth]))


def log_loss(truth: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean of −log p(true class), natural logarithm."""
    chosen = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.clip(chosen, _TINY, 1)).mean())


def _class_balanced(truth: np.ndarray, predicted: np.ndarray, class_count: int) -> dict[str, float | None]:
    with warnings.catch_warnings():
        # scikit-learn warns where a predicted class is absent from the truth: it is then left out, as documented.
        warnings.simplefilter("ignore")
        balanced = float(sk.balanced_accuracy_score(truth, predicted))
        matthews = float(sk.matthews_corrcoef(truth, predicted))
    chance = 1 / max(2, class_count)
    return {
        "balanced_accuracy": balanced,
        "norm_macro_recall": (balanced - chance) / (1 - chance),
        "matthews_correlation": matthews,
    }


def one_hot(truth: np.ndarray, class_count: int) -> np.ndarray:
    """Class indices int [N] as bool [N, C]."""
    encoded: np.ndarray = np.eye(class_count, dtype=bool)[truth]
    return encoded


def _area(area: Area, truth: np.ndarray, probabilities: np.ndarray, average: str) -> float | None:
    if average == "binary":
        return area(truth == 1, probabilities[:, 1])
    return average_area(area, one_hot(truth, probabilities.shape[1]), probabilities, average)

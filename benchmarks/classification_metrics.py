"""The numbers of an epoch's validation: ours, and scikit-learn's one call a class and average.

Both take turns in one process and are timed by the processor, so that neither gains from what else the machine does.

    python -m benchmarks.classification_metrics [--images 5000] [--classes 100] [--rounds 3]
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np
from sklearn import metrics as sk

from vision.metrics.classification import classification_metrics, one_hot

TARGET = 0.2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--classes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    random = np.random.default_rng(0)
    truth = np.append(np.arange(options.classes), random.integers(0, options.classes, options.images))  # all are there
    scores = random.random((len(truth), options.classes)) + 0.5 * np.eye(options.classes)[truth]
    probabilities = scores / scores.sum(axis=1, keepdims=True)
    times: dict[str, list[float]] = {"scikit-learn": [], "ours": []}
    answers: dict[str, dict[str, float | None]] = {}
    for _ in range(options.rounds):
        for name, score in (("scikit-learn", score_by_library), ("ours", classification_metrics)):
            started = time.process_time()
            answers[name] = score(truth, probabilities)
            times[name].append(time.process_time() - started)
    for name, value in answers["scikit-learn"].items():
        np.testing.assert_allclose(answers["ours"][name], value, atol=1e-9, err_msg=name)
    report(times, options)


def score_by_library(truth: np.ndarray, probabilities: np.ndarray) -> dict[str, float | None]:
    predicted, classes = probabilities.argmax(axis=1), probabilities.shape[1]
    positives = one_hot(truth, classes)
    values: dict[str, float | None] = {
        "accuracy": sk.accuracy_score(truth, predicted),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, predicted),
        "matthews_correlation": sk.matthews_corrcoef(truth, predicted),
        "log_loss": sk.log_loss(truth, probabilities),
    }
    for average in ("macro", "micro", "weighted"):
        scores = sk.precision_recall_fscore_support(truth, predicted, average=average, zero_division=0)
        values |= dict(zip((f"{name}_score_{average}" for name in ("precision", "recall", "f1")), scores, strict=False))
        values[f"AUC_{average}"] = sk.roc_auc_score(positives, probabilities, average=average)
        values[f"average_precision_score_{average}"] = sk.average_precision_score(
            positives, probabilities, average=average
        )
    return values


def report(times: dict[str, list[float]], options: argparse.Namespace) -> None:
    print(f"{options.images} images, {options.classes} classes, {options.rounds} rounds")
    for name, seconds in times.items():
        print(f"  {name:12} {statistics.median(seconds):6.3f} s of processor time (lowest {min(seconds):.3f})")
    pairs = zip(times["ours"], times["scikit-learn"], strict=True)
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    print(f"  ours / scikit-learn {ratio:.2f}, at most {TARGET} wanted: {'reached' if ratio <= TARGET else 'MISSED'}")


if __name__ == "__main__":
    main()

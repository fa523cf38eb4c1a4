"""Multi-class classification: one label an image, softmax, cross-entropy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, ones
from torch.nn import functional

from vision.errors import InvalidDatasetError
from vision.metrics.accuracy_table import accuracy_table
from vision.metrics.bootstrap import bootstrap_mean
from vision.metrics.certainty import describe_certainty
from vision.metrics.classification import (
    averages_table,
    classification_metrics,
    confusion_matrix,
    one_hot,
    per_label_metrics,
)
from vision.metrics.curves import classification_curves
from vision.metrics.ranking_curves import ranking_curves
from vision.tasks.base import Evaluation, Outputs
from vision.tasks.class_weights import class_weights
from vision.tasks.classification_base import NamingTask, merge_outputs, read_probabilities
from vision.tasks.classification_report import make_report, write_table
from vision.training.inputs.loader import Batch
from vision.training.inputs.rows import ImageRows

_NO_LABEL = -1


class ClassificationTask(NamingTask):
    """The task object of `image_classification`. Targets are class indices, int64 [N]."""

    def targets(self, rows: ImageRows) -> np.ndarray:
        known = {name: index for index, name in enumerate(self.label_names)}
        indices = [known.get(labels[0], _NO_LABEL) if len(labels) == 1 else _NO_LABEL for labels in rows.labels]
        if _NO_LABEL in indices:
            bad = indices.index(_NO_LABEL)
            raise InvalidDatasetError(
                f"{rows.path[bad]} has the labels {rows.labels[bad]}: multi-class classification needs exactly one "
                f"of {', '.join(self.label_names)}.",
                hint="Correct the label, or choose multi-label classification for images with several.",
            )
        return np.array(indices, dtype=np.int64)

    def begin(self, rows: ImageRows) -> None:
        self._weights = class_weights(self.targets(rows).tolist(), len(self.label_names), self.weighted_loss)

    def criterion(self, logits: Tensor, batch: Batch) -> Tensor:
        smoothing = float(self.run.parameters.get("label_smoothing_factor") or 0)
        weights = self._weights_on(logits.device)
        return functional.cross_entropy(logits, batch["labels"], weights, label_smoothing=smoothing)

    def decode(self, logits: Tensor, batch: Batch) -> Outputs:
        return {
            "indices": batch["indices"],
            "labels": batch["labels"],
            "probabilities": logits.softmax(dim=1),
            "losses": functional.cross_entropy(logits, batch["labels"], reduction="none"),
        }

    def score(self, truth: np.ndarray, probabilities: np.ndarray) -> dict[str, float | None]:
        return classification_metrics(truth, probabilities)

    def evaluate(self, outputs: Sequence[Outputs], rows: ImageRows, split: str) -> Evaluation:
        merged = merge_outputs(outputs)
        truth, probabilities = merged["labels"].numpy(), read_probabilities(merged)
        metrics, names = self.score(truth, probabilities), self.label_names

        def describe() -> dict[str, Any]:
            positives = one_hot(truth, len(names))
            facts = {
                "confusion_matrix": confusion_matrix(truth, probabilities),
                "per_label": per_label_metrics(truth, probabilities, names),
                "averages": averages_table(metrics),
                "thresholds": describe_certainty(truth, probabilities),
                "curves": classification_curves(positives, probabilities, names)
                | ranking_curves(positives, probabilities, names),
                "accuracy_table": accuracy_table(positives, probabilities, names),
            }
            confidence = bootstrap_mean("accuracy", probabilities.argmax(axis=1) == truth)
            return make_report(self.run, split, len(truth), metrics, confidence, facts)

        return Evaluation(metrics, describe)

    def validation_loss(self, outputs: Sequence[Outputs]) -> float:
        merged = merge_outputs(outputs)
        weights = ones(len(self.label_names)) if self._weights is None else self._weights
        weight = weights[merged["labels"]].double()
        return float((merged["losses"].double() * weight).sum() / weight.sum())

    def write_predictions(self, outputs: Sequence[Outputs], rows: ImageRows, path: Path) -> None:
        """Truth, prediction, their probabilities, every probability, the loss."""
        merged = merge_outputs(outputs)
        probabilities = merged["probabilities"].float().numpy()
        truth, predicted = merged["labels"].numpy(), probabilities.argmax(axis=1)
        places, names = np.arange(len(truth)), self.label_names
        columns = {
            "truth": [names[index] for index in truth],
            "predicted": [names[index] for index in predicted],
            "probability": probabilities[places, predicted],
            "truth_probability": probabilities[places, truth],
        }
        write_table(path, rows, merged, columns)

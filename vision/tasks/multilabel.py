"""Multi-label classification: any number of labels an image, a sigmoid and binary cross-entropy for each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from torch import Tensor, where
from torch import from_numpy as to_tensor
from torch.nn import functional

from vision.errors import InvalidDatasetError
from vision.metrics.accuracy_table import accuracy_table
from vision.metrics.bootstrap import bootstrap_mean
from vision.metrics.classification import averages_table
from vision.metrics.curves import classification_curves
from vision.metrics.label_thresholds import thresholds_report
from vision.metrics.multilabel import THRESHOLD, count_mix_ups, image_ious, multilabel_metrics, per_label_table
from vision.metrics.ranking_curves import ranking_curves
from vision.tasks.base import Evaluation, Outputs
from vision.tasks.class_weights import label_weights
from vision.tasks.classification_base import NamingTask, merge_outputs, read_probabilities
from vision.tasks.classification_report import make_report, write_table
from vision.training.inputs.loader import Batch
from vision.training.inputs.rows import ImageRows


class MultilabelTask(NamingTask):
    """The task object of `image_classification_multilabel`.

    Targets are uint8 [N, C], 1 where the image has the label; an image may have none. A label is given where its
    probability reaches 0.5. The loss is the mean of the binary cross-entropies over images and labels, weighted as
    `vision.tasks.class_weights.label_weights` says.
    """

    def targets(self, rows: ImageRows) -> np.ndarray:
        known = {name: index for index, name in enumerate(self.label_names)}
        targets = np.zeros((len(rows), len(known)), dtype=np.uint8)
        for place, labels in enumerate(rows.labels):
            unknown = [label for label in labels if label not in known]
            if unknown:
                raise InvalidDatasetError(
                    f"{rows.path[place]} has the label {unknown[0]!r}, which is none of {', '.join(known)}.",
                    hint="Correct the label, or give the training images one like it.",
                )
            targets[place, [known[label] for label in labels]] = 1
        return targets

    def begin(self, rows: ImageRows) -> None:
        self._weights = label_weights(to_tensor(self.targets(rows)), self.weighted_loss)

    def criterion(self, logits: Tensor, batch: Batch) -> Tensor:
        return self._weighted_losses(logits, batch["labels"]).mean()

    def decode(self, logits: Tensor, batch: Batch) -> Outputs:
        losses = functional.binary_cross_entropy_with_logits(logits, batch["labels"].float(), reduction="none")
        return {
            "indices": batch["indices"],
            "labels": batch["labels"],
            "probabilities": logits.sigmoid(),
            "losses": losses.mean(dim=1),
            "weighted_losses": self._weighted_losses(logits, batch["labels"]).mean(dim=1),
        }

    def score(self, truth: np.ndarray, probabilities: np.ndarray) -> dict[str, float | None]:
        return multilabel_metrics(truth.astype(bool), probabilities)

    def evaluate(self, outputs: Sequence[Outputs], rows: ImageRows, split: str) -> Evaluation:
        merged = merge_outputs(outputs)
        truth, probabilities = merged["labels"].numpy().astype(bool), read_probabilities(merged)
        metrics, names = self.score(truth, probabilities), self.label_names

        def describe() -> dict[str, Any]:
            predicted = probabilities >= THRESHOLD
            facts = {
                "mix_ups": count_mix_ups(truth, predicted),
                "per_label": per_label_table(truth, probabilities, names),
                "averages": averages_table(metrics),
                "thresholds": thresholds_report(truth, probabilities),
                "curves": classification_curves(truth, probabilities, names)
                | ranking_curves(truth, probabilities, names),
                "accuracy_table": accuracy_table(truth, probabilities, names),
            }
            confidence = bootstrap_mean("iou", image_ious(truth, predicted))
            return make_report(self.run, split, len(truth), metrics, confidence, facts)

        return Evaluation(metrics, describe)

    def validation_loss(self, outputs: Sequence[Outputs]) -> float:
        return float(merge_outputs(outputs)["weighted_losses"].double().mean())

    def write_predictions(self, outputs: Sequence[Outputs], rows: ImageRows, path: Path) -> None:
        """Truth and prediction as lists, what was missed and what was falsely given, every probability, the loss.

        `probability` is that of the decision the network was least sure of: 0.5 (a coin's toss) to 1.
        """
        merged = merge_outputs(outputs)
        truth, probabilities = merged["labels"].numpy().astype(bool), merged["probabilities"].float().numpy()
        predicted = probabilities >= THRESHOLD
        columns = {
            "truth": self._names_of(truth),
            "predicted": self._names_of(predicted),
            "missed_labels": self._names_of(truth & ~predicted),
            "false_labels": self._names_of(~truth & predicted),
            "is_right": (truth == predicted).all(axis=1),
            "probability": np.maximum(probabilities, 1 - probabilities).min(axis=1),
        }
        write_table(path, rows, merged, columns)

    def _weighted_losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The weighted cross-entropy of each decision: float32 [B, C]."""
        weights = self._weights_on(logits.device)
        chosen = None if weights is None else where(labels.bool(), weights[1], weights[0])
        return functional.binary_cross_entropy_with_logits(logits, labels.float(), chosen, reduction="none")

    def _names_of(self, chosen: np.ndarray) -> pa.Array:
        """Bool [N, C] as lists of label names."""
        names = [[self.label_names[index] for index in np.flatnonzero(row)] for row in chosen]
        return pa.array(names, pa.list_(pa.string()))

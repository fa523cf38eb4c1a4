"""`evaluation.json` and `predictions.parquet` of a multi-class trial."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from vision.metrics.classification import averages_table, confusion_matrix, per_label_metrics
from vision.metrics.curves import classification_curves
from vision.tasks.base import Outputs
from vision.training.inputs.rows import ImageRows


def build_report(
    truth: np.ndarray,
    probabilities: np.ndarray,
    label_names: list[str],
    metrics: dict[str, float | None],
    task_type: str,
    split: str,
) -> dict[str, Any]:
    """The whole report of one split. `truth` int [N], `probabilities` float [N, C]; undefined values are None."""
    return {
        "task_type": task_type,
        "split": split,
        "images": len(truth),
        "label_names": label_names,
        "metrics": metrics,
        "confusion_matrix": confusion_matrix(truth, probabilities),
        "per_label": per_label_metrics(truth, probabilities, label_names),
        "averages": averages_table(metrics),
        "curves": classification_curves(truth, probabilities, label_names),
    }


def write_predictions(merged: Outputs, rows: ImageRows, label_names: list[str], path: Path) -> None:
    """One row an image: truth, prediction, their probabilities, every probability, the loss."""
    indices = merged["indices"].tolist()
    probabilities = merged["probabilities"].float().numpy()
    predicted = probabilities.argmax(axis=1)
    truth = merged["labels"].numpy()
    places = np.arange(len(indices))
    table = pa.table(
        {
            "row": pa.array([rows.row[index] for index in indices], pa.int64()),
            "path": [rows.path[index] for index in indices],
            "sha256": [rows.sha256[index] for index in indices],
            "truth": [label_names[index] for index in truth],
            "predicted": [label_names[index] for index in predicted],
            "probability": probabilities[places, predicted],
            "truth_probability": probabilities[places, truth],
            "probabilities": pa.array(probabilities.tolist(), pa.list_(pa.float32())),
            "loss": merged["losses"].float().numpy(),
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)

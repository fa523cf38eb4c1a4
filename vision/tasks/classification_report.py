"""`evaluation.json` and `predictions.parquet` of the tasks that name whole images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vision.metrics.bootstrap import Confidence
from vision.tasks.base import Evaluation, Outputs
from vision.training.inputs.rows import ImageRows
from vision.training.run_document import RunDocument


def make_evaluation(
    run: RunDocument,
    split: str,
    images: int,
    metrics: dict[str, float | None],
    confidence: Confidence | None,
    facts: Mapping[str, Any],
) -> Evaluation:
    """The evaluation of one split; undefined values are None. `facts` are the parts of the report that are the task's.

    The bounds of the interval travel with the metrics too, as `<metric>_low` and `<metric>_high`, so that lists of
    trials need not read reports.
    """
    bounds = {} if confidence is None else confidence.bounds()
    report = {
        "task_type": run.task_type,
        "split": split,
        "images": images,
        "label_names": run.label_names,
        "metrics": metrics,
        "confidence": None if confidence is None else confidence.to_dict(),
        **facts,
    }
    return Evaluation(metrics | bounds, report, report["per_label"])


def write_table(path: Path, rows: ImageRows, merged: Outputs, columns: Mapping[str, Any]) -> None:
    """One row an image: which one it is, the task's own `columns`, every probability, the loss."""
    indices = merged["indices"].tolist()
    table = pa.table(
        {
            "row": pa.array([rows.row[index] for index in indices], pa.int64()),
            "path": [rows.path[index] for index in indices],
            "sha256": [rows.sha256[index] for index in indices],
            **columns,
            "probabilities": pa.array(merged["probabilities"].float().tolist(), pa.list_(pa.float32())),
            "loss": merged["losses"].float().numpy(),
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)

"""`evaluation.json` and `predictions.parquet` of the tasks that name whole images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vision.metrics.bootstrap import Confidence
from vision.tasks.base import Outputs
from vision.training.inputs.rows import ImageRows
from vision.training.run_document import RunDocument


def make_report(
    run: RunDocument,
    split: str,
    images: int,
    metrics: Mapping[str, float | None],
    confidence: Confidence | None,
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    """What `evaluation.json` holds of one split; undefined values are None. `facts` are the parts that are the task's
    own, `per_label` among them."""
    return {
        "task_type": run.task_type,
        "split": split,
        "images": images,
        "label_names": run.label_names,
        "metrics": dict(metrics),
        "confidence": None if confidence is None else confidence.to_dict(),
        **facts,
    }


def write_table(path: Path, rows: ImageRows, merged: Outputs, columns: Mapping[str, Any]) -> None:
    """One row an image: which one it is and its size, the task's own `columns`, every probability, the loss."""
    indices = merged["indices"].tolist()
    table = pa.table(
        {
            "row": pa.array([rows.row[index] for index in indices], pa.int64()),
            "path": [rows.path[index] for index in indices],
            "sha256": [rows.sha256[index] for index in indices],
            "width": pa.array([rows.width[index] for index in indices], pa.int64()),
            "height": pa.array([rows.height[index] for index in indices], pa.int64()),
            **columns,
            "probabilities": pa.array(merged["probabilities"].float().tolist(), pa.list_(pa.float32())),
            "loss": merged["losses"].float().numpy(),
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)

"""Requests for previews of small runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vision.preview.request import PreviewRequest, PreviewRow
from vision.training.inputs.rows import read_rows
from vision.training.run_document import RunDocument


def make_request(run: RunDocument, out: Path, seed: int = 0, **changes: Any) -> PreviewRequest:
    """A preview of a run's training images; `changes` are parameters."""
    rows = read_rows(run.train, run.images_dir)
    listed = [
        PreviewRow(**{name: getattr(rows, name)[index] for name in PreviewRow.model_fields})
        for index in range(len(rows))
    ]
    return PreviewRequest(
        task_type=run.task_type,
        architecture=run.architecture,
        parameters=run.parameters | changes,
        label_names=run.label_names,
        rows=listed,
        images_dir=run.images_dir,
        seed=seed,
        out=out,
    )

"""Manifests made of a few words, for tests of what is done with them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vision.catalog.task_types import TaskType
from vision.data.labels import LABEL_READERS
from vision.data.limits import DEFAULT_LIMITS
from vision.data.manifest import SCHEMA, read_rows, write_manifest

BLANK: dict[str, Any] = dict.fromkeys(SCHEMA.names)


def row(number: int, label: Any, split: str = "train", task_type: str = TaskType.CLASSIFICATION, **fields: Any) -> dict:
    """A row of a manifest with the canonical form of a label cell."""
    cell = LABEL_READERS[task_type](label, DEFAULT_LIMITS)
    return {
        **BLANK,
        "row": number,
        "split": split,
        "path": f"images/{number}.jpg",
        "sha256": hashlib.sha256(str(number).encode()).hexdigest(),
        "format": "jpeg",
        "width": 40,
        "height": 20,
        "bytes": 100 + number,
        "labels": list(dict.fromkeys(cell.names)),
        "objects": len(cell.names),
        "problems": [],
        "phash": number * 0x0123456789ABCDE,
        "group": "",
        "annotation": cell.annotation,
        "source_file": "train.jsonl",
        "source_line": number + 1,
        "source": "{}",
    } | fields


def box(label: str, corners: Sequence[float] = (0.1, 0.2, 0.5, 0.6), crowd: int = 0) -> dict:
    left, top, right, bottom = corners
    return {"label": label, "topX": left, "topY": top, "bottomX": right, "bottomY": bottom, "isCrowd": crowd}


def manifest(path: Path, rows: Sequence[dict]) -> Path:
    write_manifest(rows, path)
    return path


def read(path: Path) -> list[dict]:
    """The rows, annotations as Python values."""
    return [one | {"annotation": json.loads(one["annotation"])} for one in read_rows(path).to_pylist()]

"""Reading what the vectors of a version's images tell: images like one, the map, images like no other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from datasets.models import DatasetVersion
from datasets.selectors import embeddings_folder, manifest_path
from vision.data.query import get_row, list_rows
from vision.data.similarity import find_similar, open_vectors
from vision.embedding.request import ABOUT, VECTORS, read_json

MOST = 500
_FIRST = 60


@dataclass(frozen=True)
class Match:
    """A manifest row and how like another one it is (cosine, -1–1), or how unlike all (distance, 0–2)."""

    row: dict[str, Any]
    score: float


def list_similar(version: DatasetVersion, row: int, limit: int = _FIRST) -> list[Match]:
    """The images most like one, most alike first.

    Raises:
        ConflictError: the version has no vectors (yet).
        NotFoundError: no such image, or one without a vector.
    """
    get_row(manifest_path(version), row)
    vectors = open_vectors(embeddings_folder(version) / VECTORS)
    return _match(version, find_similar(vectors, row, max(1, min(limit, MOST))))


def list_outliers(version: DatasetVersion, limit: int = _FIRST) -> list[Match]:
    """The images least like any others, the strangest first.

    Raises:
        ConflictError: the version has no vectors (yet).
    """
    outliers = read_about(version).get("outliers", [])[: max(0, limit)]
    return _match(version, [(int(row), float(distance)) for row, distance in outliers])


def read_about(version: DatasetVersion) -> dict[str, Any]:
    """What is known of the vectors: `method`, `reason`, `rows`, `described`, `map`, `outliers` (vision/embedding).

    Raises:
        ConflictError: the version has no vectors (yet).
    """
    return _read(embeddings_folder(version) / ABOUT)


def describe_state(version: DatasetVersion) -> dict[str, Any]:
    """How far the vectors of a version are: `status` is importing, off, waiting, running, ready or failed."""
    state = version.embeddings_state
    if version.embeddings_key:
        status = "ready"
    elif not version.is_ready:
        status = version.status
    elif state.get("status") == "failed":
        status = "failed"
    elif not settings.STUDIO_EMBEDDINGS:
        status = "off"
    else:
        status = state.get("status", "waiting")
    return {
        "status": status,
        "progress": 1.0 if status == "ready" else round(state.get("progress", 0.0), 4),
        "phase": state.get("phase", "") if status == "running" else "",
        "done": state.get("done", 0),
        "total": state.get("total", 0),
        "error": state.get("error") if status == "failed" else None,
    }


def _match(version: DatasetVersion, found: list[tuple[int, float]]) -> list[Match]:
    rows = list_rows(manifest_path(version), [row for row, _ in found])
    return [Match(row, score) for row, (_, score) in zip(rows, found, strict=True)]


@lru_cache(maxsize=8)
def _read(path: Path) -> dict[str, Any]:
    return read_json(path)

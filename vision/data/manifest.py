"""The manifest of a dataset version: a Parquet file with one row an image. `query` reads it a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vision.data.drafts import draft_of
from vision.data.reading import ask
from vision.data.tables import PARQUET, ROW_GROUP

SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("split", pa.string()),
        ("path", pa.string()),
        ("sha256", pa.string()),
        ("format", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("bytes", pa.int64()),
        ("labels", pa.list_(pa.string())),
        ("objects", pa.int32()),
        ("problems", pa.list_(pa.string())),
        ("phash", pa.int64()),
        ("group", pa.string()),
        ("annotation", pa.string()),
        ("source_file", pa.string()),
        ("source_line", pa.int32()),
        ("source", pa.string()),
    ]
)
"""One row an image. `labels` are its class names, each once; `objects` counts boxes, instances or names; `problems` are
the codes of the report's findings about it; `phash` is its perceptual hash (64 bits, signed); `group` names rows that
stay in one split; `annotation` is the canonical label cell, "null" where nobody labelled the image. `source` is the
annotation as it was uploaded: shown, never trained on."""


def build_table(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows as an Arrow table in the manifest's schema."""
    return pa.Table.from_pylist(list(rows), schema=SCHEMA)


def write_manifest(rows: pa.Table | Iterable[Mapping[str, Any]], path: Path) -> None:
    """Write whole or not at all."""
    table = rows if isinstance(rows, pa.Table) else build_table(rows)
    with draft_of(path) as draft:
        pq.write_table(table, draft, row_group_size=ROW_GROUP, **PARQUET)


def read_rows(path: Path) -> pa.Table:
    """The whole manifest."""
    return _read(path)


def list_hashes(path: Path) -> set[str]:
    """The hashes of a manifest's images."""
    return set(_read(path, ["sha256"])["sha256"].to_pylist())


def count_labels(path: Path) -> dict[str, dict[str, int]]:
    """Images with each label by split: `{"rose": {"train": 48, "validation": 12}}`, labels sorted."""
    query = (
        "SELECT label, split, count(*) FROM (SELECT unnest(labels) AS label, split FROM read_parquet(?)) "
        "GROUP BY ALL ORDER BY ALL"
    )
    counts: dict[str, dict[str, int]] = {}
    for label, split, count in ask(query, [str(path)]):
        counts.setdefault(label, {})[split] = count
    return counts


def _read(path: Path, columns: list[str] | None = None) -> pa.Table:
    # Not read_table: it loads Arrow's remote file systems, 50 MB that the web process would hold for good.
    with pq.ParquetFile(path) as file:
        return file.read(columns=columns)

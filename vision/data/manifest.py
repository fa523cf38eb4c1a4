"""The manifest of a dataset version: a Parquet file with one row an image, queried with DuckDB."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vision.data.tables import ROW_GROUP, connect
from vision.errors import NotFoundError

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
_LISTED = "row, split, path, sha256, format, width, height, bytes, labels, annotation, source_file, source_line"


@dataclass(frozen=True)
class RowFilter:
    """Which rows: those with a label, of a split, whose path or label holds a text."""

    label: str | None = None
    split: str | None = None
    search: str | None = None


@dataclass(frozen=True)
class RowPage:
    """A page of rows in manifest order; `next` is the cursor of the page after it, `total` counts all that match."""

    rows: list[dict[str, Any]]
    next: str | None
    total: int


def build_table(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows as an Arrow table in the manifest's schema."""
    return pa.Table.from_pylist(list(rows), schema=SCHEMA)


def write_manifest(rows: pa.Table | Iterable[Mapping[str, Any]], path: Path) -> None:
    """Write whole or not at all: to a temporary name, synced, renamed."""
    table = rows if isinstance(rows, pa.Table) else build_table(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".tmp-{os.getpid()}-{path.name}")
    pq.write_table(table, temporary, row_group_size=ROW_GROUP, compression="zstd")
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)


def read_rows(path: Path) -> pa.Table:
    """The whole manifest."""
    return _read(path)


def query_rows(
    path: Path,
    *,
    label: str | None = None,
    split: str | None = None,
    search: str | None = None,
    cursor: str | None = None,
    limit: int = 60,
) -> RowPage:
    """A page of rows, a cursor being the last row number already seen.

    Raises:
        NotFoundError: a cursor that is none of ours.
    """
    where, values = _conditions(RowFilter(label, split, search))
    after = _read_cursor(cursor)
    with connect() as database:
        counting = f"SELECT count(*) FROM read_parquet(?) WHERE {where}"
        (total,) = database.execute(counting, [str(path), *values]).fetchall()[0]
        listing = f"SELECT {_LISTED} FROM read_parquet(?) WHERE {where} AND row > ? ORDER BY row LIMIT ?"
        rows = _to_dicts(database.execute(listing, [str(path), *values, after, limit + 1]))
    following = str(rows[limit - 1]["row"]) if len(rows) > limit else None
    return RowPage(rows[:limit], following, total)


def get_row(path: Path, row: int) -> dict[str, Any]:
    """One row with all its columns.

    Raises:
        NotFoundError: no such row.
    """
    with connect() as database:
        rows = _to_dicts(database.execute("SELECT * FROM read_parquet(?) WHERE row = ?", [str(path), row]))
    if not rows:
        raise NotFoundError(f"There is no image {row} in this version.")
    return rows[0]


def find_neighbours(path: Path, row: int, rows: RowFilter) -> tuple[int | None, int | None]:
    """The row numbers before and after one, among those that match."""
    where, values = _conditions(rows)
    around = "max(row) FILTER (row < ?), min(row) FILTER (row > ?)"
    query = f"SELECT {around} FROM read_parquet(?) WHERE {where}"
    with connect() as database:
        before, after = database.execute(query, [row, row, str(path), *values]).fetchall()[0]
    return before, after


def has_image(path: Path, sha256: str) -> bool:
    """Whether an image of that hash is in the manifest."""
    with connect() as database:
        query = "SELECT 1 FROM read_parquet(?) WHERE sha256 = ? LIMIT 1"
        return bool(database.execute(query, [str(path), sha256]).fetchall())


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
    with connect() as database:
        for label, split, count in database.execute(query, [str(path)]).fetchall():
            counts.setdefault(label, {})[split] = count
    return counts


def _read(path: Path, columns: list[str] | None = None) -> pa.Table:
    # Not read_table: it loads Arrow's remote file systems, 50 MB that the web process would hold for good.
    with pq.ParquetFile(path) as file:
        return file.read(columns=columns)


def _conditions(rows: RowFilter) -> tuple[str, list[Any]]:
    conditions, values = ["true"], []
    if rows.label:
        conditions.append("list_contains(labels, ?)")
        values.append(rows.label)
    if rows.split:
        conditions.append("split = ?")
        values.append(rows.split)
    for word in (rows.search or "").split():
        conditions.append("contains(lower(concat_ws(' ', path, array_to_string(labels, ' '))), lower(?))")
        values.append(word)
    return " AND ".join(conditions), values


def _read_cursor(cursor: str | None) -> int:
    if not cursor:
        return -1
    if not cursor.isdecimal() or len(cursor) > 15:
        raise NotFoundError(f"{cursor[:40]!r} is not a cursor.", hint="Take it from `next` of the page before.")
    return int(cursor)


def _to_dicts(answer: Any) -> list[dict[str, Any]]:
    names = [column[0] for column in answer.description]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

"""Figures of a manifest, as JSON a page can draw. All of it is SQL: memory does not grow with the rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from vision.catalog.task_types import TaskType
from vision.data.duplicates import describe_duplicates
from vision.data.findings import find_twins
from vision.data.records import SPLITS
from vision.data.tables import connect

_BINS = 12
_CELLS = 24  # of the location heat map, along each side
_SHAPES = {
    TaskType.DETECTION: '[{"label":"VARCHAR","topX":"DOUBLE","topY":"DOUBLE","bottomX":"DOUBLE","bottomY":"DOUBLE"}]',
    TaskType.SEGMENTATION: '[{"label":"VARCHAR","polygon":[["DOUBLE"]]}]',
}
_CORNERS = {
    TaskType.DETECTION: "one.topX AS x1, one.topY AS y1, one.bottomX AS x2, one.bottomY AS y2",
    TaskType.SEGMENTATION: (
        "list_min(flatten(one.polygon)[1:-:2]) AS x1, list_min(flatten(one.polygon)[2:-:2]) AS y1, "
        "list_max(flatten(one.polygon)[1:-:2]) AS x2, list_max(flatten(one.polygon)[2:-:2]) AS y2"
    ),
}


@dataclass(frozen=True)
class Summary:
    """What a version's row in the database says of its manifest."""

    images: int
    labels: list[str]
    splits: dict[str, int]


def summarize_manifest(manifest: Path) -> Summary:
    """Number of rows, class names and rows of each split."""
    with connect() as database:
        splits = dict(_ask(database, "SELECT split, count(*) FROM {} GROUP BY split ORDER BY split", manifest))
        labels = _ask(database, "SELECT DISTINCT unnest(labels) AS label FROM {} ORDER BY label", manifest)
    return Summary(sum(splits.values()), [label for (label,) in labels], splits)


def describe_manifest(manifest: Path, task_type: str, near_duplicate_distance: int = 4) -> dict[str, Any]:
    """Class balance, objects, sizes, places, formats, repeats and near-duplicates of a manifest's rows."""
    with connect(manifest.parent) as database:
        figures = _describe_images(database, manifest)
        objects: dict[str, int] = {}
        if task_type in _SHAPES:
            figures |= _describe_objects(database, manifest, task_type)
            objects = figures.pop("by_label")
        figures["labels"] = _count_labels(database, manifest, objects)
    figures["near_twins"] = find_twins([entry["label"] for entry in figures["labels"]])
    figures |= describe_duplicates(manifest, near_duplicate_distance)
    return figures


def _describe_images(database: duckdb.DuckDBPyConnection, manifest: Path) -> dict[str, Any]:
    parts = [_range_sql(name) for name in ("width", "height", "bytes")]
    parts.append(_range_sql("round(width / height, 3)"))
    query = (
        f"SELECT {', '.join(parts)}, sum(bytes), count(DISTINCT sha256), count(*) FILTER (annotation = 'null'), "
        "count(*) FILTER (annotation = '[]') FROM {}"
    )
    row = _ask(database, query, manifest)[0]
    ranges = [_to_range(row[index : index + 3]) for index in (0, 3, 6, 9)]
    total, unique, unlabelled, background = row[12:]
    formats = _ask(database, "SELECT format, count(*) AS n FROM {} GROUP BY format ORDER BY n DESC, format", manifest)
    return {
        "width": ranges[0],
        "height": ranges[1],
        "bytes": ranges[2] | {"total": int(total or 0)},
        "aspect": ranges[3],
        "longest_side": _histogram(database, manifest, "greatest(width, height)"),
        "formats": dict(formats),
        "unique_images": unique,
        "unlabelled": unlabelled,
        "background": background,
    }


def _describe_objects(database: duckdb.DuckDBPyConnection, manifest: Path, task_type: str) -> dict[str, Any]:
    """Of boxes, or of the boxes around polygons."""
    database.execute(
        f"""
        CREATE TEMP TABLE objects AS
        SELECT one.label AS label, width, height, {_CORNERS[TaskType(task_type)]} FROM (
            SELECT unnest(from_json(annotation, '{_SHAPES[TaskType(task_type)]}')) AS one, width, height
            FROM read_parquet(?) WHERE objects > 0)
        """,
        [str(manifest)],
    )
    total = database.execute("SELECT count(*) FROM objects").fetchall()[0][0]
    area = "floor(log10(greatest((x2 - x1) * (y2 - y1), 1e-6)) * 2)"
    aspect = "round(2 * log2(greatest((x2 - x1) * width, 1) / greatest((y2 - y1) * height, 1)))"
    areas = _count(database, f"SELECT {area} AS bin, count(*) FROM objects GROUP BY bin ORDER BY bin")
    aspects = _count(database, f"SELECT {aspect} AS bin, count(*) FROM objects GROUP BY bin ORDER BY bin")
    return {
        "objects": {
            "total": total,
            "per_image": _histogram(database, manifest, "objects"),
            "images_without": _ask(database, "SELECT count(*) FROM {} WHERE annotation = '[]'", manifest)[0][0],
        },
        "object_area": [{"from": 10 ** (step / 2), "to": 10 ** ((step + 1) / 2), "count": n} for step, n in areas],
        "object_aspect": [
            {"from": 2 ** (step / 2 - 0.25), "to": 2 ** (step / 2 + 0.25), "count": n} for step, n in aspects
        ],
        "location": _map_places(database),
        "by_label": dict(_count(database, "SELECT label, count(*) FROM objects GROUP BY label")),
    }


def _map_places(database: duckdb.DuckDBPyConnection) -> list[list[int]]:
    """Objects by the cell their centre lies in, rows from the top."""
    cell = "least(floor(({} + {}) / 2 * {}), {} - 1)::INTEGER"
    x, y = cell.format("x1", "x2", _CELLS, _CELLS), cell.format("y1", "y2", _CELLS, _CELLS)
    grid = [[0] * _CELLS for _ in range(_CELLS)]
    query = f"SELECT {y} AS y, {x} AS x, count(*) FROM objects GROUP BY ALL"
    for row, column, count in database.execute(query).fetchall():
        grid[row][column] = count
    return grid


def _count_labels(database: duckdb.DuckDBPyConnection, manifest: Path, objects: dict[str, int]) -> list[dict[str, Any]]:
    """`[{"label", "train", "validation", "test", "total", "objects"}]`, most frequent first; an image counts once."""
    query = "SELECT label, split, count(*) FROM (SELECT unnest(labels) AS label, split FROM {}) GROUP BY ALL"
    counts: dict[str, dict[str, int]] = {}
    for label, split, count in _ask(database, query, manifest):
        counts.setdefault(label, dict.fromkeys(SPLITS, 0))[split] = count
    table: list[dict[str, Any]] = [
        {"label": label, **by_split, "total": sum(by_split.values())} for label, by_split in counts.items()
    ]
    for entry in table if objects else ():
        entry["objects"] = objects.get(entry["label"], 0)
    return sorted(table, key=lambda entry: (-entry["total"], entry["label"]))


def _histogram(database: duckdb.DuckDBPyConnection, manifest: Path, value: str) -> list[dict[str, int]]:
    """Equal bins from the smallest to the largest: `[{"from", "to", "count"}]`, `to` excluded but in the last."""
    low, high = _ask(database, f"SELECT min({value}), max({value}) FROM {{}}", manifest)[0]
    if low is None:
        return []
    step = max(1, -(-(high - low + 1) // _BINS))
    query = f"SELECT ({value} - {low}) // {step} AS bin, count(*) FROM {{}} GROUP BY bin"
    counts = {int(index): count for index, count in _ask(database, query, manifest)}
    bins = range((high - low) // step + 1)
    return [
        {"from": low + index * step, "to": low + (index + 1) * step, "count": counts.get(index, 0)} for index in bins
    ]


def _range_sql(value: str) -> str:
    return f"min({value}), median({value}), max({value})"


def _to_range(values: tuple[Any, ...]) -> dict[str, float]:
    low, middle, high = values
    return {} if low is None else {"min": low, "median": middle, "max": high}


def _ask(database: duckdb.DuckDBPyConnection, query: str, manifest: Path) -> list[tuple[Any, ...]]:
    """The rows of a query whose `{}` is the manifest."""
    return database.execute(query.format("read_parquet(?)"), [str(manifest)]).fetchall()


def _count(database: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return database.execute(query).fetchall()

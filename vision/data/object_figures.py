"""Figures of a manifest's objects, that is boxes, or the boxes around polygons: sizes, shapes and places."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb

from vision.catalog.task_types import TaskType
from vision.data.counting import EXAMPLES, ask, count_equal_bins, count_log_bins

CELLS = 24  # of the location heat map, along each side
MAPPED = 20  # classes with a heat map of their own
TINY = 8 / 640  # of the image's longer side: 8 px, the finest step of a detector, where it is trained at 640 px
STRETCHED = 8.0  # longer side over shorter
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
_WIDTH, _HEIGHT = "greatest((x2 - x1) * width, 1)", "greatest((y2 - y1) * height, 1)"  # px
ObjectCounts = dict[str, dict[str, int]]
Map = list[list[int]]


def has_objects(task_type: str) -> bool:
    return task_type in _SHAPES


def describe_objects(database: duckdb.DuckDBPyConnection, manifest: Path, task_type: str) -> dict[str, Any]:
    """Sizes, shapes and places of all objects; `by_label` counts them by class and split."""
    _create_table(database, manifest, TaskType(task_type))
    total = database.execute("SELECT count(*) FROM objects").fetchall()[0][0]
    by_label = _count_by_label(database)
    area = "greatest((x2 - x1) * (y2 - y1), 1e-6)"
    return {
        "objects": {
            "total": total,
            "per_image": count_equal_bins(database, manifest, "objects"),
            "images_without": ask(database, "SELECT count(*) FROM {} WHERE annotation = '[]'", manifest)[0][0],
        },
        "object_area": count_log_bins(database, "objects", area, 10),
        "object_aspect": count_log_bins(database, "objects", f"({_WIDTH} / {_HEIGHT})", 2),
        "tiny_objects": _find(database, f"least({_WIDTH}, {_HEIGHT}) < {TINY} * greatest(width, height)"),
        "stretched_objects": _find(
            database, f"greatest({_WIDTH}, {_HEIGHT}) > {STRETCHED} * least({_WIDTH}, {_HEIGHT})"
        ),
        "location": _map_places(database).get("", _blank()),
        "location_by_label": _map_places(database, _most_frequent(by_label)),
        "by_label": by_label,
    }


def _create_table(database: duckdb.DuckDBPyConnection, manifest: Path, task_type: TaskType) -> None:
    database.execute(
        f"""
        CREATE TEMP TABLE objects AS
        SELECT one.label AS label, row, split, width, height, {_CORNERS[task_type]} FROM (
            SELECT unnest(from_json(annotation, '{_SHAPES[task_type]}')) AS one, row, split, width, height
            FROM read_parquet(?) WHERE objects > 0)
        """,
        [str(manifest)],
    )


def _count_by_label(database: duckdb.DuckDBPyConnection) -> ObjectCounts:
    counts: ObjectCounts = defaultdict(dict)
    query = "SELECT label, split, count(*) FROM objects GROUP BY ALL"
    for label, split, count in database.execute(query).fetchall():
        counts[label][split] = count
    return counts


def _most_frequent(by_label: ObjectCounts) -> list[str]:
    return sorted(by_label, key=lambda label: (-sum(by_label[label].values()), label))[:MAPPED]


def _map_places(database: duckdb.DuckDBPyConnection, labels: list[str] | None = None) -> dict[str, Map]:
    """Objects by the cell their centre lies in, rows from the top: of each of the labels, or of all under ""."""
    cell = "greatest(0, least(floor(({} + {}) / 2 * {}), {} - 1))::INTEGER"
    x, y = cell.format("x1", "x2", CELLS, CELLS), cell.format("y1", "y2", CELLS, CELLS)
    label, where = ("''", "true") if labels is None else ("label", "list_contains(?, label)")
    query = f"SELECT {label} AS label, {y} AS y, {x} AS x, count(*) FROM objects WHERE {where} GROUP BY ALL"
    maps: dict[str, Map] = {name: _blank() for name in labels or ()}
    for name, row, column, count in database.execute(query, [] if labels is None else [labels]).fetchall():
        maps.setdefault(name, _blank())[row][column] = count
    return maps


def _blank() -> Map:
    return [[0] * CELLS for _ in range(CELLS)]


def _find(database: duckdb.DuckDBPyConnection, condition: str) -> dict[str, Any]:
    """`{"objects", "images", "rows"}`, the first of the images' rows."""
    query = f"SELECT count(*), count(DISTINCT row) FROM objects WHERE {condition}"
    objects, images = database.execute(query).fetchall()[0]
    query = f"SELECT DISTINCT row FROM objects WHERE {condition} ORDER BY row LIMIT {EXAMPLES}"
    return {"objects": objects, "images": images, "rows": [row for (row,) in database.execute(query).fetchall()]}

"""Figures of a manifest's images: sizes, shapes, file formats, what nobody labelled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from vision.data.counting import EXAMPLES, ask, count_equal_bins, count_log_bins, to_range

STRETCHED = 3.0  # longer side over shorter: scaled to a square, little is left of the shorter
SMALL = 64  # px of the shorter side
_EXACT_SIZES = 300  # different sizes that are told apart
_CELLS = 24  # along each side, where there are more


def describe_images(database: duckdb.DuckDBPyConnection, manifest: Path) -> dict[str, Any]:
    """Of all rows; a picture that stands several times counts each time."""
    formats = ask(database, "SELECT format, count(*) AS n FROM {} GROUP BY format ORDER BY n DESC, format", manifest)
    return {
        **_describe_columns(database, manifest),
        "longest_side": count_equal_bins(database, manifest, "greatest(width, height)"),
        "sizes": _count_sizes(database, manifest),
        "image_aspect": count_log_bins(database, "read_parquet(?)", "(width / height)", 2, [str(manifest)]),
        "formats": dict(formats),
        "stretched_images": _find(database, manifest, f"greatest(width, height) > {STRETCHED} * least(width, height)"),
        "small_images": _find(database, manifest, f"least(width, height) < {SMALL}"),
    }


def _describe_columns(database: duckdb.DuckDBPyConnection, manifest: Path) -> dict[str, Any]:
    values = ("width", "height", "bytes", "round(width / height, 3)")
    ranges = ", ".join(f"min({value}), median({value}), max({value})" for value in values)
    query = (
        f"SELECT {ranges}, sum(bytes), count(DISTINCT sha256), count(*) FILTER (annotation = 'null'), "
        "count(*) FILTER (annotation = '[]') FROM {}"
    )
    row = ask(database, query, manifest)[0]
    width, height, size, aspect = (to_range(row[index : index + 3]) for index in (0, 3, 6, 9))
    total, unique, unlabelled, background = row[12:]
    return {
        "width": width,
        "height": height,
        "bytes": size | {"total": int(total or 0)},
        "aspect": aspect,
        "unique_images": unique,
        "unlabelled": unlabelled,
        "background": background,
    }


def _count_sizes(database: duckdb.DuckDBPyConnection, manifest: Path) -> dict[str, Any]:
    """`{"step", "cells": [[width, height, images]]}`: each cell from its size on, `step` px wide and high."""
    query = "SELECT count(DISTINCT (width, height)), greatest(max(width), max(height)) FROM {}"
    different, largest = ask(database, query, manifest)[0]
    step = 1 if different <= _EXACT_SIZES else -(-largest // _CELLS)
    query = (
        f"SELECT width // {step} * {step} AS w, height // {step} * {step} AS h, count(*) AS n FROM {{}} "
        "GROUP BY ALL ORDER BY n DESC, w, h"
    )
    return {"step": step, "cells": [list(cell) for cell in ask(database, query, manifest)]}


def _find(database: duckdb.DuckDBPyConnection, manifest: Path, condition: str) -> dict[str, Any]:
    """`{"images", "rows"}`, the first of the rows."""
    query = f"SELECT count(*), min(row, {EXAMPLES}) FROM {{}} WHERE {condition}"
    count, rows = ask(database, query, manifest)[0]
    return {"images": count, "rows": rows or []}

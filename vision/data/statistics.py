"""Figures of a manifest, as JSON a page can draw. All of it is SQL: memory does not grow with the rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from vision.catalog.task_types import TaskType
from vision.data.counting import ask, count_equal_bins
from vision.data.databases import connect
from vision.data.duplicates import describe_duplicates
from vision.data.findings import find_twins
from vision.data.image_figures import describe_images
from vision.data.object_figures import ObjectCounts, describe_objects, has_objects
from vision.data.records import SPLITS

_CROSSED = 20  # classes, the most frequent, whose common images are counted


@dataclass(frozen=True)
class Summary:
    """What a version's row in the database says of its manifest."""

    images: int
    labels: list[str]
    splits: dict[str, int]


def summarize_manifest(manifest: Path) -> Summary:
    """Number of rows, class names and rows of each split."""
    with connect(manifest.parent) as database:
        splits = dict(ask(database, "SELECT split, count(*) FROM {} GROUP BY split ORDER BY split", manifest))
        labels = ask(database, "SELECT DISTINCT unnest(labels) AS label FROM {} ORDER BY label", manifest)
    return Summary(sum(splits.values()), [label for (label,) in labels], splits)


def describe_manifest(manifest: Path, task_type: str, near_duplicate_distance: int = 4) -> dict[str, Any]:
    """Class balance, objects, sizes, places, formats, repeats and near-duplicates of a manifest's rows."""
    with connect(manifest.parent) as database:
        figures = describe_images(database, manifest)
        objects: ObjectCounts = {}
        if has_objects(task_type):
            figures |= describe_objects(database, manifest, task_type)
            objects = figures.pop("by_label")
        figures["labels"] = _count_labels(database, manifest, objects)
        if task_type == TaskType.MULTILABEL:
            figures["labels_per_image"] = count_equal_bins(database, manifest, "objects")
        if task_type != TaskType.CLASSIFICATION:
            crossed = [entry["label"] for entry in figures["labels"][:_CROSSED]]
            figures["together"] = {"labels": crossed, "images": _cross_labels(database, manifest, crossed)}
    figures["near_twins"] = find_twins([entry["label"] for entry in figures["labels"]])
    figures |= describe_duplicates(manifest, near_duplicate_distance)
    return figures


def _count_labels(database: duckdb.DuckDBPyConnection, manifest: Path, objects: ObjectCounts) -> list[dict[str, Any]]:
    """`[{"label", "train", "validation", "test", "total"}]`, most frequent first; an image counts once.

    With boxes or polygons also `objects`, and `objects_by_split`.
    """
    query = "SELECT label, split, count(*) FROM (SELECT unnest(labels) AS label, split FROM {}) GROUP BY ALL"
    counts: dict[str, dict[str, int]] = {}
    for label, split, count in ask(database, query, manifest):
        counts.setdefault(label, dict.fromkeys(SPLITS, 0))[split] = count
    table: list[dict[str, Any]] = [
        {"label": label, **by_split, "total": sum(by_split.values())} for label, by_split in counts.items()
    ]
    for entry in table if objects else ():
        by_split = objects.get(entry["label"], {})
        entry |= {"objects": sum(by_split.values()), "objects_by_split": dict.fromkeys(SPLITS, 0) | by_split}
    return sorted(table, key=lambda entry: (-entry["total"], entry["label"]))


def _cross_labels(database: duckdb.DuckDBPyConnection, manifest: Path, labels: list[str]) -> list[list[int]]:
    """Images that have both of two classes, a row and a column for each; on the diagonal those that have the class."""
    places = {label: place for place, label in enumerate(labels)}
    table = [[0] * len(labels) for _ in labels]
    query = """
        SELECT one, other, count(*) FROM (
            SELECT unnest(kept) AS one, kept FROM (
                SELECT list_filter(labels, lambda label: list_contains(?, label)) AS kept FROM read_parquet(?))
        ), LATERAL (SELECT unnest(kept) AS other) GROUP BY ALL
    """
    for one, other, count in database.execute(query, [labels, str(manifest)]).fetchall():
        table[places[one]][places[other]] = count
    return table

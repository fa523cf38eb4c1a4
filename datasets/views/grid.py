"""Rows of a manifest as items of the image grid."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from datasets.drawing import find_series, sketch_cell
from datasets.filters import ItemQuery
from datasets.models import DatasetVersion
from datasets.views.context import page_url

SPLIT_BADGES = {"train": "train", "validation": "valid", "test": "test"}
_CHIPS = 2
_COUNTED = ("image_object_detection", "image_instance_segmentation")


def grid_item(version: DatasetVersion, row: Mapping[str, Any], query: ItemQuery | None = None) -> dict[str, Any]:
    """What one tile shows; its link keeps the filter and the order it stands in."""
    labels = row["labels"] or []
    named = ", ".join(labels) or ("nothing on it" if row["annotation"] == "[]" else "no label")
    return {
        "row": row["row"],
        "url": row_url(version, row["row"], query),
        "thumb": reverse("datasets:thumb", args=[version.dataset.name, version.number, row["sha256"]]),
        "width": row["width"],
        "height": row["height"],
        "alt": f"{named}: {row['path']}",
        "caption": named,
        "chips": [{"label": label, "series": find_series(label, version.label_names)} for label in labels[:_CHIPS]],
        "more_chips": max(0, len(labels) - _CHIPS),
        "split": SPLIT_BADGES.get(row["split"], ""),
        "badge": row["objects"] if row["objects"] and version.task_type in _COUNTED else "",
        "problems": row["problems"] or [],
        "sketch": _sketch(row, version.label_names),
    }


def row_url(version: DatasetVersion, row: int | None, query: ItemQuery | None = None) -> str:
    """The viewer of an image within a filter; empty where there is no image."""
    if row is None:
        return ""
    address = page_url("images", version.dataset.name, version.number, **(query.to_params() if query else {}))
    path, _, asked = address.partition("?")
    return f"{path}{row}/?{asked}"


def _sketch(row: Mapping[str, Any], classes: list[str]) -> Any:
    cell = json.loads(row["annotation"] or "null")
    return sketch_cell(cell, row["width"], row["height"], classes)

"""Rows of a manifest as items of the image grid."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from datasets.drawing import find_series, sketch_cell
from datasets.filters import ItemQuery
from datasets.models import DatasetVersion
from datasets.views.context import page_url

SPLIT_BADGES = {"train": "train", "validation": "valid", "test": "test"}
_CHIPS = 2
_ANY_HASH = "0" * 64
_COUNTED = ("image_object_detection", "image_instance_segmentation")


@dataclass(frozen=True)
class _Addresses:
    """The addresses of a version's rows within a filter, worked out once for all tiles of a page."""

    viewer: tuple[str, str]
    thumb: tuple[str, str]

    @classmethod
    def find(cls, version: DatasetVersion, query: ItemQuery | None) -> _Addresses:
        address = reverse("datasets:thumb", args=[version.dataset.name, version.number, _ANY_HASH])
        before, _, after = address.rpartition(_ANY_HASH)
        return cls(_viewer(version, query), (before, after))


def grid_items(
    version: DatasetVersion, rows: Iterable[Mapping[str, Any]], query: ItemQuery | None = None
) -> list[dict[str, Any]]:
    """What each tile shows; its link keeps the filter and the order it stands in."""
    addresses = _Addresses.find(version, query)
    return [_to_item(version, row, addresses) for row in rows]


def grid_item(version: DatasetVersion, row: Mapping[str, Any]) -> dict[str, Any]:
    """One tile by itself."""
    return grid_items(version, [row])[0]


def row_url(version: DatasetVersion, row: int | None, query: ItemQuery | None = None) -> str:
    """The viewer of an image within a filter; empty where there is no image."""
    return "" if row is None else str(row).join(_viewer(version, query))


def _viewer(version: DatasetVersion, query: ItemQuery | None) -> tuple[str, str]:
    """The address of the viewer before and after the row's number."""
    asked = query.to_params() if query else {}
    path, _, parameters = page_url("images", version.dataset.name, version.number, **asked).partition("?")
    return path, f"/?{parameters}"


def _to_item(version: DatasetVersion, row: Mapping[str, Any], addresses: _Addresses) -> dict[str, Any]:
    labels = row["labels"] or []
    named = ", ".join(labels) or ("nothing on it" if row["annotation"] == "[]" else "no label")
    return {
        "row": row["row"],
        "url": str(row["row"]).join(addresses.viewer),
        "thumb": row["sha256"].join(addresses.thumb),
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


def _sketch(row: Mapping[str, Any], classes: list[str]) -> Any:
    cell = json.loads(row["annotation"] or "null")
    return sketch_cell(cell, row["width"], row["height"], classes)

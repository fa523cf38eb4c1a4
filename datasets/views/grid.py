"""Rows of a manifest as items of the image grid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from datasets.models import DatasetVersion
from datasets.views.context import page_url

SPLIT_BADGES = {"train": "train", "validation": "valid", "test": "test"}


def grid_item(version: DatasetVersion, row: Mapping[str, Any], **filters: Any) -> dict[str, Any]:
    labels = ", ".join(row["labels"]) or "no label"
    address = page_url("images", version.dataset.name, version.number, **filters)
    path, _, query = address.partition("?")
    return {
        "url": f"{path}{row['row']}/?{query}",
        "thumb": reverse("datasets:thumb", args=[version.dataset.name, version.number, row["sha256"]]),
        "width": row["width"],
        "height": row["height"],
        "alt": f"{labels}: {row['path']}",
        "caption": labels,
        "badge": SPLIT_BADGES.get(row["split"], ""),
    }

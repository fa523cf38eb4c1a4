"""Figures of a dataset, as JSON a page can draw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from vision.data.records import SPLITS

_BINS = 12


def describe_rows(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Class balance, sizes, formats and repeats of manifest rows."""
    return {
        "labels": count_by_label(rows),
        "width": _range([row["width"] for row in rows]),
        "height": _range([row["height"] for row in rows]),
        "longest_side": _histogram([max(row["width"], row["height"]) for row in rows]),
        "aspect": _range([round(row["width"] / row["height"], 3) for row in rows]),
        "bytes": _range([row["bytes"] for row in rows]) | {"total": sum(row["bytes"] for row in rows)},
        "formats": dict(Counter(row["format"] for row in rows).most_common()),
        "unique_images": len({row["sha256"] for row in rows}),
    }


def count_by_label(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """`[{"label", "train", "validation", "test", "total"}]`, most frequent first; an image counts once a label."""
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        for label in set(row["labels"]):
            counts.setdefault(label, Counter())[row["split"] or "train"] += 1
    table = [
        {"label": label, **{split: split_counts[split] for split in SPLITS}, "total": split_counts.total()}
        for label, split_counts in counts.items()
    ]
    return sorted(table, key=lambda entry: (-entry["total"], entry["label"]))


def _range(values: Sequence[float]) -> dict[str, float]:
    return {"min": min(values), "median": median(values), "max": max(values)} if values else {}


def _histogram(values: Sequence[int]) -> list[dict[str, int]]:
    """Equal bins from the smallest to the largest: `[{"from", "to", "count"}]`, `to` excluded but in the last."""
    if not values:
        return []
    low, high = min(values), max(values)
    step = max(1, -(-(high - low + 1) // _BINS))
    counts = Counter((value - low) // step for value in values)
    bins = range((high - low) // step + 1)
    return [{"from": low + index * step, "to": low + (index + 1) * step, "count": counts[index]} for index in bins]

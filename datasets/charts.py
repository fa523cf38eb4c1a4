"""Chart options and their tables for the dataset pages."""

from __future__ import annotations

from typing import Any

from vision.data.records import SPLITS

Chart = dict[str, Any]
_TITLES = {"train": "Training", "validation": "Validation", "test": "Test"}
_SHOWN = 40


def class_balance(statistics: dict[str, Any]) -> Chart | None:
    """Images a label, stacked by split; at most the 40 most frequent are drawn, the table has all."""
    labels = statistics.get("labels") or []
    if not labels:
        return None
    splits = [split for split in SPLITS if any(entry[split] for entry in labels)]
    drawn = labels[:_SHOWN][::-1]  # ECharts draws a category axis from below
    options = {
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "legend": {"data": [_TITLES[split] for split in splits], "top": 0, "left": 0},
        "grid": {"left": 8, "right": 24, "top": 36, "bottom": 28, "containLabel": True},
        "xAxis": {"type": "value", "name": "images", "nameLocation": "middle", "nameGap": 24, "minInterval": 1},
        "yAxis": {
            "type": "category",
            "data": [entry["label"] for entry in drawn],
            "axisLabel": {"width": 140, "overflow": "truncate"},
        },
        "series": [
            {
                "name": _TITLES[split],
                "type": "bar",
                "stack": "images",
                "barMaxWidth": 28,
                "data": [entry[split] for entry in drawn],
            }
            for split in splits
        ],
    }
    rows = [[entry["label"], *(entry[split] for split in splits), entry["total"]] for entry in labels]
    return {"options": options, "table": {"columns": ["Label", *(_TITLES[s] for s in splits), "All"], "rows": rows}}


def size_histogram(statistics: dict[str, Any]) -> Chart | None:
    """Images by their longest side in px."""
    bins = statistics.get("longest_side") or []
    if not bins:
        return None
    names = [f"{entry['from']}–{entry['to'] - 1}" for entry in bins]
    options = {
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "grid": {"left": 8, "right": 16, "top": 36, "bottom": 8, "containLabel": True},
        "xAxis": {"type": "category", "data": names, "axisLabel": {"hideOverlap": True}},
        "yAxis": {"type": "value", "name": "images", "minInterval": 1},
        "series": [
            {"type": "bar", "name": "Images", "data": [entry["count"] for entry in bins], "barCategoryGap": "8%"}
        ],
    }
    rows = [[name, entry["count"]] for name, entry in zip(names, bins, strict=True)]
    return {"options": options, "table": {"columns": ["Longest side, px", "Images"], "rows": rows}}

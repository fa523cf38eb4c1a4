"""Charts of classes: how many images and objects each has, and which stand together."""

from __future__ import annotations

from typing import Any

from datasets.charts.parts import TABLE_ROWS, Chart, Link, draw_heat, link_cell, no_link, point
from vision.data.records import SPLITS

_TITLES = {"train": "Training", "validation": "Validation", "test": "Test"}
_SHOWN = 40


def class_balance(statistics: dict[str, Any], link: Link = no_link) -> Chart | None:
    """Images a label, stacked by split; at most the 40 most frequent are drawn, the table has more."""
    labels = statistics.get("labels") or []
    return _draw_balance([(entry["label"], entry, entry["total"]) for entry in labels], "images", link)


def object_balance(statistics: dict[str, Any], link: Link = no_link) -> Chart | None:
    """Objects a label, stacked by split, in the order of `class_balance`."""
    labels = [entry for entry in statistics.get("labels") or [] if "objects_by_split" in entry]
    return _draw_balance(
        [(entry["label"], entry["objects_by_split"], entry["objects"]) for entry in labels], "objects", link
    )


def labels_together(statistics: dict[str, Any], link: Link = no_link) -> Chart | None:
    """How many images have both of two classes, for the 20 most frequent."""
    together = statistics.get("together") or {}
    labels, images = together.get("labels") or [], together.get("images") or []
    pairs = [
        (row, column, images[row][column])
        for row in range(len(labels))
        for column in range(len(labels))
        if row != column and images[row][column]
    ]
    if not pairs:
        return None

    def name(row: int, column: int, count: int) -> str:
        return f"{labels[row]} and {labels[column]}: {count:,} image{'' if count == 1 else 's'}"

    cells = [
        point(
            [column, row, count],
            link(label=[labels[row], labels[column]], match="all"),
            name=name(row, column, count),
        )
        for row, column, count in pairs
    ]
    rows = [
        [labels[row], labels[column], link_cell(count, link(label=[labels[row], labels[column]], match="all"))]
        for row, column, count in sorted(pairs, key=lambda pair: -pair[2])
        if row < column
    ]
    options = draw_heat(labels, labels, cells, max(count for _, _, count in pairs))
    table = {"columns": ["Label", "With", "Images"], "rows": rows}
    return {"options": options, "table": table, "lines": 2 * len(labels)}


def _draw_balance(entries: list[tuple[str, dict[str, int], int]], counted: str, link: Link) -> Chart | None:
    """Bars by label, its counts by split, and their sum."""
    if not entries:
        return None
    splits = [split for split in SPLITS if any(counts[split] for _, counts, _ in entries)]
    drawn = entries[:_SHOWN][::-1]  # ECharts draws a category axis from below
    options = {
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "legend": {"data": [_TITLES[split] for split in splits], "top": 0, "left": 0},
        "grid": {"left": 8, "right": 24, "top": 36, "bottom": 28},
        "xAxis": {"type": "value", "name": counted, "nameLocation": "middle", "nameGap": 24, "minInterval": 1},
        "yAxis": {
            "type": "category",
            "data": [label for label, _, _ in drawn],
            "axisLabel": {"width": 140, "overflow": "truncate"},
        },
        "series": [
            {
                "name": _TITLES[split],
                "type": "bar",
                "stack": counted,
                "barMaxWidth": 28,
                "data": [point(counts[split], link(label=[label], split=split)) for label, counts, _ in drawn],
            }
            for split in splits
        ],
    }
    rows = [
        [link_cell(label, link(label=[label])), *(counts[split] for split in splits), total]
        for label, counts, total in entries[:TABLE_ROWS]
    ]
    table = {"columns": ["Label", *(_TITLES[split] for split in splits), "All"], "rows": rows}
    return {"options": options, "table": table, "lines": len(drawn)}

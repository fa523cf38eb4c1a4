"""What several charts are made of.

A point of a chart may hold `url`: a click on it leads there. So may a cell of a table, as `{"text", "url"}`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Chart = dict[str, Any]
"""`options` and `table`; also `lines`, where the chart is the higher the more lines it has."""
Link = Callable[..., str]
"""The address of the image grid under these filters; empty where there is none."""
Bin = dict[str, Any]
TABLE_ROWS = 300


def no_link(**query: Any) -> str:
    return ""


def link_cell(text: Any, url: str) -> Any:
    return {"text": text, "url": url} if url else text


def point(value: Any, url: str, **more: Any) -> Any:
    return {"value": value, **({"url": url} if url else {}), **more} if url or more else value


def draw_histogram(
    names: Sequence[str], counts: Sequence[int], urls: Sequence[str], *, of: str, counted: str, turned: bool = False
) -> Chart:
    """Bars side by side. `of` names what is binned, with its unit; `counted` what is counted."""
    options = {
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "grid": {"left": 8, "right": 16, "top": 36, "bottom": 26},
        "xAxis": {
            "type": "category",
            "data": list(names),
            "name": of,
            "nameLocation": "middle",
            "nameGap": 52 if turned else 28,
            "axisLabel": {"hideOverlap": True, "rotate": 45 if turned else 0},
        },
        "yAxis": {"type": "value", "name": counted.lower(), "minInterval": 1},
        "series": [
            {
                "type": "bar",
                "name": counted,
                "data": [point(count, url if count else "") for count, url in zip(counts, urls, strict=True)],
                "barCategoryGap": "8%",
                "barMaxWidth": 64,
            }
        ],
    }
    rows = [
        [name, link_cell(count, url if count else "")] for name, count, url in zip(names, counts, urls, strict=True)
    ]
    return {"options": options, "table": {"columns": [of, counted], "rows": rows}}


def fill_gaps(bins: Sequence[Bin], factor: float) -> list[Bin]:
    """Bins of which each is `factor` times as wide as the one before, with the empty ones between them."""
    filled: list[Bin] = []
    for entry in bins:
        while filled and filled[-1]["to"] * 1.01 < entry["from"]:
            low = filled[-1]["to"]
            filled.append({"from": low, "to": low * factor, "count": 0})
        filled.append(entry)
    return filled


def link_rows(entry: Bin, link: Link) -> str:
    """To the examples of a bin."""
    rows = entry.get("rows")
    return link(rows=",".join(map(str, rows))) if rows else ""


def draw_heat(
    columns: Sequence[str], lines: Sequence[str], cells: Sequence[Any], most: int, *, names: bool = True
) -> Chart:
    """Options of a heat map: `cells` are points `[column, line, count]`, lines from the top."""
    shown = {"show": names, "width": 110, "overflow": "truncate"}
    return {
        "tooltip": {"formatter": "{b}"},
        "grid": {"left": 8, "right": 8, "top": 8, "bottom": 48},
        "xAxis": {
            "type": "category",
            "data": list(columns),
            "axisLabel": shown | {"rotate": 45 if names else 0, "interval": 0},
        },
        "yAxis": {
            "type": "category",
            "data": list(lines),
            "inverse": True,
            "axisLabel": shown | {"interval": 0},
        },
        "visualMap": {
            "min": 0,
            "max": max(1, most),
            "orient": "horizontal",
            "left": "center",
            "bottom": 0,
            "itemHeight": 140,
            "itemWidth": 10,
            "precision": 0,
            "text": [f"{most:,}", "0"],
        },
        "series": [{"type": "heatmap", "data": list(cells)}],
    }

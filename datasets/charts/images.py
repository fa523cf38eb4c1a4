"""Charts of images: their sizes, shapes and file formats."""

from __future__ import annotations

import math
from typing import Any

from datasets.charts.parts import Chart, Link, draw_histogram, fill_gaps, link_cell, link_rows, no_link, point

_LISTED = 100
_LARGEST_DOT, _SMALLEST_DOT = 36, 6  # px


def size_histogram(statistics: dict[str, Any], link: Link = no_link) -> Chart | None:
    """Images by their longest side in px."""
    bins = statistics.get("longest_side") or []
    if not bins:
        return None
    names = [f"{entry['from']}–{entry['to'] - 1}" for entry in bins]
    urls = [link(longest_min=entry["from"], longest_max=entry["to"] - 1) for entry in bins]
    counts = [entry["count"] for entry in bins]
    return draw_histogram(names, counts, urls, of="Longest side, px", counted="Images")


def image_sizes(statistics: dict[str, Any], link: Link = no_link) -> Chart | None:
    """A dot for each size of image, the larger the more of them there are."""
    sizes = statistics.get("sizes") or {}
    cells, step = sizes.get("cells") or [], sizes.get("step", 1)
    if not cells:
        return None
    most = max(count for _, _, count in cells)

    def describe(width: int, height: int, count: int) -> tuple[str, str]:
        last = step - 1
        words = f"{_span(width, last)} × {_span(height, last)} px"
        bounds = {"width_min": width, "width_max": width + last, "height_min": height, "height_max": height + last}
        return words, link(**bounds)

    points, rows = [], []
    for width, height, count in cells:
        words, url = describe(width, height, count)
        name = f"{words}: {count:,} image{'' if count == 1 else 's'}"
        dot = max(_SMALLEST_DOT, _LARGEST_DOT * math.sqrt(count / most))
        points.append(point([width + step // 2, height + step // 2], url, name=name, symbolSize=round(dot, 1)))
        rows.append([words, link_cell(count, url)])
    options = {
        "tooltip": {"formatter": "{b}"},
        "grid": {"left": 8, "right": 24, "top": 36, "bottom": 28},
        "xAxis": {"type": "value", "name": "width, px", "nameLocation": "middle", "nameGap": 26, "min": 0},
        "yAxis": {"type": "value", "name": "height, px", "min": 0},
        "series": [{"type": "scatter", "data": points, "itemStyle": {"opacity": 0.55}}],
    }
    return {"options": options, "table": {"columns": ["Width × height", "Images"], "rows": rows[:_LISTED]}}


def image_shapes(statistics: dict[str, Any], link: Link = no_link) -> Chart | None:
    """Images by width over height, tall ones on the left."""
    return draw_shapes(statistics.get("image_aspect"), link, "Images")


def file_formats(statistics: dict[str, Any], link: Link = no_link) -> Chart | None:
    """Images by file format, where there is more than one."""
    formats = statistics.get("formats") or {}
    if len(formats) < 2:
        return None
    names = [str(name).upper() for name in formats]
    return draw_histogram(names, list(formats.values()), [""] * len(names), of="Format", counted="Images")


def draw_shapes(bins: list[dict[str, Any]] | None, link: Link, counted: str) -> Chart | None:
    """Bars by width over height."""
    if not bins or "rows" not in bins[0]:
        return None
    filled = fill_gaps(bins, math.sqrt(2))
    names = [_name_ratio(math.sqrt(entry["from"] * entry["to"])) for entry in filled]
    counts, urls = [entry["count"] for entry in filled], [link_rows(entry, link) for entry in filled]
    return draw_histogram(names, counts, urls, of="Width : height", counted=counted)


def _name_ratio(ratio: float) -> str:
    """`2 : 1`, `1 : 1.4`, `1 : 128`."""
    is_wide = ratio >= 1 or math.isclose(ratio, 1)
    times = ratio if is_wide else 1 / ratio
    text = f"{times:.2g}" if times < 10 else f"{times:.0f}"
    return f"{text} : 1" if is_wide else f"1 : {text}"


def _span(low: int, more: int) -> str:
    return f"{low}–{low + more}" if more else str(low)

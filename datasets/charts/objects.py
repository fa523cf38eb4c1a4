"""Charts of objects: how many an image has, how large they are, what shape, and where."""

from __future__ import annotations

import math
from typing import Any

from datasets.charts.images import draw_shapes
from datasets.charts.parts import Bin, Chart, Link, draw_heat, draw_histogram, fill_gaps, link_rows, no_link

_SMALLEST = 1e-4  # of an image's area; what is smaller stands in one bin
_EXAMPLES = 30
_THIRDS = (("top left", "top", "top right"), ("left", "centre", "right"), ("bottom left", "bottom", "bottom right"))


def objects_per_image(statistics: dict[str, Any], link: Link = no_link) -> Chart | None:
    """Images by the number of their objects."""
    return _count_per_image((statistics.get("objects") or {}).get("per_image"), link, "Objects in the image")


def labels_per_image(statistics: dict[str, Any], link: Link = no_link) -> Chart | None:
    """Images by the number of their labels."""
    return _count_per_image(statistics.get("labels_per_image"), link, "Labels of the image")


def object_areas(statistics: dict[str, Any], link: Link = no_link) -> Chart | None:
    """Objects by the share of the image that their box takes."""
    bins: list[Bin] = statistics.get("object_area") or []
    if not bins:
        return None
    filled = fill_gaps(_join_smallest(bins), math.sqrt(10))
    names = [_name_area(entry) for entry in filled]
    counts, urls = [entry["count"] for entry in filled], [link_rows(entry, link) for entry in filled]
    return draw_histogram(names, counts, urls, of="Share of the image's area, %", counted="Objects")


def object_shapes(statistics: dict[str, Any], link: Link = no_link) -> Chart | None:
    """Objects by width over height, in pixels."""
    return draw_shapes(statistics.get("object_aspect"), link, "Objects")


def location_map(statistics: dict[str, Any], label: str = "") -> Chart | None:
    """Where in the images the centres of objects lie: of all, or of one label. The table counts by thirds."""
    places = (statistics.get("location_by_label") or {}).get(label) if label else statistics.get("location")
    total = sum(map(sum, places or []))
    if not places or not total:
        return None
    size = len(places)
    cells = [
        {"value": [column, row, count], "name": _name_place(count, column / size, row / size)}
        for row, line in enumerate(places)
        for column, count in enumerate(line)
        if count
    ]
    sides = [str(index) for index in range(size)]
    options = draw_heat(sides, sides, cells, max(map(max, places)), names=False)
    return {"options": options, "table": _tabulate_thirds(places, total)}


def _count_per_image(bins: list[Bin] | None, link: Link, of: str) -> Chart | None:
    if not bins:
        return None
    names = [_span(entry["from"], entry["to"] - 1) for entry in bins]
    urls = [link(objects_min=entry["from"], objects_max=entry["to"] - 1) for entry in bins]
    return draw_histogram(names, [entry["count"] for entry in bins], urls, of=of, counted="Images")


def _tabulate_thirds(places: list[list[int]], total: int) -> dict[str, Any]:
    counts = [[0] * 3 for _ in range(3)]
    for row, line in enumerate(places):
        for column, count in enumerate(line):
            counts[row * 3 // len(places)][column * 3 // len(line)] += count
    rows = [
        [name, count, f"{count / total:.0%}".replace("%", " %")]
        for names, line in zip(_THIRDS, counts, strict=True)
        for name, count in zip(names, line, strict=True)
    ]
    return {"columns": ["Third of the image", "Objects", "Share"], "rows": rows}


def _name_place(count: int, x: float, y: float) -> str:
    things = "object" if count == 1 else "objects"
    return f"{count:,} {things}, {x:.0%} from the left, {y:.0%} from the top"


def _span(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}–{high}"


def _join_smallest(bins: list[Bin]) -> list[Bin]:
    """Bins below `_SMALLEST` as one that begins at 0."""
    small = [entry for entry in bins if entry["to"] < _SMALLEST * 1.01]
    if not small:
        return bins
    rows = sorted({row for entry in small for row in entry.get("rows", [])})[:_EXAMPLES]
    joined = {"from": 0, "to": _SMALLEST, "count": sum(entry["count"] for entry in small), "rows": rows}
    return [joined, *bins[len(small) :]]


def _name_area(entry: Bin) -> str:
    if not entry["from"]:
        return f"under {entry['to'] * 100:g}"
    return "100" if entry["from"] >= 1 else f"{_share(entry['from'])}–{_share(entry['to'])}"


def _share(share: float) -> str:
    return f"{share * 100:.2g}" if share < 0.1 else f"{share * 100:.0f}"

"""The map of a version's images as a chart: a point an image, a colour and a shape a label."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from datasets.charts.parts import Chart, Link, link_cell, no_link
from datasets.drawing import find_series

_SHOWN = 16  # labels with a colour of their own
_MARGIN = 0.03  # beside the outermost points
_SHAPES = ["circle", "triangle", "rect", "diamond", "arrow", "pin"]
_OTHER, _NONE = "other labels", "no label"


def image_map(found: dict[str, Any], classes: Sequence[str], link: Link = no_link) -> Chart:
    """`found` is the `map` of vision/embedding, `classes` all of the version's. A point's third number is its row.

    Labels keep the colour they have on every page; those that share one differ in shape.
    """
    labels = found["labels"]
    points: dict[int, list[list[float]]] = defaultdict(list)
    for row, x, y, label in found["points"]:
        points[min(label, _SHOWN)].append([x, y, row])
    names = [entry["label"] or _NONE for entry in labels[:_SHOWN]] + [_OTHER]
    looks = _choose_looks([entry["label"] for entry in labels[:_SHOWN]], classes)
    options = {
        "legend": {"type": "scroll", "top": 0, "left": 0, "right": 0}
        | {"pageIconColor": "token:muted", "pageIconInactiveColor": "token:line"},
        "grid": {"left": 4, "right": 4, "top": 36, "bottom": 4},
        "xAxis": _fit_axis([x for _, x, _, _ in found["points"]]),
        "yAxis": _fit_axis([y for _, _, y, _ in found["points"]]),
        "dataZoom": [
            {"type": "inside", f"{side}AxisIndex": 0, "zoomOnMouseWheel": "ctrl", "moveOnMouseMove": "shift"}
            | {"moveOnMouseWheel": False, "preventDefaultMouseMove": False, "filterMode": "none"}
            for side in "xy"
        ],
        "series": [
            {
                "type": "scatter",
                "name": names[number],
                "symbol": looks[number][1],
                "symbolSize": 8 if len(found["points"]) < 1_500 else 6,
                "itemStyle": {"color": f"token:{looks[number][0]}", "opacity": 0.8},
                "emphasis": {"scale": 1.8, "itemStyle": {"opacity": 1, "borderColor": "token:ink", "borderWidth": 2}},
                "data": points[number],
            }
            for number in sorted(points)
        ],
    }
    return {"options": options, "table": _draw_table(labels, link)}


def _fit_axis(values: list[float]) -> dict[str, Any]:
    low, high = min(values, default=0.0), max(values, default=0.0)
    margin = (high - low) * _MARGIN or 1.0
    return {"type": "value", "show": False, "min": round(low - margin, 4), "max": round(high + margin, 4)}


def _choose_looks(labels: list[str], classes: Sequence[str]) -> list[tuple[str, str]]:
    """Token of the colour and shape of each label, then of all others."""
    used: dict[int, int] = defaultdict(int)
    looks = []
    for label in labels:
        series = find_series(label, classes)
        if label:
            looks.append((f"series-{series}", _SHAPES[used[series] % len(_SHAPES)]))
            used[series] += 1
        else:
            looks.append(("muted", "emptyCircle"))
    return [*looks, *[("muted", "rect")] * (_SHOWN + 1 - len(looks))]


def _draw_table(labels: list[dict[str, Any]], link: Link) -> dict[str, Any]:
    rows = [
        [
            link_cell(entry["label"] or _NONE, link(label=entry["label"]) if entry["label"] else ""),
            entry["points"],
            f"{entry['alike'] / max(1, entry['points']):.0%}",
            entry["mixed_with"] or "–",
        ]
        for entry in labels[:1_000]
    ]
    return {"columns": ["Label", "Points", "Nearest is of the same label", "Else most often"], "rows": rows}

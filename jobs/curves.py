"""The curves of an evaluation as charts, each with its table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from datasets.drawing import find_series
from jobs.charts import DASHES, Chart, cell, rounded

THRESHOLD_TITLES = {"precision": "Precision", "recall": "Recall", "f1": "F1", "iou": "IoU", "answered": "Answered"}
_AXES = {
    "roc": ("False positive rate", "True positive rate", "Area under the curve"),
    "precision_recall": ("Recall", "Precision", "Average precision"),
    "cumulative_gains": ("Share of images, most probable first", "Share of the label found", ""),
    "lift": ("Share of images, most probable first", "Times better than chance", ""),
    "calibration": ("Probability that was said", "Share that is right", "Mean difference"),
}
_SHOWN_SHARES = (0.1, 0.2, 0.3, 0.5)  # of the tables of gains and lift


def curve_chart(evaluation: Mapping[str, Any], kind: str) -> Chart | None:
    """One of `_AXES`, a curve a label in the label's colour; None where the evaluation has none."""
    curves = evaluation.get("curves", {}).get(kind, [])
    if not curves:
        return None
    x, y, _ = _AXES[kind]
    series = [
        {
            "name": curve["label"],
            "type": "line",
            "showSymbol": kind == "calibration",
            **line_look(curve["label"], evaluation["label_names"], index),
            "data": [[rounded(a), rounded(b)] for a, b in zip(curve["x"], curve["y"], strict=True)],
        }
        for index, curve in enumerate(curves)
    ]
    options = unit_square(x, y) | {"series": [*series, *_guides(kind)]}
    if kind == "lift":
        options["yAxis"] = {key: value for key, value in options["yAxis"].items() if key != "max"}
    return {"options": options, "table": _tabulate(curves, kind)}


def _guides(kind: str) -> list[dict[str, Any]]:
    """The line that curves are held against: what chance reaches, or a model that means what it says."""
    ends = {"roc": (0, 1), "cumulative_gains": (0, 1), "calibration": (0, 1), "lift": (1, 1)}.get(kind)
    if ends is None:
        return []
    return [
        {
            "name": "as said" if kind == "calibration" else "chance",
            "type": "line",
            "showSymbol": False,
            "silent": True,
            "color": "token:muted",
            "lineStyle": {"type": "dotted", "width": 1, "color": "token:muted"},
            "data": [[0, ends[0]], [1, ends[1]]],
        }
    ]


def line_look(label: str, names: Sequence[str], index: int) -> dict[str, Any]:
    """A label's line: in the colour it has on every page; the averages in that of text, and heavier."""
    is_label = label in names
    colour = f"token:series-{find_series(label, names)}" if is_label else "token:ink"
    return {
        "color": colour,
        "lineStyle": {"type": DASHES[index % len(DASHES)], "width": 1.75 if is_label else 2.5, "color": colour},
    }


def threshold_chart(
    points: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    marks: Mapping[str, float],
    link: Callable[[float], str] | None = None,
) -> Chart | None:
    """Metrics over the threshold: `points` have `score` and each of `names`; `marks` are thresholds to point out, by
    what to call them. `link(score)` makes the address that a point leads to."""
    if not points:
        return None
    series: list[dict[str, Any]] = [
        {
            "name": THRESHOLD_TITLES[name],
            "type": "line",
            "symbolSize": 6,
            "lineStyle": {"type": DASHES[index], "width": 2},
            "data": [
                {"value": [rounded(point["score"]), rounded(point[name])]}
                | ({} if link is None else {"url": link(point["score"])})
                for point in points
            ],
        }
        for index, name in enumerate(names)
    ]
    series[-1]["markLine"] = {
        "symbol": "none",
        "data": [
            {
                "xAxis": rounded(score),
                "label": {"formatter": title, "rotate": 0, "distance": 4 + 14 * place, "color": "token:ink"},
            }
            for place, (title, score) in enumerate(marks.items())
        ],
    }
    rows = [[_score_cell(point["score"], link), *(cell(point[name]) for name in names)] for point in points]
    table = {"columns": ["Score of at least", *(THRESHOLD_TITLES[name] for name in names)], "rows": rows}
    options = unit_square("Score of at least", "")
    options["grid"]["top"] = 72  # room for what the marks are called
    return {"options": options | {"series": series}, "table": table}


def unit_square(x: str, y: str) -> dict[str, Any]:
    """Options of a chart whose axes both go from 0 to 1."""
    axis = {"type": "value", "min": 0, "max": 1, "nameLocation": "middle"}
    return {
        "tooltip": {"trigger": "item"},
        "legend": {"type": "scroll", "top": 0, "left": 0, "icon": "roundRect", "itemHeight": 3, "itemWidth": 18},
        "grid": {"left": 24, "right": 18, "top": 40, "bottom": 24},
        "xAxis": axis | {"name": x, "nameGap": 26},
        "yAxis": axis | {"name": y, "nameGap": 34},
    }


def _score_cell(score: float, link: Callable[[float], str] | None) -> Any:
    text = f"{score:.2f}"
    return text if link is None else {"text": text, "url": link(score)}


def _tabulate(curves: Sequence[Mapping[str, Any]], kind: str) -> dict[str, Any]:
    if kind == "calibration":
        rows = [
            [curve["label"], cell(said), cell(right), count]
            for curve in curves
            for said, right, count in zip(curve["x"], curve["y"], curve["count"], strict=True)
        ]
        return {"columns": ["Label", "Probability said", "Share right", "Decisions"], "rows": rows}
    if kind in ("cumulative_gains", "lift"):
        rows = [[curve["label"], *(cell(_at(curve, share)) for share in _SHOWN_SHARES)] for curve in curves]
        return {"columns": ["Label", *(f"First {share:.0%} of images" for share in _SHOWN_SHARES)], "rows": rows}
    return {
        "columns": ["Label", _AXES[kind][2]],
        "rows": [[curve["label"], cell(curve.get("area"))] for curve in curves],
    }


def _at(curve: Mapping[str, Any], x: float) -> float | None:
    """The value of the point nearest to `x`."""
    place = min(range(len(curve["x"])), key=lambda place: abs(curve["x"][place] - x), default=None)
    return None if place is None else curve["y"][place]

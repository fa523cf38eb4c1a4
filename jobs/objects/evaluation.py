"""The evaluation of found objects as tables and charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jobs.charts import Chart, cell, rounded
from jobs.curves import line_look, unit_square
from jobs.predictions import ERROR_HELP, ERRORS, IMAGE_OUTCOMES

Evaluation = dict[str, Any]
Link = Callable[..., str]
BACKGROUND, MISSED = "background", "missed"
MOST_LABELS = 40  # a larger matrix can't be read on a screen
_SHADES = 10
_COCO = (
    ("AP", "AP, mean of IoU 0.50 to 0.95"),
    ("AP50", "AP at IoU 0.50"),
    ("AP75", "AP at IoU 0.75"),
    ("AP_small", "AP, small objects (under 32² px)"),
    ("AP_medium", "AP, medium objects (32² to 96² px)"),
    ("AP_large", "AP, large objects (over 96² px)"),
    ("AR_1", "AR, one detection an image"),
    ("AR_10", "AR, ten an image"),
    ("AR_100", "AR, a hundred an image"),
    ("AR_small", "AR, small objects"),
    ("AR_medium", "AR, medium objects"),
    ("AR_large", "AR, large objects"),
)


def coco_rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    """COCO's twelve numbers with their names; empty where they were not asked for."""
    numbers = evaluation.get("coco") or {}
    return [{"title": title, "value": numbers.get(name)} for name, title in _COCO] if numbers else []


def point_at(evaluation: Evaluation, score: float) -> dict[str, Any]:
    """What the report tells of the threshold nearest to `score`; nothing where nothing was measured."""
    points: list[dict[str, Any]] = evaluation.get("operating_points") or []
    return min(points, key=lambda point: abs(point["score"] - score), default={})


def is_blind(point: dict[str, Any]) -> bool:
    """Whether nothing is found on any image at the point, though something is labelled."""
    level = point.get("image_level")
    return bool(level and level["false_negatives"] and not level["true_positives"] + level["false_positives"])


def error_rows(point: dict[str, Any], link: Link) -> list[dict[str, Any]]:
    """The kinds of mistakes, the most frequent first: `{title, help, count, share, url}`."""
    counted = {one["type"]: one["count"] for one in point.get("errors", [])}
    total = sum(counted.values()) or 1
    rows = [
        {
            "title": ERRORS[kind],
            "help": ERROR_HELP[kind],
            "count": counted.get(kind, 0),
            "share": counted.get(kind, 0) / total,
            "url": link(error=kind),
        }
        for kind in ERRORS
    ]
    return sorted(rows, key=lambda row: -row["count"])


def label_rows(evaluation: Evaluation, point: dict[str, Any], link: Link) -> list[dict[str, Any]]:
    """The labels, the one with the lowest average precision first; counts at the point lead to their images."""
    counted = {row["label"]: row for row in point.get("per_label", [])}
    rows = [row | counted.get(row["label"], {}) for row in evaluation["per_label"]]
    for row in rows:
        row["url"] = link(label=row["label"])
        for count, name in (("true_positives", "found"), ("false_negatives", "lost"), ("false_positives", "false")):
            row[f"{name}_url"] = link(**{name: row["label"]}) if row[count] else ""
    return sorted(rows, key=lambda row: (_or_last(row["average_precision"]), row["label"]))


def size_rows(point: dict[str, Any], link: Link) -> list[dict[str, Any]]:
    """Objects by their size; those not found lead to their images."""
    rows = [row | {"lost": row["support"] - row["found"]} for row in point.get("sizes", [])]
    return [row | {"url": link(size=row["size"]) if row["lost"] else ""} for row in rows]


def image_table(point: dict[str, Any], link: Link) -> dict[str, Any] | None:
    """Whole images, by whether anything is labelled on them and whether anything was found: numbers and outcomes."""
    level: dict[str, Any] | None = point.get("image_level")
    if not level:
        return None
    counts = ("true_positives", "false_negatives", "false_positives", "true_negatives")
    outcomes = [
        {"title": title, "count": level[count], "url": link(outcome=name) if level[count] else ""}
        for (name, title), count in zip(IMAGE_OUTCOMES.items(), counts, strict=True)
    ]
    return level | {"outcomes": outcomes}


def _or_last(value: float | None) -> float:
    return 2.0 if value is None else value


def matrix_table(evaluation: Evaluation, score: float, link: Link) -> dict[str, Any] | None:
    """The confusion matrix nearest to `score`, with the background as last row and what was missed as last column.

    None where there are too many labels to read it.
    """
    names: list[str] = evaluation["label_names"]
    matrices = evaluation.get("confusion_matrices") or []
    if not matrices or len(names) > MOST_LABELS:
        return None
    chosen = min(matrices, key=lambda one: abs(one["score"] - score))
    rows = []
    for i, counts in enumerate(chosen["matrix"]):
        total = sum(counts)
        truth = names[i] if i < len(names) else ""
        cells = []
        for j, count in enumerate(counts):
            predicted = names[j] if j < len(names) else ""
            cells.append(
                {
                    "count": count,
                    "shade": -(-count * _SHADES // total) if total else 0,
                    "is_diagonal": i == j and i < len(names),
                    "is_empty": i == j == len(names),
                    "title": _describe_cell(count, truth, predicted),
                    "url": link(truth=truth, predicted=predicted, cell="1") if count else "",
                }
            )
        rows.append({"label": truth or BACKGROUND, "total": total, "cells": cells})
    return {"columns": [*names, MISSED], "rows": rows, "score": chosen["score"]}


def _describe_cell(count: int, truth: str, predicted: str) -> str:
    objects = f"{count} object{'' if count == 1 else 's'}"
    if not truth:
        return f"{objects} found as {predicted} where nothing is labelled"
    return f"{objects} of {truth} found as {predicted}" if predicted else f"{objects} of {truth} missed"


def precision_recall_chart(evaluation: Evaluation, iou: float) -> Chart | None:
    """One curve a label at an IoU threshold, in the label's colour, with the mean."""
    curves = [one for one in evaluation.get("curves", {}).get("precision_recall", []) if abs(one["iou"] - iou) < 1e-6]
    if not curves:
        return None
    names: Sequence[str] = evaluation["label_names"]
    series = [
        {
            "name": one["label"] or "all labels",
            "type": "line",
            "showSymbol": False,
            **line_look(one["label"] or "", names, index),
            "data": [[rounded(point["recall"]), rounded(point["precision"])] for point in one["points"]],
        }
        for index, one in enumerate(curves)
    ]
    rows = [
        [one["label"] or "all labels", cell(one["average_precision"]), cell(_highest_recall(one))] for one in curves
    ]
    table = {"columns": ["Label", f"Average precision at IoU {iou:g}", "Highest recall"], "rows": rows}
    return {"options": unit_square("Recall", "Precision") | {"series": series}, "table": table}


def _highest_recall(curve: dict[str, Any]) -> float | None:
    """Of the curve of all labels, whose points go on to recall 1 at no precision, there is none to tell."""
    return max((point["recall"] for point in curve["points"]), default=0.0) if curve["label"] else None


def ious_of(evaluation: Evaluation) -> list[float]:
    """The IoU thresholds that there are curves for."""
    return sorted({one["iou"] for one in evaluation.get("curves", {}).get("precision_recall", [])})

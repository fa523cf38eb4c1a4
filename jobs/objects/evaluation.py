"""The evaluation of found objects as tables and charts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jobs.charts import DASHES, Chart, rounded, threshold_chart, unit_square
from jobs.objects.predictions import ERROR_HELP, ERRORS

Evaluation = dict[str, Any]
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


def error_rows(evaluation: Evaluation, link: Callable[[str], str]) -> list[dict[str, Any]]:
    """The kinds of mistakes, the most frequent first: `{title, help, count, share, url}`."""
    counted = {one["type"]: one["count"] for one in evaluation.get("errors", [])}
    total = sum(counted.values()) or 1
    rows = [
        {
            "title": ERRORS[kind],
            "help": ERROR_HELP[kind],
            "count": counted.get(kind, 0),
            "share": counted.get(kind, 0) / total,
            "url": link(kind),
        }
        for kind in ERRORS
    ]
    return sorted(rows, key=lambda row: -row["count"])


def matrix_table(evaluation: Evaluation, score: float, link: Callable[[str, str], str]) -> dict[str, Any] | None:
    """The confusion matrix nearest to `score`, with the background as last row and what was missed as last column.

    `link(truth, predicted)` takes "" for the background. None where there are too many labels to read it.
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
                    "url": link(truth, predicted) if count else "",
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
    """One curve a label at an IoU threshold, with the mean."""
    curves = [one for one in evaluation.get("curves", {}).get("precision_recall", []) if abs(one["iou"] - iou) < 1e-6]
    if not curves:
        return None
    areas = {row["label"]: row["average_precision"] for row in evaluation.get("per_label", [])}
    series = [
        {
            "name": one["label"] or "all labels",
            "type": "line",
            "showSymbol": False,
            "lineStyle": {"type": DASHES[index % len(DASHES)], "width": 1.75},
            "data": [[rounded(point["recall"]), rounded(point["precision"])] for point in one["points"]],
        }
        for index, one in enumerate(curves)
    ]
    is_validation = abs(iou - evaluation["thresholds"]["iou"]) < 1e-6
    rows = [
        [one["label"], "–" if areas.get(one["label"]) is None else f"{areas[one['label']]:.4g}"]
        for one in curves
        if one["label"] and is_validation
    ]
    table = {"columns": ["Label", "Average precision"], "rows": rows} if rows else _points_table(curves)
    return {"options": unit_square("Recall", "Precision") | {"series": series}, "table": table}


def _points_table(curves: list[dict[str, Any]]) -> dict[str, Any]:
    rows = []
    for one in curves:
        best = max((point["recall"] for point in one["points"]), default=0.0)
        rows.append([one["label"] or "all labels", f"{best:.4g}"])
    return {"columns": ["Label", "Highest recall"], "rows": rows}


def score_chart(evaluation: Evaluation) -> Chart | None:
    """Precision, recall and F1 over the score threshold, with the recommended one marked."""
    points = evaluation.get("curves", {}).get("scores", [])
    return threshold_chart(points, ("precision", "recall", "f1"), evaluation["thresholds"].get("recommended_score"))


def ious_of(evaluation: Evaluation) -> list[float]:
    """The IoU thresholds that there are curves for."""
    return sorted({one["iou"] for one in evaluation.get("curves", {}).get("precision_recall", [])})


def scores_of(evaluation: Evaluation) -> list[float]:
    """The score thresholds that there are confusion matrices for."""
    return sorted(one["score"] for one in evaluation.get("confusion_matrices") or [])

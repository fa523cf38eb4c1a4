"""The evaluation and the predictions of a trial that names whole images, with one label each or with several."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from datasets.drawing import find_series
from datasets.models import DatasetVersion
from jobs.confusion import class_rows, confusion_table, most_confused
from jobs.curves import curve_chart, threshold_chart
from jobs.headline import named_headlines
from jobs.labels import label_rows, mark_labels, most_mixed_up, threshold_words
from jobs.predictions import NameFilter, Rows, named_rows
from jobs.thresholds import mark_scores
from jobs.views.chosen import Chosen
from jobs.views.common import scored_version
from jobs.views.paging import Asked, read_asked
from vision.catalog.task_types import TaskType

ORDERS = {
    "worst": "Most wrong first",
    "unsure": "Least sure first",
    "confident": "Most sure first",
    "row": "As in the dataset",
}
_FILTERS = ("truth", "predicted", "missed", "false", "unanswered", "errors")
_CURVES = (
    ("precision_recall", "Precision and recall", "higher is better"),
    ("roc", "ROC", "higher is better"),
    ("calibration", "Calibration", "nearer to the diagonal is better"),
    ("cumulative_gains", "Cumulative gains", "higher is better"),
    ("lift", "Lift", "higher is better"),
)


def evaluation_context(request: HttpRequest, chosen: Chosen) -> dict[str, Any]:
    evaluation, link, score = chosen.evaluation, chosen.predictions_link, chosen.score
    has_several = chosen.trial.job.task_type == TaskType.MULTILABEL
    return {
        "evaluation": evaluation,
        "headlines": named_headlines(chosen.evaluations, "" if chosen.is_own_score else "as the model answers"),
        "curves": _describe_curves(evaluation),
        **(_labels_context(chosen) if has_several else _classes_context(chosen)),
        "template": "jobs/labels/evaluation.html" if has_several else "",
        "mix_ups": most_mixed_up(evaluation, link) if has_several else [],
        "matrix": None if has_several else confusion_table(evaluation, link, score),
    }


def predictions_context(request: HttpRequest, chosen: Chosen) -> dict[str, Any]:
    trial, names = chosen.trial, chosen.evaluation["label_names"]
    asked = read_asked(request, ORDERS, _FILTERS)
    found = _rows(chosen, asked).page(asked.order, asked.cursor, limit=48)
    has_several, version = trial.job.task_type == TaskType.MULTILABEL, scored_version(trial, chosen.split)
    tiles = [make_tile(row, chosen, asked, version) for row in found.rows]
    return {
        "template": "jobs/labels/predictions.html" if has_several else "",
        "found": found,
        "tiles": [tile | {"marks": mark_labels(tile, names)} for tile in tiles] if has_several else tiles,
        "label_names": names,
        "given": asked.given,
        "orders": ORDERS.items(),
        "is_filtered": asked.is_filtered,
        "all_query": asked.query_without_filters(chosen.kept),
        "next_query": asked.query_after(found.next, chosen.kept) if found.next else "",
    }


def image_context(request: HttpRequest, chosen: Chosen, row: int) -> dict[str, Any]:
    """One image with every label's probability."""
    asked = read_asked(request, ORDERS, _FILTERS)
    rows, names = _rows(chosen, asked), chosen.evaluation["label_names"]
    found = rows.find(row)
    truth, given = _as_list(found["truth"]), _as_list(found["predicted"])
    bars = [
        {
            "label": name,
            "series": find_series(name, names),
            "probability": probability,
            "is_there": name in truth,
            "is_given": name in given,
        }
        for name, probability in zip(names, found["probabilities"], strict=False)
    ]
    return {
        "template": "jobs/labels/prediction.html",
        "row": found,
        "has_several": chosen.trial.job.task_type == TaskType.MULTILABEL,
        "truth": truth,
        "given_labels": given,
        "is_right": set(truth) == set(given),
        "bars": sorted(bars, key=lambda bar: -bar["probability"]),
        **asked.neighbour_urls(chosen, rows.neighbours(row, asked.order)),
    }


def _labels_context(chosen: Chosen) -> dict[str, Any]:
    thresholds = chosen.evaluation["thresholds"]
    marks = mark_scores(chosen.evaluation, chosen.score)
    names = ("precision", "recall", "f1", "iou")
    return {
        "per_label": label_rows(chosen.evaluation, chosen.predictions_link, chosen.score),
        "threshold_hint": threshold_words(chosen.evaluation),
        "by_threshold": threshold_chart(thresholds["scores"], names, marks, chosen.score_link),
    }


def _classes_context(chosen: Chosen) -> dict[str, Any]:
    evaluation, link, score = chosen.evaluation, chosen.predictions_link, chosen.score
    points = evaluation.get("thresholds", {}).get("scores", [])
    names = ("precision", "recall", "answered", "f1")
    return {
        "per_label": class_rows(evaluation, link, score),
        "confused": most_confused(evaluation, link, score),
        "by_threshold": threshold_chart(points, names, mark_scores(evaluation, score), chosen.score_link),
    }


def _describe_curves(evaluation: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"id": f"chart-{kind.replace('_', '-')}", "title": title, "direction": direction, **chart}
        for kind, title, direction in _CURVES
        if (chart := curve_chart(evaluation, kind)) is not None
    ]


def _rows(chosen: Chosen, asked: Asked) -> Rows:
    given = asked.given
    wanted = NameFilter(
        truth=given["truth"],
        predicted=given["predicted"],
        missed=given["missed"],
        false=given["false"],
        unanswered=given["unanswered"] == "1",
        only_errors=given["errors"] == "1",
    )
    score = None if chosen.is_own_score else chosen.score
    return named_rows(chosen.trial, wanted, split=chosen.split, score=score, names=chosen.evaluation["label_names"])


def make_tile(row: dict[str, Any], chosen: Chosen, asked: Asked, version: DatasetVersion) -> dict[str, Any]:
    return row | {
        "thumb": reverse("datasets:thumb", args=[version.dataset.name, version.number, row["sha256"]]),
        "url": asked.image_url(chosen, row["row"]),
        "is_right": row["truth"] == row["predicted"],
    }


def _as_list(value: Any) -> list[str]:
    """One name, several or none, as a list."""
    return list(value) if isinstance(value, list) else [] if value is None else [value]

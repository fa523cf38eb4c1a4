"""The evaluation and the predictions of a trial that finds objects."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from datasets.drawing import find_series
from datasets.models import DatasetVersion
from jobs import selectors
from jobs.models import Trial
from jobs.objects import evaluation as tables
from jobs.objects.drawing import draw_found, draw_truth, kept, sketch_found, sketch_truth
from jobs.objects.predictions import (
    ERRORS,
    ObjectFilter,
    find_object_prediction,
    list_object_predictions,
)
from jobs.views.common import page, predictions_link, scored_version, trial_context
from vision.errors import NotFoundError

_ORDERS = {"worst": "Most mistakes first", "best": "Fewest mistakes first", "row": "As in the dataset"}


def evaluation_context(request: HttpRequest, trial: Trial, evaluation: dict[str, Any]) -> dict[str, Any]:
    thresholds = evaluation["thresholds"]
    score = _read_number(request, "score", thresholds["score"])
    ious = tables.ious_of(evaluation)
    iou = min(ious, key=lambda one: abs(one - _read_number(request, "iou", thresholds["iou"])), default=None)
    link = predictions_link(trial)
    has_coco = any(row.get("average_precision_coco") is not None for row in evaluation["per_label"])
    return {
        "template": "jobs/objects/evaluation.html",
        "evaluation": evaluation,
        "headline": _headline(evaluation),
        "thresholds": thresholds,
        "matrix": tables.matrix_table(evaluation, score, lambda a, b: link(truth=a, predicted=b, cell="1")),
        "scores": tables.scores_of(evaluation),
        "mistakes": tables.error_rows(evaluation, lambda kind: link(error=kind)),
        "per_label": [row | {"url": link(label=row["label"])} for row in evaluation["per_label"]],
        "has_coco": has_coco,
        "ious": ious,
        "chosen_iou": iou,
        "precision_recall": None if iou is None else tables.precision_recall_chart(evaluation, iou),
        "by_score": tables.score_chart(evaluation),
        "sizes": evaluation.get("sizes"),
        "image_level": evaluation.get("image_level"),
        "coco": tables.coco_rows(evaluation),
    }


def predictions_context(request: HttpRequest, trial: Trial, evaluation: dict[str, Any]) -> dict[str, Any]:
    names = ("label", "error", "truth", "predicted", "cell", "order", "errors", "cursor")
    given = {key: request.GET.get(key, "") for key in names}
    order = given["order"] if given["order"] in _ORDERS else "worst"
    has_cell = given["cell"] == "1"
    chosen = ObjectFilter(
        label=given["label"],
        error=given["error"] if given["error"] in ERRORS else "",
        truth=given["truth"] if has_cell else None,
        predicted=given["predicted"] if has_cell else None,
        only_errors=given["errors"] == "1",
    )
    found = list_object_predictions(trial, chosen, order=order, cursor=given["cursor"] or None, limit=24)
    following = {key: value for key, value in given.items() if value} | {"cursor": found.next or ""}
    classes, score = evaluation["label_names"], evaluation["thresholds"]["score"]
    version = scored_version(trial)
    return {
        "template": "jobs/objects/predictions.html",
        "found": found,
        "tiles": [_tile(row, trial, version, classes, score) for row in found.rows],
        "label_names": classes,
        "given": given | {"order": order},
        "errors": ERRORS.items(),
        "orders": _ORDERS.items(),
        "is_filtered": any(given[key] for key in ("label", "error", "cell", "errors")),
        "cell_words": _describe_cell(given["truth"], given["predicted"]) if has_cell else "",
        "next_query": urlencode(following) if found.next else "",
    }


@never_cache
@page
@require_GET
def show_prediction(request: HttpRequest, name: str, number: int, row: int) -> HttpResponseBase:
    """One image: what is there beside what was found."""
    trial = selectors.get_trial(name, number)
    evaluation = selectors.get_evaluation(trial)
    if evaluation is None or "thresholds" not in evaluation or "errors" not in evaluation:
        raise NotFoundError(f"Trial {trial.name} has no found objects to show.")
    predicted = find_object_prediction(trial, row)
    classes, score = evaluation["label_names"], evaluation["thresholds"]["score"]
    found = kept(predicted, score)
    hit = {one["truth"] for one in found if not one.get("error")}
    version = scored_version(trial)
    context = trial_context(request, trial, "predictions") | {
        "row": predicted,
        "score": score,
        "stages": [
            {"title": "Truth", "drawing": draw_truth(predicted, classes)},
            {"title": "Found", "drawing": draw_found(predicted, classes, score)},
        ],
        "letter_height": max(10.0, max(predicted["width"], predicted["height"]) / 40),
        "found": [
            one | {"series": find_series(one["label"], classes), "error_title": ERRORS.get(one.get("error") or "", "")}
            for one in found
        ],
        "there": [
            one | {"series": find_series(one["label"], classes), "is_missed": index not in hit}
            for index, one in enumerate(predicted["truth"])
        ],
        "image_url": reverse("datasets:image", args=[version.dataset.name, version.number, predicted["sha256"]]),
        "dataset_url": f"{reverse('datasets:row', args=[version.dataset.name, row])}?version={version.number}",
    }
    return render(request, "jobs/objects/prediction.html", context)


def _headline(evaluation: dict[str, Any]) -> list[dict[str, Any]]:
    metrics, thresholds = evaluation["metrics"], evaluation["thresholds"]
    images = f"{evaluation['images']} {evaluation['split']} images"
    at_score = f"at a score of {thresholds['score']:g}"
    shown = [
        ("Mean average precision", metrics.get("mean_average_precision"), f"IoU {thresholds['iou']:g} · {images}"),
        ("Precision", metrics.get("precision"), at_score),
        ("Recall", metrics.get("recall"), at_score),
        ("AP, COCO", (evaluation.get("coco") or {}).get("AP"), "mean of IoU 0.50 to 0.95"),
    ]
    return [{"title": title, "value": value, "about": about} for title, value, about in shown if value is not None]


def _tile(
    row: dict[str, Any], trial: Trial, version: DatasetVersion, classes: list[str], score: float
) -> dict[str, Any]:
    wrong = [ERRORS[kind].lower() for kind in ERRORS if kind in row["errors"]]
    return row | {
        "thumb": reverse("datasets:thumb", args=[version.dataset.name, version.number, row["sha256"]]),
        "url": reverse("jobs:prediction", args=[trial.job.name, trial.number, row["row"]]),
        "truth_sketch": sketch_truth(row, classes),
        "found_sketch": sketch_found(row, classes, score),
        "there": len(row["truth"]),
        "words": ", ".join(wrong),
    }


def _describe_cell(truth: str, predicted: str) -> str:
    if not truth:
        return f"{predicted} found where nothing is labelled"
    return f"{truth} found as {predicted}" if predicted else f"{truth} missed"


def _read_number(request: HttpRequest, name: str, default: float) -> float:
    try:
        return float(request.GET.get(name, ""))
    except ValueError:
        return default

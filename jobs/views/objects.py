"""The evaluation and the predictions of a trial that finds objects."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from datasets.drawing import find_series
from datasets.models import DatasetVersion
from jobs.curves import threshold_chart
from jobs.headline import object_headlines
from jobs.objects import evaluation as tables
from jobs.objects.drawing import draw_found, draw_truth, kept, sketch_found, sketch_truth
from jobs.predictions import ERRORS, IMAGE_OUTCOMES, ObjectFilter, Rows, object_rows
from jobs.thresholds import mark_scores
from jobs.views.chosen import Chosen, read_number
from jobs.views.common import scored_version
from jobs.views.paging import Asked, read_asked

_ORDERS = {"worst": "Most mistakes first", "best": "Fewest mistakes first", "row": "As in the dataset"}
_SIZES = ("small", "medium", "large")
_FILTERS = ("label", "error", "found", "lost", "false", "size", "outcome", "truth", "predicted", "cell", "errors")


def evaluation_context(request: HttpRequest, chosen: Chosen) -> dict[str, Any]:
    evaluation, link, score = chosen.evaluation, chosen.predictions_link, chosen.score
    thresholds, point = evaluation["thresholds"], tables.point_at(evaluation, score)
    ious, wanted = tables.ious_of(evaluation), read_number(request, "iou")
    nearest = thresholds["iou"] if wanted is None else wanted
    iou = min(ious, key=lambda one: abs(one - nearest), default=None)
    return {
        "template": "jobs/objects/evaluation.html",
        "evaluation": evaluation,
        "headlines": object_headlines(chosen.evaluations, score),
        "thresholds": thresholds,
        "is_blind": tables.is_blind(point),
        "matrix": tables.matrix_table(evaluation, score, link),
        "mistakes": tables.error_rows(point, link),
        "per_label": tables.label_rows(evaluation, point, link),
        "ious": ious,
        "chosen_iou": iou,
        "precision_recall": None if iou is None else tables.precision_recall_chart(evaluation, iou),
        "by_score": threshold_chart(
            evaluation.get("curves", {}).get("scores", []),
            ("precision", "recall", "f1"),
            mark_scores(evaluation, score),
            chosen.score_link,
        ),
        "sizes": tables.size_rows(point, link),
        "image_level": tables.image_table(point, link),
        "coco": tables.coco_rows(evaluation),
        "box_metrics": evaluation.get("box_metrics"),
    }


def predictions_context(request: HttpRequest, chosen: Chosen) -> dict[str, Any]:
    asked = read_asked(request, _ORDERS, _FILTERS)
    found = _rows(chosen, asked).page(asked.order, asked.cursor, limit=24)
    classes, version = chosen.evaluation["label_names"], scored_version(chosen.trial, chosen.split)
    return {
        "template": "jobs/objects/predictions.html",
        "found": found,
        "tiles": [make_tile(row, chosen, asked, version) for row in found.rows],
        "label_names": classes,
        "given": asked.given,
        "errors": ERRORS.items(),
        "orders": _ORDERS.items(),
        "is_filtered": asked.is_filtered,
        "filter_words": _describe_filter(asked.given),
        "kept_filters": {name: asked.given[name] for name in ("found", "lost", "false", "size", "outcome")},
        "all_query": asked.query_without_filters(chosen.kept),
        "next_query": asked.query_after(found.next, chosen.kept) if found.next else "",
    }


def image_context(request: HttpRequest, chosen: Chosen, row: int) -> dict[str, Any]:
    """One image: what is there beside what was found."""
    asked = read_asked(request, _ORDERS, _FILTERS)
    rows = _rows(chosen, asked)
    predicted = rows.find(row)
    classes, score = chosen.evaluation["label_names"], chosen.score
    found, is_one = kept(predicted, score), asked.given["view"] == "one"
    return {
        "template": "jobs/objects/prediction.html",
        "row": predicted,
        "stages": _stages(predicted, classes, score, is_one=is_one),
        "other_view_url": asked.with_view("" if is_one else "one").image_url(chosen, row),
        "other_view": "Side by side" if is_one else "Both on one image",
        "letter_height": max(10.0, max(predicted["width"], predicted["height"]) / 40),
        "found": [_describe_find(one, predicted, classes) for one in found],
        "there": _describe_truth(predicted, found, classes),
        **asked.neighbour_urls(chosen, rows.neighbours(row, asked.order)),
    }


def _stages(row: dict[str, Any], classes: list[str], score: float, *, is_one: bool) -> list[dict[str, Any]]:
    """Truth beside what was found, or both on one image."""
    truth = {"title": "Truth", "drawing": draw_truth(row, classes), "is_dashed": False}
    found = {"title": "Found", "drawing": draw_found(row, classes, score), "is_dashed": True}
    if is_one:
        return [{"title": "Truth and found", "lines": "truth solid, found dashed", "drawings": [truth, found]}]
    return [
        {"title": "Truth", "lines": "solid lines", "drawings": [truth]},
        {"title": "Found", "lines": "dashed lines", "drawings": [found]},
    ]


def _rows(chosen: Chosen, asked: Asked) -> Rows:
    given = asked.given
    wanted = ObjectFilter(
        label=given["label"],
        error=given["error"] if given["error"] in ERRORS else "",
        found=given["found"],
        lost=given["lost"],
        false=given["false"],
        size=given["size"] if given["size"] in _SIZES else "",
        outcome=given["outcome"],
        cell=(given["truth"] or None, given["predicted"] or None) if given["cell"] == "1" else None,
        only_errors=given["errors"] == "1",
    )
    return object_rows(chosen.trial, wanted, score=chosen.score, split=chosen.split)


def make_tile(row: dict[str, Any], chosen: Chosen, asked: Asked, version: DatasetVersion) -> dict[str, Any]:
    wrong = [ERRORS[kind].lower() for kind in ERRORS if kind in row["errors"]]
    classes = chosen.evaluation["label_names"]
    return row | {
        "thumb": reverse("datasets:thumb", args=[version.dataset.name, version.number, row["sha256"]]),
        "url": asked.image_url(chosen, row["row"]),
        "truth_sketch": sketch_truth(row, classes),
        "found_sketch": sketch_found(row, classes, chosen.score),
        "there": len(row["objects"]),
        "words": ", ".join(wrong),
    }


def _describe_find(one: dict[str, Any], row: dict[str, Any], classes: list[str]) -> dict[str, Any]:
    truth = one["truth"]
    is_in_crowd = not one["error"] and truth is not None and row["truth"][truth]["crowd"]
    return one | {
        "series": find_series(one["label"], classes),
        "error_title": ERRORS.get(one["error"] or "", ""),
        "is_in_crowd": is_in_crowd,
        "truth_number": None if truth is None else truth + 1,
    }


def _describe_truth(row: dict[str, Any], found: list[dict[str, Any]], classes: list[str]) -> list[dict[str, Any]]:
    hit = {one["truth"] for one in found if not one["error"]}
    covered = {one["truth"] for one in found if one["error"] in ("class", "localisation")}
    return [
        one
        | {
            "series": find_series(one["label"], classes),
            "is_found": place in hit,
            "is_missed": place not in hit | covered,
        }
        for place, one in enumerate(row["truth"])
    ]


def _describe_filter(given: dict[str, str]) -> str:
    """In words what no field of the form shows."""
    told = []
    if given["cell"] == "1":
        told.append(_describe_cell(given["truth"], given["predicted"]))
    words = {"found": "{} found", "lost": "{} not found", "false": "{} wrongly found", "size": "a {} object not found"}
    told += [text.format(given[name]) for name, text in words.items() if given[name]]
    if given["outcome"] in IMAGE_OUTCOMES:
        told.append(IMAGE_OUTCOMES[given["outcome"]])
    return " and ".join(told)


def _describe_cell(truth: str, predicted: str) -> str:
    if not truth:
        return f"{predicted} found where nothing is labelled"
    return f"{truth} found as {predicted}" if predicted else f"{truth} missed"

"""The evaluation and the predictions of a trial that names whole images, with one label each or with several."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from datasets.models import DatasetVersion
from jobs import charts, selectors
from jobs.confusion import confusion_table, most_confused
from jobs.labels import label_rows, mark_labels, most_mixed_up, threshold_words
from jobs.models import Trial
from jobs.views.common import predictions_link, scored_version
from vision.catalog.task_types import TaskType

ORDERS = {
    "worst": "Most wrong first",
    "unsure": "Least sure first",
    "confident": "Most sure first",
    "row": "As in the dataset",
}
_FILTERS = ("truth", "predicted", "missed", "false")


def evaluation_context(request: HttpRequest, trial: Trial, evaluation: dict[str, Any]) -> dict[str, Any]:
    link = predictions_link(trial)
    shared = {
        "evaluation": evaluation,
        "headline": charts.headline(evaluation),
        "roc": charts.curve_chart(evaluation, "roc"),
        "precision_recall": charts.curve_chart(evaluation, "precision_recall"),
    }
    if trial.job.task_type == TaskType.MULTILABEL:
        thresholds = evaluation["thresholds"]
        return shared | {
            "template": "jobs/labels/evaluation.html",
            "per_label": label_rows(evaluation, link),
            "mix_ups": most_mixed_up(evaluation, link),
            "better_threshold": threshold_words(evaluation),
            "by_threshold": charts.threshold_chart(
                thresholds["scores"], ("precision", "recall", "f1", "iou"), thresholds["recommended_score"]
            ),
        }

    def cell_link(truth: str, predicted: str) -> str:
        return link(truth=truth, predicted=predicted)

    return shared | {
        "matrix": confusion_table(evaluation, cell_link),
        "confused": most_confused(evaluation, cell_link),
    }


def predictions_context(request: HttpRequest, trial: Trial, evaluation: dict[str, Any]) -> dict[str, Any]:
    given = {key: request.GET.get(key, "") for key in (*_FILTERS, "order", "errors", "cursor")}
    order = given["order"] if given["order"] in ORDERS else "worst"
    found = selectors.list_predictions(
        trial,
        **{key: given[key] or None for key in _FILTERS},
        only_errors=given["errors"] == "1",
        order=order,
        cursor=given["cursor"] or None,
        limit=48,
    )
    has_several, names = trial.job.task_type == TaskType.MULTILABEL, evaluation.get("label_names", [])
    version = scored_version(trial)
    tiles = [_tile(row, version) for row in found.rows]
    if has_several:
        tiles = [tile | {"marks": mark_labels(tile, names)} for tile in tiles]
    following = {key: value for key, value in given.items() if value} | {"cursor": found.next or ""}
    return {
        "template": "jobs/labels/predictions.html" if has_several else "",
        "found": found,
        "tiles": tiles,
        "label_names": names,
        "given": given | {"order": order},
        "orders": ORDERS.items(),
        "is_filtered": any(given[key] for key in (*_FILTERS, "errors")),
        "next_query": urlencode(following) if found.next else "",
    }


def _tile(row: dict[str, Any], version: DatasetVersion) -> dict[str, Any]:
    """An image's place in the grid: it opens in the dataset's viewer."""
    name, number = version.dataset.name, version.number
    return row | {
        "thumb": reverse("datasets:thumb", args=[name, number, row["sha256"]]),
        "url": f"{reverse('datasets:row', args=[name, row['row']])}?version={number}",
        "is_right": row["truth"] == row["predicted"],
    }

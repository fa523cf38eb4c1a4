"""The page of one trial."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from jobs import charts, selectors
from jobs.confusion import confusion_table, most_confused
from jobs.models import Trial
from jobs.services.control import cancel_trial
from jobs.views import objects
from jobs.views.common import TRIAL_TABS, page, trial_context
from jobs.views.files import send_file
from jobs.views.logs import log_tail
from vision.catalog.task_types import TaskType
from vision.errors import UserError

ORDERS = {
    "worst": "Most wrong first",
    "unsure": "Least sure first",
    "confident": "Most sure first",
    "row": "As in the dataset",
}
OBJECT_TASKS = (TaskType.DETECTION, TaskType.SEGMENTATION)
SOURCES = {"set": "Set in the job", "rule": "Chosen for this data and machine", "default": "Documented default"}


@never_cache
@page
@require_GET
def show_trial(request: HttpRequest, name: str, number: int, tab: str = "overview") -> HttpResponseBase:
    if tab not in TRIAL_TABS:
        raise Http404(f"A trial has no tab {tab!r}.")
    trial = selectors.get_trial(name, number)
    context = trial_context(request, trial, tab) | _CONTEXTS[tab](request, trial)
    return render(request, context.get("template") or f"jobs/trial_{tab}.html", context)


@page
@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, name: str, number: int) -> HttpResponseBase:
    trial = selectors.get_trial(name, number)
    if request.method == "GET":
        return render(request, "jobs/trial_cancel.html", {"nav": "jobs", "job": trial.job, "trial": trial})
    try:
        cancel_trial(trial)
    except UserError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Canceling {trial.name}.")
    return redirect(trial)


@page
@require_GET
def output(request: HttpRequest, name: str, number: int, path: str) -> HttpResponseBase:
    """One file the trial left, always as a download."""
    file = selectors.open_output(selectors.get_trial(name, number), path)
    return send_file(request, file, path.rsplit("/", 1)[-1].replace('"', ""))


def _overview(request: HttpRequest, trial: Trial) -> dict[str, Any]:
    shown = charts.training_charts(selectors.metric_series(trial))
    return {"curves": shown, "summary": charts.summary_rows(trial.summary)}


def _metrics(request: HttpRequest, trial: Trial) -> dict[str, Any]:
    series = selectors.metric_series(trial)
    return {"curves": charts.training_charts(series), "others": charts.other_charts(series)}


def _evaluation(request: HttpRequest, trial: Trial) -> dict[str, Any]:
    evaluation = selectors.get_evaluation(trial)
    if evaluation is None:
        return {"evaluation": None}
    if trial.job.task_type in OBJECT_TASKS:
        return objects.evaluation_context(request, trial, evaluation)
    link = _cell_link(trial)
    return {
        "evaluation": evaluation,
        "matrix": confusion_table(evaluation, link),
        "confused": most_confused(evaluation, link),
        "roc": charts.curve_chart(evaluation, "roc"),
        "precision_recall": charts.curve_chart(evaluation, "precision_recall"),
        "headline": charts.headline(evaluation),
    }


def _cell_link(trial: Trial) -> Callable[[str, str], str]:
    base = reverse("jobs:trial-tab", args=[trial.job.name, trial.number, "predictions"])
    return lambda truth, predicted: f"{base}?{urlencode({'truth': truth, 'predicted': predicted})}"


def _predictions(request: HttpRequest, trial: Trial) -> dict[str, Any]:
    if not trial.outputs_key:
        return {"found": None}
    if trial.job.task_type in OBJECT_TASKS and (evaluation := selectors.get_evaluation(trial)):
        return objects.predictions_context(request, trial, evaluation)
    given = {key: request.GET.get(key, "") for key in ("truth", "predicted", "order", "errors", "cursor")}
    order = given["order"] if given["order"] in ORDERS else "worst"
    found = selectors.list_predictions(
        trial,
        truth=given["truth"] or None,
        predicted=given["predicted"] or None,
        only_errors=given["errors"] == "1",
        order=order,
        cursor=given["cursor"] or None,
        limit=48,
    )
    version = trial.job.validation_data or trial.job.training_data
    evaluation = selectors.get_evaluation(trial) or {}
    following = {key: value for key, value in given.items() if value} | {"cursor": found.next or ""}
    return {
        "found": found,
        "tiles": [_tile(row, version.dataset.name, version.number) for row in found.rows],
        "label_names": evaluation.get("label_names", []),
        "given": given | {"order": order},
        "orders": ORDERS.items(),
        "is_filtered": any(given[key] for key in ("truth", "predicted", "errors")),
        "next_query": urlencode(following) if found.next else "",
    }


def _tile(row: dict[str, Any], dataset: str, number: int) -> dict[str, Any]:
    """An image's place in the grid: it opens in the dataset's viewer."""
    return row | {
        "thumb": reverse("datasets:thumb", args=[dataset, number, row["sha256"]]),
        "url": f"{reverse('datasets:row', args=[dataset, row['row']])}?version={number}",
        "is_right": row["truth"] == row["predicted"],
    }


def _config(request: HttpRequest, trial: Trial) -> dict[str, Any]:
    order = list(SOURCES)
    rows = [row | {"source_title": SOURCES.get(row["source"], row["source"])} for row in trial.resolution]
    rows.sort(key=lambda row: order.index(row["source"]) if row["source"] in order else len(order))
    return {"resolution": rows}


def _logs(request: HttpRequest, trial: Trial) -> dict[str, Any]:
    return log_tail(trial)


def _files(request: HttpRequest, trial: Trial) -> dict[str, Any]:
    return {"files": selectors.list_outputs(trial)}


_CONTEXTS: dict[str, Callable[[HttpRequest, Trial], dict[str, Any]]] = {
    "overview": _overview,
    "metrics": _metrics,
    "evaluation": _evaluation,
    "predictions": _predictions,
    "config": _config,
    "logs": _logs,
    "files": _files,
}

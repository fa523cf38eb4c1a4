"""The page of one trial."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from jobs import charts, selectors
from jobs.models import Trial
from jobs.output_groups import group_files
from jobs.services.control import cancel_trial
from jobs.services.starting import find_start
from jobs.views import names, objects
from jobs.views.chosen import read_chosen
from jobs.views.common import TRIAL_TABS, page, scored_version, trial_context
from jobs.views.files import send_file
from jobs.views.logs import log_tail
from vision.catalog.task_types import OBJECT_TASKS
from vision.errors import NotFoundError, UserError

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


@never_cache
@page
@require_GET
def show_prediction(request: HttpRequest, name: str, number: int, row: int) -> HttpResponseBase:
    """One image with what was predicted for it."""
    trial = selectors.get_trial(name, number)
    chosen = read_chosen(request, trial)
    if chosen is None:
        raise NotFoundError(f"Trial {trial.name} has no predictions.")
    version = scored_version(trial, chosen.split)
    context = trial_context(request, trial, "predictions") | chosen.context("predictions")
    context |= _views(trial).image_context(request, chosen, row)
    context |= {
        "image_url": reverse("datasets:image", args=[version.dataset.name, version.number, context["row"]["sha256"]]),
        "dataset_url": f"{reverse('datasets:row', args=[version.dataset.name, row])}?version={version.number}",
    }
    return render(request, context["template"], context)


@page
@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, name: str, number: int) -> HttpResponseBase:
    trial = selectors.get_trial(name, number)
    if request.method == "GET":
        context = {"nav": "jobs", "job": trial.job, "run": trial, "kind": "trial"}
        return render(request, "jobs/cancel.html", context)
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
    return {
        "curves": shown,
        "summary": charts.summary_rows(trial.summary),
        "resources": charts.resource_rows(trial.summary),
        "start": find_start(str(trial.params.get("checkpoint_run_id") or "")),
    }


def _metrics(request: HttpRequest, trial: Trial) -> dict[str, Any]:
    series = selectors.metric_series(trial)
    return {"curves": charts.training_charts(series), "others": charts.other_charts(series)}


def _evaluation(request: HttpRequest, trial: Trial) -> dict[str, Any]:
    chosen = read_chosen(request, trial)
    if chosen is None:
        return {"evaluation": None}
    context: dict[str, Any] = _views(trial).evaluation_context(request, chosen)
    return chosen.context("evaluation") | context


def _predictions(request: HttpRequest, trial: Trial) -> dict[str, Any]:
    chosen = read_chosen(request, trial)
    if chosen is None:
        return {"found": None}
    context: dict[str, Any] = _views(trial).predictions_context(request, chosen)
    return chosen.context("predictions") | context


def _views(trial: Trial) -> ModuleType:
    """Where the contexts of the trial's task type are made."""
    return objects if trial.job.task_type in OBJECT_TASKS else names


def _config(request: HttpRequest, trial: Trial) -> dict[str, Any]:
    order = list(SOURCES)
    rows = [row | {"source_title": SOURCES.get(row["source"], row["source"])} for row in trial.resolution]
    rows.sort(key=lambda row: order.index(row["source"]) if row["source"] in order else len(order))
    return {"resolution": rows}


def _logs(request: HttpRequest, trial: Trial) -> dict[str, Any]:
    return log_tail(trial)


def _files(request: HttpRequest, trial: Trial) -> dict[str, Any]:
    return {"groups": group_files(selectors.list_outputs(trial)), "onnx_check": selectors.get_onnx_check(trial)}


_CONTEXTS: dict[str, Callable[[HttpRequest, Trial], dict[str, Any]]] = {
    "overview": _overview,
    "metrics": _metrics,
    "evaluation": _evaluation,
    "predictions": _predictions,
    "config": _config,
    "logs": _logs,
    "files": _files,
}

"""Pages of the registered models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jobs.charts import summary_rows
from jobs.headline import named_headlines, object_headlines
from jobs.selectors import get_evaluation, list_splits
from jobs.thresholds import own_score
from models_registry import selectors, services
from models_registry.http import acting_user, download_response, file_response, page
from models_registry.models import ModelVersion
from models_registry.setting_fields import list_setting_fields
from vision.catalog.task_types import OBJECT_TASKS
from vision.errors import UserError

TABS = {
    "overview": "Overview",
    "evaluation": "Evaluation",
    "lineage": "Lineage",
    "settings": "Settings",
    "files": "Files",
}
NAME_COLUMNS = {
    "precision": "Precision",
    "recall": "Recall",
    "f1_score": "F1",
    "AUC": "AUC",
    "average_precision": "Average precision",
    "support": "Images",
}
OBJECT_COLUMNS = {
    "average_precision": "Average precision",
    "average_precision_coco": "AP, COCO",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "support": "Objects",
}


@require_GET
def list_models(request: HttpRequest) -> HttpResponse:
    counts = selectors.count_versions()
    rows = [{"version": v, "count": counts[v.model.name]} for v in selectors.list_latest_versions()]
    return render(request, "models/list.html", {"nav": "models", "rows": rows})


@page
@require_http_methods(["GET", "POST"])
def register(request: HttpRequest) -> HttpResponseBase:
    """Choose a name for a trial's model. Job and trial pages post here, or link here with `?job=&trial=`."""
    given = request.POST if request.method == "POST" else request.GET
    job, number = given.get("job", ""), given.get("trial", "")
    number = number.rsplit("_HD_", 1)[-1]
    trial = services.find_trial(
        f"azureml://jobs/{job}_HD_{number}/outputs/artifacts/outputs/mlflow-model/" if number else job
    )
    name = given.get("name", "").strip() or selectors.suggest_name(trial.name)
    error: UserError | None = None
    if request.method == "POST":
        try:
            version = services.register_model(
                name=name, trial=trial, user=acting_user(request), description=given.get("description", "")
            )
        except UserError as problem:
            error = problem
        else:
            messages.success(request, f"Registered {version.model.name}, version {version.number}.")
            return redirect(version)
    context = {"nav": "models", "trial": trial, "name": name, "error": error, "names": selectors.list_names()}
    return render(request, "models/register.html", context, status=error.status if error else 200)


@page
@require_http_methods(["GET", "POST"])
def show_version(request: HttpRequest, name: str, number: int, tab: str = "overview") -> HttpResponseBase:
    if tab not in TABS:
        raise Http404(f"A model version has no tab {tab!r}.")
    version = selectors.get_version(name, number)
    context: dict[str, Any] = {"nav": "models", "version": version, "tab": tab, "tabs": _tabs(version, tab)}
    status = 200
    if request.method == "POST" and tab == "settings":
        try:
            following = services.update_settings(version, _read_settings(request, version), user=acting_user(request))
        except UserError as error:
            context["error"], status = error, error.status
        else:
            messages.success(request, f"Saved as version {following.number}. Deploy it to put the settings to use.")
            return redirect(following)
    context |= {
        "versions": list(selectors.list_versions(name)),
        "deployments": list(version.deployments.select_related("endpoint")),
        **_tab_context(version, tab, request.POST),
    }
    return render(request, f"models/version_{tab}.html", context, status=status)


@page
@require_GET
def download(request: HttpRequest, name: str, number: int) -> HttpResponseBase:
    return download_response(request, selectors.get_version(name, number))


@page
@require_GET
def download_file(request: HttpRequest, name: str, number: int, path: str) -> HttpResponseBase:
    return file_response(request, selectors.get_version(name, number), path)


@page
@require_POST
def delete(request: HttpRequest, name: str, number: int) -> HttpResponseBase:
    version = selectors.get_version(name, number)
    try:
        services.delete_version(version)
    except UserError as error:
        messages.error(request, str(error))
        return redirect(version)
    messages.success(request, f"Deleted {name}, version {number}.")
    return redirect("models:list")


def _tab_context(version: ModelVersion, tab: str, posted: Mapping[str, str]) -> dict[str, Any]:
    if tab == "files":
        return {"files": selectors.list_files(version)}
    if tab == "evaluation":
        return _evaluation_context(version)
    if tab == "overview":
        return {"metric_rows": summary_rows(version.metrics)}
    if tab == "settings":
        fields = list_setting_fields(version.settings, version.architecture, version.task_type, posted)
        return {"fields": fields, "next_number": version.model.versions.order_by("-number")[0].number + 1}
    return {}


def _evaluation_context(version: ModelVersion) -> dict[str, Any]:
    """The trial's evaluation on validation, and on test where its job held images out, label by label."""
    trial = version.trial
    found = [get_evaluation(trial, split) for split in list_splits(trial)] if trial else []
    evaluations = [one for one in found if one is not None]
    if not evaluations:
        return {"evaluations": []}
    finds_objects = version.task_type in OBJECT_TASKS
    columns = OBJECT_COLUMNS if finds_objects else NAME_COLUMNS
    score = own_score(evaluations[0])
    return {
        "split": evaluations[0]["split"],
        "headlines": object_headlines(evaluations, score) if finds_objects else named_headlines(evaluations),
        "evaluations": [
            {
                "images": one["images"],
                "split": one["split"],
                "columns": columns.values(),
                "rows": [
                    {"label": row["label"], "cells": [row.get(name) for name in columns]} for row in one["per_label"]
                ],
            }
            for one in evaluations
        ],
    }


def _tabs(version: ModelVersion, current: str) -> list[dict[str, Any]]:
    args = [version.model.name, version.number]
    return [
        {
            "label": label,
            "url": reverse("models:version", args=args)
            if name == "overview"
            else reverse("models:version-tab", args=[*args, name]),
            "current": name == current,
        }
        for name, label in TABS.items()
    ]


def _read_settings(request: HttpRequest, version: ModelVersion) -> dict[str, Any]:
    """The posted settings, numbers as numbers; what is no number is left to the check to name."""
    given = {key: request.POST[key].strip() for key in version.settings if key in request.POST}
    return {key: int(value) if value.lstrip("-").isdecimal() else value for key, value in given.items()}

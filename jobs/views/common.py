"""What job and trial pages share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse

from datasets.models import DatasetVersion
from jobs.models import Job, Trial
from jobs.models.status import ACTIVE
from jobs.selectors import job_progress
from vision.errors import NotFoundError
from vision.training.output_names import VALIDATION

TRIAL_TABS = {
    "overview": "Overview",
    "metrics": "Metrics",
    "evaluation": "Evaluation",
    "predictions": "Predictions",
    "config": "Config",
    "logs": "Logs",
    "files": "Files",
}
P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def page(view: View[P]) -> View[P]:
    """A page view whose NotFoundError becomes the not-found page."""

    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except NotFoundError as error:
            raise Http404(str(error)) from error

    return wrapped


def live_url(request: HttpRequest, row: Job | Trial) -> str:
    """Where the page refreshes itself from; nowhere once the job or trial has ended."""
    return "" if row.is_ended else request.get_full_path()


def trial_context(request: HttpRequest, trial: Trial, tab: str) -> dict[str, Any]:
    """What every tab of a trial's page needs."""
    return {
        "nav": "jobs",
        "job": trial.job,
        "trial": trial,
        "progress": trial_progress(trial),
        "tab": tab,
        "tabs": tab_items(TRIAL_TABS, tab, "jobs:trial", "jobs:trial-tab", [trial.job.name, trial.number]),
        "page_live_url": live_url(request, trial),
        "registered": trial.model_versions.exclude(storage_key="").select_related("model").first(),
    }


def scored_version(trial: Trial, split: str = VALIDATION) -> DatasetVersion:
    """The dataset version that the images of a split are of; those of test are always of the training data's."""
    job = trial.job
    return job.validation_data if split == VALIDATION and job.validation_data else job.training_data


def tab_items(
    titles: dict[str, str], current: str, page_name: str, tab_name: str, args: list[Any]
) -> list[dict[str, Any]]:
    """The tabs of a page; the first one is the page itself."""
    first = next(iter(titles))
    return [
        {
            "label": label,
            "url": reverse(page_name, args=args) if tab == first else reverse(tab_name, args=[*args, tab]),
            "current": tab == current,
        }
        for tab, label in titles.items()
    ]


def trial_progress(trial: Trial) -> dict[str, Any]:
    """A trial's own progress, in the shape of `job_progress`."""
    told = trial.progress or {}
    is_active = trial.status in ACTIVE
    epochs = told.get("epochs") or trial.epochs_total
    within = (told.get("step") or 0) / told["steps"] if told.get("steps") else 0.0
    done = max(float(trial.epochs), (told.get("epoch") or 1) - 1 + within)
    return {
        "epoch": trial.epochs,
        "epochs": epochs,
        "fraction": 1.0 if trial.is_ended else min(done / epochs, 1.0) if epochs else None,
        "phase": trial.phase,
        "eta_seconds": told.get("seconds_left") if is_active else None,
        "images_per_second": told.get("images_per_second") if is_active else None,
    }


def with_progress(jobs: list[Job]) -> list[dict[str, Any]]:
    return [{"job": job, "progress": job_progress(job)} for job in jobs]

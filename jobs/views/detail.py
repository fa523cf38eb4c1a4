"""The page of one job."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from jobs import charts, selectors
from jobs.headline import Figure, primary_figure
from jobs.models import Job, Trial
from jobs.ranking import is_within_noise, rank_trials
from jobs.services.control import cancel_job
from jobs.services.starting import find_start
from jobs.views.common import live_url, page, tab_items, trial_progress
from jobs.views.logs import log_tail
from vision.errors import UserError
from vision.spec.documents import write_document
from vision.training.output_names import TEST

TABS = {"overview": "Overview", "trials": "Trials", "config": "Config", "logs": "Logs"}


@never_cache
@page
@require_GET
def show_job(request: HttpRequest, name: str, tab: str = "overview") -> HttpResponseBase:
    if tab not in TABS:
        raise Http404(f"A job has no tab {tab!r}.")
    job = selectors.get_job(name)
    if tab == "config" and "download" in request.GET:
        return _download(job)
    trials = list(job.trials.all())
    items = tab_items(TABS, tab, "jobs:detail", "jobs:tab", [job.name])
    items[1]["count"] = len(trials)
    context = {
        "nav": "jobs",
        "job": job,
        "progress": selectors.job_progress(job),
        "rows": [
            {"standing": one, "trial": one.trial, "progress": trial_progress(one.trial)}
            for one in rank_trials(trials, job.best_trial)
        ],
        "tab": tab,
        "tabs": items,
        "page_live_url": live_url(request, job),
        "registered": _registered(job),
        "further": find_start(job.name) if job.is_ended else None,
        **_tab_context(request, job, tab),
    }
    return render(request, f"jobs/detail_{tab}.html", context)


@page
@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, name: str) -> HttpResponseBase:
    """Ask, then cancel. The job page asks in a dialog; without JavaScript this page does."""
    job = selectors.get_job(name)
    if request.method == "GET":
        return render(request, "jobs/cancel.html", {"nav": "jobs", "job": job, "run": job, "kind": "job"})
    try:
        cancel_job(job)
    except UserError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Canceling {job.name}. What runs stops after its step and keeps its checkpoint.")
    return redirect(job)


@page
@require_GET
def clone(request: HttpRequest, name: str) -> HttpResponseBase:
    job = selectors.get_job(name)
    return redirect(f"{reverse('jobs:new')}?{urlencode({'clone': job.name})}")


def _test_figures(trial: Trial | None) -> Figure | None:
    """The primary metric on the images held out, where there are any and the job is done."""
    report = selectors.get_evaluation(trial, TEST) if trial else None
    return primary_figure(report, trial.job.primary_metric) if trial and report else None


def _tab_context(request: HttpRequest, job: Job, tab: str) -> dict[str, Any]:
    trials = list(job.trials.all())
    if tab == "overview":
        shown = job.best_trial or (trials[-1] if trials else None)
        ties = [trial for trial in trials if is_within_noise(trial, job.best_trial)]
        drawn = charts.training_charts(selectors.metric_series(shown)) if shown else []
        return {"shown": shown, "ties": ties, "curves": drawn, "test": _test_figures(shown)}
    if tab == "trials":
        return {"can_compare": len(trials) > 1 or selectors.list_comparable(job).exists()}
    if tab == "config":
        return {"document": write_document(job.spec)}
    if tab == "logs":
        wanted = request.GET.get("trial", "")
        chosen = next((trial for trial in trials if str(trial.number) == wanted), trials[0] if trials else None)
        return {"chosen": chosen, **(log_tail(chosen) if chosen else {})}
    return {}


def _registered(job: Job) -> Any:
    """The newest model version made of the best trial, if there is one."""
    if job.best_trial is None:
        return None
    return job.best_trial.model_versions.exclude(storage_key="").select_related("model").order_by("-created_at").first()


def _download(job: Job) -> HttpResponse:
    response = HttpResponse(write_document(job.spec), content_type="application/yaml")
    response["Content-Disposition"] = f'attachment; filename="{job.name}.yml"'
    return response

"""The page that shows several trials of a job, and of jobs like it, beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from jobs import selectors
from jobs.charts import title_of
from jobs.comparison import (
    MOST,
    choose_trials,
    compare_parameters,
    key_trial,
    label_trial,
    metric_groups,
    overlaid_charts,
    primary_cells,
)
from jobs.models import Job, Trial
from jobs.ranking import rank_trials
from jobs.views.common import page
from jobs.views.side_by_side import images_context

_OTHERS = 30  # trials of other jobs to choose from, the newest


@never_cache
@page
@require_GET
def compare_trials(request: HttpRequest, name: str) -> HttpResponseBase:
    """Differences first, then the curves, then the same images; without two trials, the choice of them."""
    job = selectors.get_job(name)
    trials, problems = choose_trials(job, request.GET.getlist("trial"))
    context = {"nav": "jobs", "job": job, "problems": problems, "most": MOST, **_choices(job, trials)}
    if len(trials) < 2:
        return render(request, "jobs/compare/choose.html", context)
    is_over = all(trial.is_ended for trial in trials)
    context |= {"page_live_url": "" if is_over else request.get_full_path()}
    context |= _told(job, trials) | images_context(request, job, trials)
    return render(request, "jobs/compare/page.html", context)


def _choices(job: Job, chosen: Sequence[Trial]) -> dict[str, Any]:
    """The job's trials, the best first, and those of jobs like it: the chosen ones and the newest."""
    own = [standing.trial for standing in rank_trials(job.trials.all(), job.best_trial)]
    near = [trial for trial in chosen if trial.job_id != job.pk]
    others = list(dict.fromkeys([*near, *selectors.list_comparable(job)[:_OTHERS]]))
    described = [
        {"trial": trial, "key": key_trial(trial, job), "label": label_trial(trial, job), "is_chosen": trial in chosen}
        for trial in [*own, *others]
    ]
    return {"choices": described[: len(own)], "other_choices": described[len(own) :]}


def _told(job: Job, trials: Sequence[Trial]) -> dict[str, Any]:
    """What was set and what came of it, without the images."""
    series = [selectors.metric_series(trial) for trial in trials]
    labels = [label_trial(trial, job) for trial in trials]
    differing, same = compare_parameters([trial.params for trial in trials])
    main_metrics, further_metrics = metric_groups(trials, series, job.primary_metric)
    primary = primary_cells(job, trials, series)
    return {
        "columns": [
            {"trial": trial, "label": label, "series": place + 1, "primary": primary[place]}
            for place, (trial, label) in enumerate(zip(trials, labels, strict=True))
        ],
        "primary_title": title_of(job.primary_metric),
        "differing": differing,
        "same": same,
        "main_metrics": main_metrics,
        "further_metrics": further_metrics,
        "curves": overlaid_charts(dict(zip(labels, series, strict=True)), job.primary_metric),
    }

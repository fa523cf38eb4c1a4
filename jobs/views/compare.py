"""The page that shows several trials of a job beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from jobs import selectors
from jobs.charts import title_of
from jobs.comparison import compare_parameters, metric_groups, overlaid_charts
from jobs.comparison.metrics import best_places
from jobs.models import Job, Trial
from jobs.ranking import rank_trials
from jobs.views.common import page
from jobs.views.side_by_side import images_context

MOST = 6  # colours and columns that can still be told apart
_NAMED = 3  # of those that there are not


@never_cache
@page
@require_GET
def compare_trials(request: HttpRequest, name: str) -> HttpResponseBase:
    """Differences first, then the curves, then the same images; without two trials, the choice of them."""
    job = selectors.get_job(name)
    every = list(job.trials.all())
    trials, problems = choose_trials(every, request.GET.getlist("trial"))
    context = {
        "nav": "jobs",
        "job": job,
        "trials": trials,
        "problems": problems,
        "most": MOST,
        "choices": [
            {"trial": one.trial, "is_chosen": one.trial in trials} for one in rank_trials(every, job.best_trial)
        ],
    }
    if len(trials) < 2:
        return render(request, "jobs/compare/choose.html", context)
    is_over = all(trial.is_ended for trial in trials)
    context |= {"page_live_url": "" if is_over else request.get_full_path()}
    return render(
        request, "jobs/compare/page.html", context | _told(job, trials) | images_context(request, job, trials)
    )


def choose_trials(every: Sequence[Trial], wanted: Sequence[str]) -> tuple[list[Trial], list[str]]:
    """The trials that an address names, by number or name, each once and no more than `MOST`; and what is wrong."""
    known = {key: trial for trial in every for key in (str(trial.number), trial.name)}
    asked = list(dict.fromkeys(one for one in wanted if one))
    found = list(dict.fromkeys(known[one] for one in asked if one in known))
    unknown = [repr(one[:40]) for one in asked if one not in known]
    problems = []
    if unknown:
        more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
        problems.append(f"This job has no trial {', '.join(unknown[:_NAMED])}{more}.")
    if len(found) > MOST:
        left_out = ", ".join(str(trial.number) for trial in found[MOST:])
        problems.append(f"At most {MOST} trials stand beside each other. Left out: {left_out}.")
    if len(found) < 2 and asked:
        problems.append("A comparison takes two trials or more.")
    return found[:MOST], problems


def _told(job: Job, trials: Sequence[Trial]) -> dict[str, Any]:
    """What was set and what came of it, without the images."""
    standings = {one.trial.pk: one for one in rank_trials(trials, job.best_trial)}
    best = best_places([trial.primary_metric for trial in trials], "higher is better")
    series = [selectors.metric_series(trial) for trial in trials]
    differing, same = compare_parameters([trial.params for trial in trials])
    columns = [
        {"trial": trial, "standing": standings[trial.pk], "series": place + 1, "has_best": place in best}
        for place, trial in enumerate(trials)
    ]
    labels = [f"Trial {trial.number}" for trial in trials]
    return {
        "columns": columns,
        "primary_title": title_of(job.primary_metric),
        "differing": differing,
        "same": same,
        "groups": metric_groups(trials, series),
        "curves": overlaid_charts(dict(zip(labels, series, strict=True)), job.primary_metric),
    }

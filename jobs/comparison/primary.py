"""The primary metric of each of several trials, which of them leads, and which are no worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.charts import Series
from jobs.comparison.metrics import best_places
from jobs.intervals import read_interval
from jobs.models import Job, Trial
from jobs.ranking import is_within_noise


@dataclass(frozen=True)
class PrimaryCell:
    """A trial's value of the job's primary metric, at its own best epoch."""

    value: float | None
    interval: tuple[float, float] | None
    is_best: bool
    is_tie: bool


def primary_cells(job: Job, trials: Sequence[Trial], series: Sequence[Series]) -> list[PrimaryCell]:
    """The cells of the trials, in their order. `series` is each trial's.

    Ties are told as they are everywhere, against the best trial of the job; where trials of other jobs take part,
    against the best of those compared, and only if all have the job's primary metric.
    """
    values = [_value(job, trial, told) for trial, told in zip(trials, series, strict=True)]
    best = best_places(values, "higher is better")
    is_one_job = all(trial.job_id == job.pk for trial in trials)
    leader = job.best_trial if is_one_job else trials[best[0]] if best else None
    has_one_metric = all(trial.job.primary_metric == job.primary_metric for trial in trials)
    return [
        PrimaryCell(
            value,
            read_interval(trial.summary, job.primary_metric),
            place in best,
            has_one_metric and is_within_noise(trial, leader),
        )
        for place, (trial, value) in enumerate(zip(trials, values, strict=True))
    ]


def _value(job: Job, trial: Trial, series: Series) -> float | None:
    """Of a job that was led by another metric, what its best epoch has of this one."""
    if trial.job.primary_metric == job.primary_metric:
        return trial.primary_metric
    points = series.get(job.primary_metric, [])
    return next((point["value"] for point in points if point["epoch"] == trial.best_epoch), None)

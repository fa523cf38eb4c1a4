"""Moving a job on: makes and sends the trials that are due, and ends the job when none is left.

Safe to call at any time and any number of times; it looks at rows, never at what happened before.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from jobs.models import Job, Status, Trial
from jobs.models.status import ACTIVE
from jobs.services.dispatching import renew_token, send_trial
from jobs.services.starting import take_history
from vision.errors import TrainingError

_PHASES = (Status.RUNNING, Status.FINALIZING, Status.PREPARING)  # the job shows the first that a trial is in
_WITH_MODEL = (Status.COMPLETED, Status.STOPPED_EARLY)


@transaction.atomic
def advance_job(job_id: int) -> None:
    """Bring a job and its trials to where they should stand."""
    job = Job.objects.select_for_update().filter(pk=job_id).first()
    if job is None or job.is_ended:
        return
    trials = list(Trial.objects.filter(job=job).order_by("number"))
    if job.cancel_requested_at is None:
        trials += _make_due_trials(job, trials)
    _set_status(job, trials)
    job.save(update_fields=["status", "started_at", "ended_at", "best_trial", "error"])


def _make_due_trials(job: Job, trials: list[Trial]) -> list[Trial]:
    """The trials that may start now: one in all for a job without a search space."""
    free = job.max_concurrent_trials - sum(not trial.is_ended for trial in trials)
    due = min(free, job.max_trials - len(trials))
    return [_make_trial(job, len(trials) + index) for index in range(due)]


def _make_trial(job: Job, number: int) -> Trial:
    rows = job.plan["rows"]
    params = {row["name"]: row["value"] for row in rows}
    epochs = params.get("number_of_epochs", 0)
    trial = Trial(job=job, number=number, params=params, resolution=rows, epochs_total=epochs)
    renew_token(trial)
    trial.save()
    take_history(trial)
    send_trial(trial)
    return trial


def _set_status(job: Job, trials: list[Trial]) -> None:
    started = [trial.started_at for trial in trials if trial.started_at is not None]
    job.started_at = min(started, default=None)
    job.best_trial = best_trial(trials)
    if any(not trial.is_ended for trial in trials):
        job.status = _status_under_way(trials)
        return
    job.status = _final_status(job, trials)
    job.ended_at = timezone.now()
    if job.status == Status.FAILED and job.error is None:
        job.error = next((trial.error for trial in trials if trial.error), None)


def _status_under_way(trials: list[Trial]) -> Status:
    active = {trial.status for trial in trials if trial.status in ACTIVE}
    for phase in _PHASES:
        if phase in active:
            return phase
    has_begun = any(trial.is_ended for trial in trials)
    return Status.RUNNING if has_begun else Status.QUEUED


def _final_status(job: Job, trials: list[Trial]) -> Status:
    statuses = {trial.status for trial in trials}
    if statuses & set(_WITH_MODEL):
        is_cut = job.cancel_requested_at is not None and not job.error and Status.CANCELED in statuses
        return Status.CANCELED if is_cut else Status.COMPLETED
    return Status.FAILED if Status.FAILED in statuses else Status.CANCELED


def best_trial(trials: list[Trial]) -> Trial | None:
    """The trial with a model whose primary metric is highest; every task's primary metric is one to maximise."""
    ready = [trial for trial in trials if trial.status in _WITH_MODEL and trial.outputs_key]
    return max(ready, key=lambda trial: (_value(trial), -trial.number), default=None)


def _value(trial: Trial) -> float:
    return trial.primary_metric if trial.primary_metric is not None else float("-inf")


def timeout_error(job: Job) -> TrainingError:
    """What a job that ran into its limit says."""
    return TrainingError(
        f"The job reached its limit of {job.timeout_minutes} minutes.",
        hint="Raise limits.timeout_minutes, or train for fewer epochs or on smaller images.",
        code="job_timeout",
    )

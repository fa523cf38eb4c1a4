"""Jobs and trials as the REST contract shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from jobs.models import Job, Status, Trial
from jobs.models.status import ACTIVE, ENDED
from jobs.ranking import is_within_noise


def trial_to_dict(trial: Trial) -> dict[str, Any]:
    """A trial; `primary_metric` is its best value so far, `interval` where 95 % of resampled images have it."""
    return {
        "name": trial.name,
        "number": trial.number,
        "status": trial.status,
        "params": trial.params,
        "primary_metric": trial.primary_metric,
        "interval": trial.interval,
        "is_within_noise_of_best": _is_within_noise(trial),
        "epochs": trial.epochs,
        "attempts": trial.attempts,
        "error": trial.error,
        "epochs_total": trial.epochs_total,
        "best_epoch": trial.best_epoch,
        "restarts": trial.restarts,
        "phase": trial.phase,
        "progress": trial.progress,
        "metrics": trial.summary,
        "notes": trial.notes,
        "resolution": trial.resolution,
        "node": trial.node.name if trial.node else None,
        "slot": trial.slot or None,
        "is_cancel_requested": trial.cancel_requested_at is not None and not trial.is_ended,
        **_times(trial),
    }


def _is_within_noise(trial: Trial) -> bool:
    job = trial.job
    return job.best_trial_id not in (None, trial.pk) and is_within_noise(trial, job.best_trial)


def job_to_dict(job: Job) -> dict[str, Any]:
    """A job with its document, progress and best trial."""
    return {
        "name": job.name,
        "display_name": job.display_name,
        "experiment_name": job.experiment_name,
        "description": job.description,
        "tags": job.tags,
        "status": job.status,
        "task": job.task_type,
        "mode": job.mode,
        "primary_metric": job.primary_metric,
        "training_data": job.training_data.reference,
        "validation_data": job.validation_data.reference if job.validation_data else None,
        "limits": {
            "max_trials": job.max_trials,
            "max_concurrent_trials": job.max_concurrent_trials,
            "timeout_minutes": job.timeout_minutes,
        },
        "progress": job_progress(job),
        "best_trial": trial_to_dict(job.best_trial) if job.best_trial else None,
        "error": job.error,
        "is_cancel_requested": job.cancel_requested_at is not None and not job.is_ended,
        "spec": job.spec,
        "created_by": job.created_by.get_username() if job.created_by else None,
        **_times(job),
    }


def job_progress(job: Job) -> dict[str, Any]:
    """How far a job is: trials by state, epochs of those running, seconds left and seconds used.

    `fraction` is 0–1; `eta_seconds` is None while there is nothing to reckon from.
    """
    trials = list(job.trials.all())
    active = [trial for trial in trials if trial.status in ACTIVE]
    shown = active[0] if active else trials[-1] if trials else None
    return {
        "trials": len(trials),
        "trials_ended": sum(trial.status in ENDED for trial in trials),
        "trials_completed": sum(trial.status == Status.COMPLETED for trial in trials),
        "max_trials": job.max_trials,
        "epoch": shown.epochs if shown else 0,
        "epochs": shown.epochs_total if shown else 0,
        "fraction": _fraction(job, trials),
        "phase": shown.phase if shown else "",
        "eta_seconds": _seconds_left(job, trials),
        "elapsed_seconds": _elapsed(job),
        "images_per_second": shown.progress.get("images_per_second") if shown in active and shown else None,
    }


def trial_fraction(trial: Trial) -> float:
    """0–1 of a trial's epochs, the running one counted by its steps."""
    if trial.status in ENDED:
        return 1.0
    told = trial.progress
    epochs = told.get("epochs") or trial.epochs_total
    if not epochs:
        return 0.0
    steps = told.get("steps") or 0
    within = (told.get("step") or 0) / steps if steps else 0.0
    done = max(float(trial.epochs), (told.get("epoch") or 1) - 1 + within)
    return round(min(1.0, done / epochs), 4)


def _fraction(job: Job, trials: list[Trial]) -> float:
    if job.is_ended:
        return 1.0
    return round(sum(trial_fraction(trial) for trial in trials) / max(1, job.max_trials), 4)


def _seconds_left(job: Job, trials: list[Trial]) -> float | None:
    if job.is_ended:
        return 0.0
    told = [trial.progress.get("seconds_left") for trial in trials if trial.status in ACTIVE]
    known = [seconds for seconds in told if seconds is not None]
    if known:
        return float(max(known))
    planned = job.plan.get("seconds")
    return None if planned is None else max(0.0, float(planned) - _elapsed(job))


def _elapsed(job: Job) -> float:
    if job.started_at is None:
        return 0.0
    return round(((job.ended_at or timezone.now()) - job.started_at).total_seconds(), 1)


def _times(row: Job | Trial) -> dict[str, datetime | None]:
    return {"created_at": row.created_at, "started_at": row.started_at, "ended_at": row.ended_at}

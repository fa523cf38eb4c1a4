"""Canceling and cloning."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from jobs.models import Job, Status, Trial
from jobs.models.status import ENDED
from jobs.services.advance import advance_job, timeout_error
from vision.errors import ConflictError
from vision.spec.facts import START_PARAMETERS


def cancel_job(job: Job) -> None:
    """End a job: what waits ends at once, what runs is told to stop. Asking again while it stops changes nothing.

    Raises:
        ConflictError: it has ended already.
    """
    _cancel(job.pk, error=None)


def end_overdue_job(job: Job) -> None:
    """End a job that has used up its time; the best model so far stays."""
    _cancel(job.pk, error=timeout_error(job).to_dict())


@transaction.atomic
def cancel_trial(trial: Trial) -> None:
    """End a trial; its job goes on with others, if it has any.

    Raises:
        ConflictError: it has ended already.
    """
    job = Job.objects.select_for_update().get(pk=trial.job_id)
    mine = Trial.objects.select_for_update().get(pk=trial.pk)
    if mine.is_ended:
        raise _ended(f"Trial {mine.name}", mine.get_status_display())
    _cancel_row(mine, error=None)
    advance_job(job.pk)


def clone_document(job: Job) -> dict[str, Any]:
    """The job's document without its name, to be changed and submitted again."""
    return {key: value for key, value in job.spec.items() if key != "name"}


def scratch_document(job: Job) -> dict[str, Any]:
    """The job's document, to be submitted again without pretrained weights."""
    document = clone_document(job)
    return document | {"training_parameters": {**(document.get("training_parameters") or {}), "pretrained": "none"}}


def further_document(trial: Trial) -> dict[str, Any]:
    """The document that trains a trial further: where it stopped, or from its best weights where it was trained to its
    end, for as many epochs again.

    Raises:
        ConflictError: it runs, or left nothing to go on with.
    """
    if not trial.is_ended or not (trial.outputs_key or trial.checkpoint_key):
        raise ConflictError(
            f"{trial.name} is {trial.get_status_display().lower()}: there is nothing yet to train further.",
            hint="Wait until it has ended." if not trial.is_ended else "Clone its job to train it anew.",
        )
    own = {row["name"]: row["value"] for row in trial.resolution if row["source"] == "set"}
    further = {name: value for name, value in own.items() if name not in START_PARAMETERS}
    further["checkpoint_run_id"] = trial.name
    if not trial.outputs_key:
        further["checkpoint_state"] = "last"
        further.pop("max_steps", None)
        total = trial.epochs_total
        further["number_of_epochs"] = total if total > trial.checkpoint_epoch else 2 * total
    document = clone_document(trial.job) | {"training_parameters": further}
    return {key: value for key, value in document.items() if key not in ("sweep", "search_space", "display_name")}


@transaction.atomic
def _cancel(job_id: int, error: dict[str, Any] | None) -> None:
    job = Job.objects.select_for_update().get(pk=job_id)
    if job.is_ended:
        raise _ended(f"Job {job.name}", job.get_status_display())
    if job.cancel_requested_at is None:
        job.cancel_requested_at = timezone.now()
        job.error = error
        job.save(update_fields=["cancel_requested_at", "error"])
    for trial in Trial.objects.select_for_update().filter(job=job).exclude(status__in=ENDED):
        _cancel_row(trial, error)
    advance_job(job_id)


def _cancel_row(trial: Trial, error: dict[str, Any] | None) -> None:
    """A trial that waits is ended here; one that runs by the work item that runs it, or by the reaper."""
    if trial.cancel_requested_at is None:
        trial.cancel_requested_at = timezone.now()
        trial.error = error
    if trial.status == Status.QUEUED:
        trial.status, trial.token, trial.phase = Status.CANCELED, None, ""
        trial.ended_at = timezone.now()
    trial.save(update_fields=["cancel_requested_at", "error", "status", "token", "phase", "ended_at"])


def _ended(what: str, status: str) -> ConflictError:
    return ConflictError(f"{what} has ended already: it is {status.lower()}.", hint="There is nothing to cancel.")

"""Attempts of a trial, as the database sees them. Every write asks for the token: a stale attempt writes nothing.

Where both are locked, the job's row comes before the trial's, so that two writers never wait for each other.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.utils import timezone

from jobs.errors import StaleAttemptError
from jobs.models import Job, MetricPoint, Node, Status, Trial
from jobs.models.status import ACTIVE
from jobs.services.advance import advance_job
from jobs.services.dispatching import renew_token, send_trial
from jobs.services.logbook import append_log
from vision.errors import DarkroomError, TrainingError
from vision.training.rescue import halve_batches

MAX_RESTARTS = 3


@contextmanager
def fenced(trial_id: int, token: str | uuid.UUID) -> Iterator[Trial]:
    """The trial locked, together with its job, for as long as the block runs; its job is advanced at the end.

    Raises:
        StaleAttemptError: the token is not the trial's any more, or the trial has ended.
    """
    with transaction.atomic():
        job_id = Trial.objects.filter(pk=trial_id).values_list("job_id", flat=True).first()
        if job_id is None:
            raise StaleAttemptError
        Job.objects.select_for_update().get(pk=job_id)
        trial = Trial.objects.select_for_update().filter(pk=trial_id, token=token).first()
        if trial is None or trial.is_ended:
            raise StaleAttemptError
        yield trial
        advance_job(job_id)


def start_attempt(trial_id: int, token: str, node_name: str = "", slot: str = "") -> Trial:
    """Take a waiting trial; only the first to come with its token gets it.

    Raises:
        StaleAttemptError: another came first, the trial was canceled, or the token is an old one.
    """
    with fenced(trial_id, token) as trial:
        if trial.status != Status.QUEUED:
            raise StaleAttemptError
        now = timezone.now()
        trial.status, trial.phase, trial.heartbeat_at = Status.PREPARING, "Collecting the images", now
        trial.started_at = trial.started_at or now
        trial.attempts += 1
        trial.node, trial.slot = Node.objects.filter(name=node_name).first(), slot
        trial.progress = {}
        trial.save()
        where = f" on {node_name} ({slot})" if node_name else ""
        resumed = f", from the checkpoint of epoch {trial.checkpoint_epoch}" if trial.checkpoint_key else ""
        append_log(trial, [f"Attempt {trial.attempts}{where}{resumed}"])
    related = ("job__training_data__dataset", "job__validation_data__dataset", "node")
    return Trial.objects.select_related(*related).get(pk=trial_id)


def heartbeat(trial_id: int, token: str) -> bool:
    """Say that the attempt lives; returns whether it was asked to stop.

    Raises:
        StaleAttemptError: it has been given up.
    """
    mine = Trial.objects.filter(pk=trial_id, token=token, status__in=ACTIVE)
    if not mine.update(heartbeat_at=timezone.now()):
        raise StaleAttemptError
    return mine.filter(cancel_requested_at__isnull=False).exists()


def set_phase(trial_id: int, token: str, status: str, phase: str) -> None:
    """Preparing, Running or Finalizing, and what it does in words."""
    if status not in ACTIVE:
        raise ValueError(f"{status} is no phase of an attempt")
    with fenced(trial_id, token) as trial:
        trial.status, trial.phase = status, phase[:200]
        trial.save(update_fields=["status", "phase"])


def record_checkpoint(trial_id: int, token: str, key: str, epoch: int) -> str:
    """Make a stored checkpoint the one to go on from; returns the key of the one it replaces."""
    with fenced(trial_id, token) as trial:
        replaced = trial.checkpoint_key
        trial.checkpoint_key, trial.checkpoint_epoch = key, epoch
        trial.save(update_fields=["checkpoint_key", "checkpoint_epoch"])
    return replaced


def complete_attempt(trial_id: int, token: str, outputs_key: str, completed: dict[str, Any]) -> bool:
    """End the trial with its outputs; False where it was canceled meanwhile.

    `completed` is the training's last event.
    """
    with fenced(trial_id, token) as trial:
        if trial.cancel_requested_at is not None:
            return False
        trial.status, trial.outputs_key, trial.error = Status.COMPLETED, outputs_key, None
        trial.summary = {**(completed.get("metrics") or {}), **(completed.get("resources") or {})}
        trial.epochs = completed.get("epochs") or trial.epochs
        trial.best_epoch = completed.get("best_epoch") or trial.best_epoch
        if completed.get("primary_metric") is not None:
            trial.primary_metric = completed["primary_metric"]
        # An attempt that was cut off may have gone further than the one that ended the trial
        MetricPoint.objects.filter(trial=trial, epoch__gt=trial.epochs).delete()
        _end(trial)
    return True


def fail_attempt(trial_id: int, token: str, error: DarkroomError | dict[str, Any]) -> None:
    """End the trial with a cause its owner can read."""
    with fenced(trial_id, token) as trial:
        if trial.cancel_requested_at is not None:
            _cancel(trial)
        else:
            _fail(trial, error if isinstance(error, dict) else error.to_dict())


def cancel_attempt(trial_id: int, token: str) -> None:
    """End the trial because someone, or the job's time limit, asked for it."""
    with fenced(trial_id, token) as trial:
        _cancel(trial)


def restart_attempt(trial_id: int, token: str | uuid.UUID, cause: DarkroomError) -> None:
    """Give the trial to a new attempt from its last checkpoint, or end it when that was tried often enough."""
    with fenced(trial_id, token) as trial:
        if trial.cancel_requested_at is not None:
            _cancel(trial)
        elif trial.restarts >= MAX_RESTARTS:
            _fail(trial, _explain_giving_up(trial, cause))
        else:
            trial.restarts += 1
            _requeue(trial, f"Starting again: {cause.message}")


def rescue_attempt(trial_id: int, token: str | uuid.UUID, cause: dict[str, Any]) -> None:
    """Start again with half the batch where memory ran out, which is no fault; what cannot be halved fails."""
    with fenced(trial_id, token) as trial:
        halved = halve_batches(trial.params) if trial.params.get("auto_find_batch_size", True) else None
        if trial.cancel_requested_at is not None:
            _cancel(trial)
        elif halved is None:
            _fail(trial, cause)
        else:
            batch, smaller = trial.params["training_batch_size"], halved["training_batch_size"]
            message = (
                f"Memory ran out with batches of {batch} images: training goes on with batches of {smaller}, "
                f"{halved['gradient_accumulation_step']} of them an update."
            )
            trial.params = halved
            trial.notes = [*trial.notes, {"code": "smaller_batch", "message": message}]
            _requeue(trial, message)


def release_attempt(trial_id: int, token: str) -> None:
    """Give the trial back because this machine stops; that is no fault of the trial and is not counted."""
    with fenced(trial_id, token) as trial:
        if trial.cancel_requested_at is not None:
            _cancel(trial)
        else:
            _requeue(trial, "Waiting: its machine was stopped")


def _requeue(trial: Trial, phase: str) -> None:
    renew_token(trial)
    trial.status, trial.phase, trial.heartbeat_at = Status.QUEUED, phase[:200], None
    trial.progress = {}
    trial.save()
    append_log(trial, [phase])
    send_trial(trial)


def _fail(trial: Trial, error: dict[str, Any]) -> None:
    trial.status, trial.error = Status.FAILED, error
    append_log(trial, [f"Failed: {error.get('message', '')} {error.get('hint', '')}".strip()])
    _end(trial)


def _cancel(trial: Trial) -> None:
    trial.status = Status.CANCELED
    append_log(trial, ["Canceled: " + trial.error["message"] if trial.error else "Canceled"])
    _end(trial)


def _end(trial: Trial) -> None:
    trial.token, trial.phase, trial.heartbeat_at = None, "", None
    trial.ended_at = timezone.now()
    trial.save()


def _explain_giving_up(trial: Trial, cause: DarkroomError) -> dict[str, Any]:
    message = f"The training was started {trial.attempts} times and ended each time. The last time: {cause.message}"
    return TrainingError(message, hint=cause.hint, code=cause.code, details=cause.details).to_dict()

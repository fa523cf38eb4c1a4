"""Putting right what dead processes and a wiped broker left behind. Called every few seconds by every node agent."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from jobs.errors import StaleAttemptError
from jobs.models import Job, Status, Trial
from jobs.models.status import ACTIVE, ENDED
from jobs.services.advance import advance_job
from jobs.services.attempts import restart_attempt
from jobs.services.control import end_overdue_job
from jobs.services.dispatching import renew_token, send_trial, work_item_state
from vision.errors import ConflictError, TrainingError

logger = logging.getLogger(__name__)
STALE_AFTER = timedelta(seconds=12)
RESEND_AFTER = timedelta(seconds=5)
PICKED_UP_WITHIN = timedelta(seconds=20)


def run_once() -> None:
    """One round. Each part is safe beside itself on another machine."""
    reap_dead_attempts()
    resend_lost_trials()
    end_overdue_jobs()
    advance_stuck_jobs()


def reap_dead_attempts() -> None:
    """Start trials again whose work item has not been heard of for seconds."""
    limit = timezone.now() - STALE_AFTER
    for trial in Trial.objects.filter(status__in=ACTIVE, heartbeat_at__lt=limit).select_related("node"):
        where = f" on {trial.node.name}" if trial.node else ""
        if trial.token is None:
            continue
        cause = TrainingError(
            f"The worker process that ran it{where} died.",
            hint="The machine may have been switched off or be out of memory; see the Compute page.",
            code="worker_died",
        )
        try:
            restart_attempt(trial.pk, trial.token, cause)
            logger.warning("Trial %s: %s", trial.name, cause.message)
        except StaleAttemptError:
            pass  # another agent was faster


def resend_lost_trials() -> None:
    """Rebuild the queue from the database: trials that wait, but not in the broker."""
    now = timezone.now()
    for trial in Trial.objects.filter(status=Status.QUEUED, queued_at__lt=now - RESEND_AFTER):
        state = work_item_state(trial)
        if state in ("queued", "unknown", "deferred", "scheduled"):
            continue
        # "started", yet the trial still waits: its worker may be about to take it, or dead
        is_overdue = trial.queued_at is not None and trial.queued_at < now - PICKED_UP_WITHIN
        if state != "started" or is_overdue:
            _resend(trial)


def end_overdue_jobs() -> None:
    """Stop jobs that have used up `limits.timeout_minutes`."""
    now = timezone.now()
    running = Job.objects.exclude(status__in=ENDED).filter(started_at__isnull=False, cancel_requested_at=None)
    for job in running:
        if job.started_at is not None and job.started_at + timedelta(minutes=job.timeout_minutes) < now:
            try:
                end_overdue_job(job)
            except ConflictError:
                pass  # it has just ended


def advance_stuck_jobs() -> None:
    """Move on jobs whose trials have all ended, or that have none: a process died between two steps."""
    waiting = Trial.objects.filter(job=OuterRef("pk")).exclude(status__in=ENDED)
    for pk in Job.objects.exclude(status__in=ENDED).exclude(Exists(waiting)).values_list("pk", flat=True):
        advance_job(pk)


@transaction.atomic
def _resend(trial: Trial) -> None:
    mine = Trial.objects.select_for_update().filter(pk=trial.pk, token=trial.token, status=Status.QUEUED).first()
    if mine is None:
        return
    logger.warning("Trial %s was lost by the broker and is sent again.", trial.name)
    renew_token(mine)
    mine.save(update_fields=["token", "queued_at"])
    send_trial(mine)

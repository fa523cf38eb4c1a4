"""Which work item stands for which attempt of a trial."""

from __future__ import annotations

import uuid

import django_rq
from django.utils import timezone
from redis.exceptions import RedisError

from datasets.queueing import enqueue
from jobs.models import Trial
from jobs.services.machines import choose_queue

WORK_ITEM = "jobs.work_items.run_trial"


def renew_token(trial: Trial) -> None:
    """Give the trial to a new attempt; the caller saves it. Whoever holds the old token is shut out."""
    trial.token = uuid.uuid4()
    trial.queued_at = timezone.now()


def send_trial(trial: Trial) -> None:
    """Put the attempt that holds the trial's token on the queue, after the running transaction."""
    queue = choose_queue()
    enqueue(queue, WORK_ITEM, trial.pk, str(trial.token), job_id=work_item_id(trial, queue))


def work_item_id(trial: Trial, queue: str) -> str:
    """One id for one attempt on one queue: sending it twice leaves one there."""
    return f"trial-{trial.pk}-{trial.token}-{queue}"


def work_item_state(trial: Trial) -> str:
    """RQ's word for the attempt's work item; "lost" where the broker has none, "unknown" where it does not answer."""
    queue = choose_queue()
    try:
        item = django_rq.get_queue(queue).fetch_job(work_item_id(trial, queue))
        return "lost" if item is None else str(item.get_status().value)
    except (RedisError, OSError):
        return "unknown"

"""Putting work items on a queue. The database holds the truth; the queue carries ids only."""

from __future__ import annotations

import logging
from typing import TypeAlias

import django_rq
from django.db import transaction
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
_NO_LIMIT = -1  # a work item's death is found by its heartbeat, not by RQ's clock
_KEEP_FAILURE_SECONDS = 24 * 3600

Argument: TypeAlias = str | int | float | bool | None


def enqueue(queue_name: str, function: str, *args: Argument, job_id: str | None = None) -> None:
    """Enqueue `package.module.function(*args)` once the running transaction has committed.

    Arguments travel as JSON. A broker that is down is logged, not raised: maintenance re-enqueues from the database.
    """
    transaction.on_commit(lambda: _send(queue_name, function, args, job_id))


def _send(queue_name: str, function: str, args: tuple[Argument, ...], job_id: str | None) -> None:
    try:
        # django-rq would wait for the commit once more, outside this try
        django_rq.get_queue(queue_name, commit_mode="auto").enqueue_call(
            function,
            args=list(args),
            job_id=job_id,
            timeout=_NO_LIMIT,
            result_ttl=0,
            failure_ttl=_KEEP_FAILURE_SECONDS,
        )
    except (RedisError, OSError) as error:
        logger.warning("The broker did not take %s%r: %s. Maintenance will send it again.", function, args, error)


def is_queued(queue_name: str, job_id: str) -> bool:
    """Whether a work item of that id waits or runs. A broker that is down says yes: there is nothing to send it to."""
    try:
        job = django_rq.get_queue(queue_name).fetch_job(job_id)
        return job is not None and job.get_status() in ("queued", "started", "deferred", "scheduled")
    except (RedisError, OSError):
        return True

"""Working queues off inside a test."""

from __future__ import annotations

import django_rq
from django.conf import settings
from rq import SimpleWorker


def drain(*names: str) -> None:
    """Run what is enqueued until nothing is left; an exception inside a work item is raised here."""
    failures: list[BaseException] = []

    def keep(job: object, kind: type, value: BaseException, trace: object) -> bool:
        failures.append(value)
        return True

    queues = [django_rq.get_queue(name) for name in names or settings.RQ_QUEUES]
    worker = SimpleWorker(
        queues,
        connection=queues[0].connection,
        serializer=queues[0].serializer,
        exception_handlers=[keep],
        job_class=queues[0].job_class,
        queue_class=type(queues[0]),
    )
    worker.work(burst=True, logging_level="WARNING")
    if failures:
        raise failures[0]

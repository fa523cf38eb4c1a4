"""Server-sent events of a job: what changed, as it changes, until the job has ended.

An async generator that reads a few rows a second; between two reads it holds no thread and no connection.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from asgiref.sync import sync_to_async
from django.core.serializers.json import DjangoJSONEncoder
from django.db import close_old_connections

from jobs.models import MetricPoint
from jobs.selectors import get_job, job_to_dict, trial_to_dict
from vision.errors import NotFoundError

_POLL_SECONDS = 1.0
_PING_SECONDS = 15.0
_QUIET = ("elapsed_seconds", "eta_seconds")  # these alone are no news
_FEW = 2000


async def stream_job(name: str, last_point: int = 0) -> AsyncIterator[str]:
    """`job`, `trial` and `metrics` messages, and an `end` at last. `last_point` is the last id the reader has seen."""
    teller = _Teller(name, last_point)
    spoke_at = time.monotonic()
    yield "retry: 2000\n\n"
    while True:
        messages, is_ended = await sync_to_async(teller.look)()
        for message in messages:
            yield message
        if is_ended:
            return
        if messages:
            spoke_at = time.monotonic()
        elif time.monotonic() - spoke_at > _PING_SECONDS:
            spoke_at = time.monotonic()
            yield ": still here\n\n"  # proxies close a line that says nothing
        await asyncio.sleep(_POLL_SECONDS)


class _Teller:
    """Remembers what was told, tells what is new."""

    def __init__(self, name: str, last_point: int) -> None:
        self._name = name
        self._point = last_point
        self._told: dict[str, str] = {}

    def look(self) -> tuple[list[str], bool]:
        close_old_connections()
        try:
            job = get_job(self._name)
        except NotFoundError as error:
            return [_message("end", {"error": error.to_dict()})], True
        points = MetricPoint.objects.filter(trial__job=job, pk__gt=self._point).order_by("pk")[:_FEW]
        messages = [self._tell_point(point) for point in points.select_related("trial")]
        for trial in job.trials.all():
            messages += self._if_new(f"trial-{trial.number}", "trial", trial_to_dict(trial))
        messages += self._if_new("job", "job", job_to_dict(job))
        if job.is_ended:
            messages.append(_message("end", {"name": job.name, "status": job.status}))
        return messages, job.is_ended

    def _tell_point(self, point: MetricPoint) -> str:
        self._point = point.pk
        data = {"trial": point.trial.number, "name": point.name, "epoch": point.epoch, "value": point.value}
        return _message("metric", data, point.pk)

    def _if_new(self, key: str, event: str, data: dict[str, Any]) -> list[str]:
        progress = {k: v for k, v in data["progress"].items() if k not in _QUIET}
        state = _dump({**data, "progress": progress})
        if self._told.get(key) == state:
            return []
        self._told[key] = state
        return [_message(event, data)]


def _message(event: str, data: dict[str, Any], number: int | None = None) -> str:
    mark = f"id: {number}\n" if number is not None else ""
    return f"{mark}event: {event}\ndata: {_dump(data)}\n\n"


def _dump(data: dict[str, Any]) -> str:
    return json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False)

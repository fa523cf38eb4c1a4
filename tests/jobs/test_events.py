"""The event stream, read as a browser reads it."""

from __future__ import annotations

import asyncio
import json

import pytest
from django.conf import settings
from django.test import AsyncClient
from django.utils import timezone

from jobs.models import MetricPoint
from jobs.services.control import cancel_job
from tests.jobs.factories import make_job

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


async def read(path: str, act, **headers: str) -> list[tuple[str, dict]]:
    """The messages of a stream; `act` is done after the first of them."""
    headers = {"Authorization": f"Bearer {settings.STUDIO_ADMIN_TOKEN}", **headers}
    response = await AsyncClient().get(path, headers=headers)
    assert response["Content-Type"] == "text/event-stream"
    text, acted = "", False
    async for part in response.streaming_content:
        text += part.decode()
        if "event: job" in text and not acted:
            acted = True
            await asyncio.to_thread(act)
    blocks = [dict(line.split(": ", 1) for line in block.splitlines()) for block in text.split("\n\n") if block]
    return [(block["event"], json.loads(block["data"])) for block in blocks if "event" in block]


def test_stream_tells_what_happens_and_ends_with_the_job(storage, owner):
    job = make_job()
    trial = job.trials.get()
    point = {"trial": trial, "name": "accuracy", "logged_at": timezone.now()}
    MetricPoint.objects.create(epoch=1, value=0.5, **point)
    messages = asyncio.run(read(f"/api/v1/jobs/{job.name}/events", lambda: cancel_job(job)))
    kinds = [kind for kind, _ in messages]
    assert kinds[0] == "metric"
    assert kinds[-1] == "end"
    assert messages[0][1] == {"trial": 0, "name": "accuracy", "epoch": 1, "value": 0.5}
    assert [data["status"] for kind, data in messages if kind == "job"] == ["Queued", "Canceled"]
    assert messages[-1][1]["status"] == "Canceled"


def test_stream_goes_on_after_the_last_id_seen(storage, owner):
    job = make_job()
    trial = job.trials.get()
    points = [
        MetricPoint.objects.create(trial=trial, name="accuracy", epoch=e, value=e / 10, logged_at=timezone.now())
        for e in (1, 2)
    ]
    cancel_job(job)
    seen = {"Last-Event-ID": str(points[0].pk)}
    messages = asyncio.run(read(f"/api/v1/jobs/{job.name}/events", lambda: None, **seen))
    assert [data["epoch"] for kind, data in messages if kind == "metric"] == [2]


def test_stream_of_no_job_is_not_found(api):
    assert api.get("/api/v1/jobs/nothing/events").status_code == 404

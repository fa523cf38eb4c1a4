from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from jobs.models import Node

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def healthz():
    answer = Client().get("/healthz")
    return answer.status_code, answer.json()


def test_all_there(broker):
    Node.objects.create(name="here", heartbeat_at=timezone.now())
    status, body = healthz()
    assert status == 200
    assert body == {"status": "ok", "web": "ok", "database": "ok", "broker": "ok", "agent": "ok"}


def test_silent_agent_is_named(broker):
    Node.objects.create(name="here", heartbeat_at=timezone.now() - timedelta(minutes=1))
    status, body = healthz()
    assert status == 503
    assert body["missing"] == ["agent"]


def test_dead_broker_is_named(settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/nothing.sock"
    Node.objects.create(name="here", heartbeat_at=timezone.now())
    status, body = healthz()
    assert status == 503
    assert body["missing"] == ["broker"]

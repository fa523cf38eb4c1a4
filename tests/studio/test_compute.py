"""What the Compute page and GET /compute tell of the machines."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.models import Node

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def make_node(name: str, silent_for: float) -> Node:
    heartbeat = timezone.now() - timedelta(seconds=silent_for)
    return Node.objects.create(name=name, cpu_count=4, memory_bytes=8 * 2**30, heartbeat_at=heartbeat)


def test_a_silent_machine_comes_last_and_is_not_alive(api, broker) -> None:
    make_node("a-silent", 120)
    make_node("b-alive", 1)
    answer = api.get("/api/v1/compute").json()
    assert [(node["name"], node["is_alive"]) for node in answer["nodes"]] == [("b-alive", True), ("a-silent", False)]
    assert answer["queues"] == {"default": 0, "cpu": 0, "gpu": 0}


def test_a_broker_that_is_down_is_said(signed_in, settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert "the broker does not answer" in signed_in.get("/compute/").content.decode()


def test_the_storage_address_is_shown_without_its_password(signed_in, settings, broker) -> None:
    settings.STORAGE_URL = "s3://key:secret@bucket/darkroom"
    page = signed_in.get("/compute/").content.decode()
    assert "s3://bucket/darkroom" in page
    assert "secret@" not in page

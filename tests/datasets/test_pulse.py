from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from datasets.models import Dataset, DatasetVersion
from datasets.services.pulse import beating

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


@pytest.fixture
def version():
    dataset = Dataset.objects.create(name="bolts")
    return DatasetVersion.objects.create(dataset=dataset, number=1, token=uuid.uuid4(), heartbeat_at=LONG_AGO)


def beat(version, block):
    mine = DatasetVersion.objects.filter(pk=version.pk, token=version.token)
    with beating(mine, seconds=0.02):
        block()
    version.refresh_from_db()
    return version.heartbeat_at


def wait_for_beat(version):
    end = time.monotonic() + 20
    while DatasetVersion.objects.get(pk=version.pk).heartbeat_at == LONG_AGO:
        assert time.monotonic() < end, "no sign of life"
        time.sleep(0.01)


def test_signs_of_life_go_on_while_the_attempt_is_busy(version):
    assert timezone.now() - beat(version, lambda: wait_for_beat(version)) < timedelta(seconds=20)


def test_an_attempt_that_lost_its_token_gives_none(version):
    def lose_it():
        DatasetVersion.objects.update(token=uuid.uuid4())
        DatasetVersion.objects.update(heartbeat_at=LONG_AGO)
        time.sleep(0.2)

    assert beat(version, lose_it) == LONG_AGO


def test_an_attempt_handed_back_is_not_called_alive(version):
    def hand_back():
        DatasetVersion.objects.update(heartbeat_at=None)
        time.sleep(0.2)

    assert beat(version, hand_back) is None

from __future__ import annotations

import threading

import pytest

from datasets import watching
from datasets.watching import StoppedError, watch

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(watching, "TELL_SECONDS", 0.01)


def test_progress_is_told_also_while_nothing_moves():
    told: list[float] = []
    enough = threading.Event()

    def work(tell):
        tell(0.5)
        assert enough.wait(5)
        tell(1.0)
        return "done"

    def hear(fraction):
        told.append(fraction)
        if told.count(0.5) > 3:
            enough.set()

    assert watch(work, hear) == "done"
    assert told[-1] == 1.0


def test_what_is_raised_comes_through():
    def work(tell):
        raise KeyError("why")

    with pytest.raises(KeyError, match="why"):
        watch(work, lambda fraction: None)


def test_work_ends_when_nobody_waits_any_more():
    ended = threading.Event()

    def work(tell):
        try:
            while True:
                tell(0.1)
        except StoppedError:
            ended.set()
            raise

    def hear(fraction):
        raise LookupError

    with pytest.raises(LookupError):
        watch(work, hear)
    assert ended.wait(5)

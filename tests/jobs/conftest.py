from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.jobs.workers import Workers, worker_environment


@pytest.fixture
def workers(storage, broker, broker_server, tmp_path) -> Iterator[Workers]:
    workers = Workers(worker_environment(broker_server, tmp_path / "home"))
    yield workers
    workers.stop()

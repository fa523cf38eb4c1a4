"""Fixtures of the dataset tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.datasets.web_server import WebServer, run_web_server


@pytest.fixture
def web() -> Iterator[WebServer]:
    with run_web_server() as server:
        yield server

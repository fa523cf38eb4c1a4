from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.running import ROOT, free_port


@contextlib.contextmanager
def run_server(module: str, port: int, cwd=ROOT) -> Iterator[str]:
    process = subprocess.Popen([sys.executable, "-m", module, str(port)], cwd=cwd)
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=url, timeout=2) as client:
            wait_for(lambda: _answers(client) or process.poll() is not None, 30)
        yield url
    finally:
        process.kill()
        process.wait()


def wait_for(condition: Callable[[], object], seconds: float, step: float = 0.05) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("the condition did not come true in time")
        time.sleep(step)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/").status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    with run_server("tests.endpoints.upstream", free_port()) as url:
        yield url


@pytest.fixture(scope="module")
def second_upstream() -> Iterator[str]:
    with run_server("tests.endpoints.upstream", free_port()) as url:
        yield url

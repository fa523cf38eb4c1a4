"""A real Darkroom, started with `manage.py up`, for tests that need the whole of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.processes import wait_until_empty
from vision.training.launch import KEPT_MEMORY

ROOT = Path(__file__).resolve().parent.parent
_http = httpx.Client(timeout=5, limits=httpx.Limits(max_keepalive_connections=0))
_FROM_OUTSIDE = {
    *("DATABASE_URL", "REDIS_URL", "STORAGE_URL", "STUDIO_OFFLINE", "STUDIO_WEIGHTS_DIR", "STUDIO_GPUS"),
    *KEPT_MEMORY,
}


@dataclass
class Running:
    url: str
    token: str
    home: Path
    process: subprocess.Popen[bytes]
    output: Path

    @property
    def sign_in_url(self) -> str:
        return f"{self.url}/sign-in/?token={self.token}"

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def health(self) -> httpx.Response | None:
        try:
            return _http.get(f"{self.url}/healthz")
        except httpx.HTTPError:
            return None

    def wait_until_healthy(self, timeout: float = 90) -> None:
        end = time.monotonic() + timeout
        answer = None
        while time.monotonic() < end:
            answer = self.health()
            if answer is not None and answer.status_code == 200:
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        said = answer.text if answer is not None else "no answer"
        raise AssertionError(f"Darkroom is not healthy: {said}\n{self.output.read_text(errors='replace')[-4000:]}")

    def stop(self, number: int = signal.SIGTERM, timeout: float = 60) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def studio_environment(home: Path, port: int, **extra: str) -> dict[str, str]:
    environment = {key: value for key, value in os.environ.items() if key not in _FROM_OUTSIDE}
    environment |= {
        "DJANGO_SETTINGS_MODULE": "studio.settings",
        "STUDIO_HOME": str(home),
        "STUDIO_PORT": str(port),
        "STUDIO_HOST": "127.0.0.1",
        "STUDIO_OFFLINE": "1",
        "PYTHONUNBUFFERED": "1",
    }
    return environment | extra


def launch(home: Path, port: int, **extra: str) -> Running:
    """`manage.py up`, not waited for."""
    home.mkdir(parents=True, exist_ok=True)
    output = home.parent / f"{home.name}-output.txt"
    environment = studio_environment(home, port, **{"STUDIO_ADMIN_TOKEN": "test-token", **extra})
    with output.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "up"],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Running(f"http://127.0.0.1:{port}", environment["STUDIO_ADMIN_TOKEN"], home, process, output)


def start_darkroom(home: Path, **extra: str) -> Running:
    """`manage.py up` on a free port, waited for."""
    running = launch(home, free_port(), **extra)
    try:
        running.wait_until_healthy()
    except BaseException:
        running.stop(signal.SIGTERM)
        raise
    return running


@contextmanager
def whole_darkroom(home: Path, **extra: str) -> Iterator[Running]:
    """A Darkroom of which nothing may outlive its launcher."""
    running = start_darkroom(home, **extra)
    try:
        yield running
    finally:
        running.stop()
    assert wait_until_empty(running.home) == []

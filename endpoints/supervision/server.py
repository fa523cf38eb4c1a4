"""One model server process: started with a lifeline, probed, stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from vision import lifeline
from vision.training.launch import SHARED_PROCESSORS

LOG_TAIL_BYTES = 64 * 1024
_LONGEST_LOG = 8 * 1024 * 1024
_GRACE_SECONDS = 10.0
_SECRETS = ("STUDIO_ADMIN_TOKEN", "STUDIO_SECRET_KEY", "DATABASE_URL", "REDIS_URL", "STORAGE_URL")
_probes = ThreadPoolExecutor(max_workers=8, thread_name_prefix="probe")
# One for all: to read the machine's certificates takes 25 ms of a processor, and each server is asked every second
_client = httpx.Client(trust_env=False, verify=False, limits=httpx.Limits(max_keepalive_connections=0))  # noqa: S501


@dataclass(frozen=True)
class ServerSpec:
    """What a model server is started with."""

    generation: int
    model_folder: Path
    host: str
    request_timeout_ms: int
    log_path: Path
    working_folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    probe_timeout: float = 10.0

    def command(self, port: int) -> list[str]:
        options = {
            "--model": self.model_folder,
            "--host": self.host,
            "--port": port,
            "--request-timeout-ms": self.request_timeout_ms,
        }
        return [
            sys.executable,
            "-m",
            "endpoints.model_server",
            *(str(part) for pair in options.items() for part in pair),
        ]


class ModelServer:
    """A started model server. Probes run in threads, so that no hung server holds the agent up."""

    def __init__(self, spec: ServerSpec) -> None:
        self.spec = spec
        self.port = _free_port(spec.host)
        self.started_at = time.monotonic()
        self.healthy_since: float | None = None
        self.misses = 0
        self._stop_asked_at: float | None = None
        self._probe: Future[bool] | None = None
        self._process = _spawn(spec, self.port)

    @property
    def pid(self) -> int:
        return int(self._process.pid)

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        code: int | None = self._process.poll()
        return code

    @property
    def is_healthy(self) -> bool:
        return self.healthy_since is not None and self.exit_code is None

    @property
    def age(self) -> float:
        return time.monotonic() - self.started_at

    def probe(self) -> None:
        """Take in the last probe's answer and send the next one."""
        if self._probe is not None:
            if not self._probe.done():
                return
            self._note(self._probe.result())
        self._probe = _probes.submit(_is_up, self.spec.host, self.port, self.spec.probe_timeout)

    def ask_to_stop(self) -> None:
        """SIGTERM at first, SIGKILL when called again ten seconds later."""
        self.healthy_since = None
        now = time.monotonic()
        if self._stop_asked_at is None:
            self._stop_asked_at = now
            lifeline.kill_group(self.pid, signal.SIGTERM)  # its lanes are processes of their own
        elif now - self._stop_asked_at > _GRACE_SECONDS:
            self.kill()

    def kill(self) -> None:
        lifeline.kill_group(self.pid)

    def bury(self) -> None:
        """After its end: what is left of its session (a lane can outlive a killed server) and its descriptor."""
        self.kill()
        self._process.release()

    def read_log_tail(self) -> str:
        """The last 64 KB of what it wrote."""
        return read_tail(self.spec.log_path)

    def describe_exit(self) -> str:
        code = self.exit_code
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            why = " (often: not enough memory)" if -code == signal.SIGKILL else ""
            return f"The model server was ended by {name}{why}."
        return f"The model server exited with code {code}."

    def _note(self, is_up: bool) -> None:
        if is_up:
            self.misses = 0
            self.healthy_since = self.healthy_since or time.monotonic()
        else:
            self.misses += 1


def read_tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LOG_TAIL_BYTES))
            return file.read().decode("utf-8", "replace").replace("\0", "")
    except FileNotFoundError:
        return ""


def _spawn(spec: ServerSpec, port: int) -> lifeline.Process:
    spec.log_path.parent.mkdir(parents=True, exist_ok=True)
    if spec.log_path.exists() and spec.log_path.stat().st_size > _LONGEST_LOG:
        spec.log_path.write_text(read_tail(spec.log_path))
    environment = {key: value for key, value in os.environ.items() if key not in _SECRETS}
    with spec.log_path.open("ab") as log:
        return lifeline.spawn(
            spec.command(port),
            {**SHARED_PROCESSORS, **environment, **spec.environment, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=spec.working_folder,
        )


def _free_port(host: str) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _is_up(host: str, port: int, timeout: float) -> bool:
    address = f"[{host}]" if ":" in host else host
    try:
        return _client.get(f"http://{address}:{port}/health", timeout=timeout).status_code == 200
    except httpx.HTTPError:
        return False

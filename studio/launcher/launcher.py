"""The tree: broker (unless there is one already), web, node agent. Nothing of it outlives the launcher."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from django.conf import settings
from django.db import close_old_connections

from studio.health import check_health
from studio.launcher.leftovers import Descendants
from studio.launcher.logs import open_log
from studio.launcher.service import Service
from studio.stop_flag import StopFlag
from studio.valkey import find_binary, start_valkey, wait_for_broker
from vision.lifeline import Process, spawn

MANAGE = Path(settings.BASE_DIR) / "manage.py"
_STOP_SECONDS = 30.0


# Django answers each request in a thread of its own; glibc would keep a heap for each, and never give it back.
_FEW_ARENAS = {"MALLOC_ARENA_MAX": "2"}


class Launcher:
    """Starts, watches and stops everything that `manage.py up` runs."""

    def __init__(self, listener: socket.socket, has_own_broker: bool, say: Callable[[str], None]) -> None:
        self._listener = listener
        self._say = say
        self._stopping = StopFlag()
        self._logs = Path(settings.STUDIO_HOME) / "logs"
        self._broker = self._service("broker", self._start_broker) if has_own_broker else None
        self._web = self._service("web", self._start_web)
        self._agent = self._service("agent", self._start_agent)

    def listen_to_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def start_broker(self) -> None:
        """Start the embedded broker, or find the given one, and wait until it answers."""
        if self._broker is not None:
            find_binary()  # says clearly what is missing
            self._broker.tick()
        wait_for_broker(settings.REDIS_URL, self._broker.process if self._broker else None)

    def start(self) -> None:
        for service in self._services:
            service.tick()

    def wait_until_healthy(self, timeout: float) -> dict[str, str]:
        """Keep everything running until health is complete, or `timeout` is over. Returns the last state."""
        end = time.monotonic() + timeout
        while not self._stopping.is_set():
            self.start()
            parts = check_health() | {"web": self._web_state()}
            if time.monotonic() > end or all(state == "ok" for state in parts.values()):
                return parts
            self._stopping.wait(0.1)
        return {}

    def run(self) -> None:
        """Keep everything running until told to stop."""
        close_old_connections()
        while not self._stopping.wait(0.2):
            self.start()

    def stop(self) -> None:
        """Agent and web first, the broker they use last, then whatever of all their children is still there."""
        descendants = Descendants()
        for service in (self._agent, self._web):
            service.ask_to_stop()
        end = time.monotonic() + _STOP_SECONDS
        for service in (self._agent, self._web):
            service.stop(max(0.1, end - time.monotonic()))
        if self._broker is not None:
            self._broker.stop(10)
        descendants.kill()
        self._listener.close()

    @property
    def _services(self) -> list[Service]:
        return [service for service in (self._broker, self._web, self._agent) if service is not None]

    def _service(self, name: str, start: Callable[[], Process]) -> Service:
        return Service(name, start, lambda line: self._say(f"{line}; see {self._logs / name}.log"))

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._stopping.is_set() and number == signal.SIGINT:  # a second Ctrl-C: no more patience
            Descendants().kill()
        self._stopping.set()

    def _start_broker(self) -> Process:
        open_log(self._logs, "broker").close()
        return start_valkey(Path(settings.STUDIO_HOME), self._logs / "broker.log")

    def _start_web(self) -> Process:
        fd = self._listener.fileno()
        return self._start_command("web", ["web", "--fd", str(fd)], pass_fds=(fd,), **_FEW_ARENAS)

    def _start_agent(self) -> Process:
        return self._start_command("agent", ["agent"])

    def _start_command(
        self, name: str, arguments: list[str], pass_fds: tuple[int, ...] = (), **variables: str
    ) -> Process:
        environment = {**variables, **os.environ, "PYTHONUNBUFFERED": "1"}
        with open_log(self._logs, name) as log:
            return spawn(
                [sys.executable, str(MANAGE), *arguments],
                environment,
                pass_fds=pass_fds,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=settings.BASE_DIR,
            )

    def _web_state(self) -> str:
        host = "127.0.0.1" if settings.STUDIO_HOST in ("0.0.0.0", "::", "") else settings.STUDIO_HOST  # noqa: S104
        try:
            with socket.create_connection((host, settings.STUDIO_PORT), timeout=0.5) as connection:
                connection.settimeout(0.5)
                connection.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
                return "ok" if connection.recv(12).startswith(b"HTTP/1") else "is starting"
        except OSError:
            return "is starting"

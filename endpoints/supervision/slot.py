"""Keeps one deployment instance served: starts, probes, restarts with back-off, replaces on a new generation."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from endpoints.models import DeploymentInstance
from endpoints.supervision.server import ModelServer, ServerSpec

State = DeploymentInstance.State

MOST_FAILED_STARTS = 3  # in a row, before the instance counts as failed
LONGEST_BACK_OFF = 60.0
FAILED_PAUSE = 300.0  # a failed instance is tried again this often
CALM_SECONDS = 60.0  # healthy this long: earlier crashes are forgotten
SpecMaker = Callable[[], ServerSpec | None]


@dataclass(frozen=True)
class Patience:
    """How long a server may take and how often it may miss a probe."""

    start_seconds: float = 300.0
    unhealthy_after: int = 3
    restart_after: int = 15


@dataclass(frozen=True)
class Seen:
    """What the row of an instance should say."""

    state: str
    error: str = ""
    server: ModelServer | None = None


class Slot:
    """The servers of one instance: the one that serves and, while it is being replaced, its successor."""

    def __init__(self, restarts: int = 0) -> None:
        self.restarts = restarts
        self._current: ModelServer | None = None
        self._successor: ModelServer | None = None
        self._leaving: list[ModelServer] = []
        self._generation = 0
        self._failed_starts = 0
        self._crashes = 0
        self._not_before = 0.0
        self._error = ""
        self._log_source: ModelServer | None = None

    @property
    def is_empty(self) -> bool:
        return not self._servers() and not self._leaving

    def step(self, generation: int, make_spec: SpecMaker, patience: Patience) -> Seen:
        """One round; returns what is so now. `make_spec` answers None while the model is still being fetched."""
        self._see_out()
        if generation != self._generation:
            self._generation = generation
            self._failed_starts, self._crashes, self._not_before, self._error = 0, 0, 0.0, ""
        for server in self._servers():
            self._check(server, patience)
        self._promote()
        if self._newest() is None or self._newest_generation() != generation:
            self._start(make_spec)
        return self._describe(patience)

    def stop(self) -> None:
        """Ask every server to go; call again until `is_empty`."""
        for server in self._servers():
            self._leave(server)
        self._see_out()

    def kill(self) -> None:
        for server in [*self._servers(), *self._leaving]:
            server.kill()

    def read_log_tail(self) -> str:
        return self._log_source.read_log_tail() if self._log_source else ""

    def _servers(self) -> list[ModelServer]:
        return [server for server in (self._current, self._successor) if server]

    def _newest(self) -> ModelServer | None:
        return self._successor or self._current

    def _newest_generation(self) -> int:
        newest = self._newest()
        return newest.spec.generation if newest else 0

    def _check(self, server: ModelServer, patience: Patience) -> None:
        if server.exit_code is not None:
            self._lose(server, server.describe_exit())
            return
        server.probe()
        if server.healthy_since is None and server.age > patience.start_seconds:
            self._lose(server, f"The model server was not ready within {patience.start_seconds:.0f} s.")
        elif server.misses >= patience.restart_after and server.healthy_since is not None:
            self._lose(server, f"The model server missed {server.misses} health probes in a row.")
        elif server.healthy_since is not None:
            self._failed_starts = 0
            if time.monotonic() - server.healthy_since > CALM_SECONDS:
                self._crashes = 0

    def _lose(self, server: ModelServer, reason: str) -> None:
        was_healthy = server.healthy_since is not None
        self._leave(server)
        if server.spec.generation != self._generation:
            return  # an old one on its way out anyway: the successor is what counts
        self._error = reason
        self._crashes += 1
        self._failed_starts = 0 if was_healthy else self._failed_starts + 1
        has_failed = self._failed_starts >= MOST_FAILED_STARTS
        pause = FAILED_PAUSE if has_failed else min(2.0 ** (self._crashes - 1), LONGEST_BACK_OFF)
        self._not_before = time.monotonic() + pause

    def _promote(self) -> None:
        successor = self._successor
        if successor and (successor.is_healthy or self._current is None):
            old, self._current, self._successor = self._current, successor, None
            if old:
                self._leave(old)

    def _start(self, make_spec: SpecMaker) -> None:
        if time.monotonic() < self._not_before:
            return
        spec = make_spec()
        if spec is None:
            return
        if self._successor:
            self._leave(self._successor)
        if self._crashes:
            self.restarts += 1
        self._log_source = server = ModelServer(spec)
        if self._current:
            self._successor = server
        else:
            self._current = server

    def _describe(self, patience: Patience) -> Seen:
        newest, serving = self._newest(), self._current
        has_failed = self._failed_starts >= MOST_FAILED_STARTS
        if has_failed and (newest is None or newest.spec.generation != self._generation):
            return Seen(State.FAILED, self._error, serving)
        if serving and serving.is_healthy:
            is_missing = serving.misses >= patience.unhealthy_after
            return Seen(State.UNHEALTHY if is_missing else State.HEALTHY, "", serving)
        if newest:
            return Seen(State.FAILED if has_failed else State.STARTING, self._error, newest)
        return Seen(State.UNHEALTHY if self._error else State.PENDING, self._error)

    def _leave(self, server: ModelServer) -> None:
        if server is self._current:
            self._current = None
        if server is self._successor:
            self._successor = None
        server.ask_to_stop()
        self._leaving.append(server)

    def _see_out(self) -> None:
        for server in self._leaving:
            if server.exit_code is None:
                server.ask_to_stop()
            else:
                server.bury()
        self._leaving = [server for server in self._leaving if server.exit_code is None]

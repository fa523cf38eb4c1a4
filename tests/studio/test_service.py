from __future__ import annotations

import sys

from studio.launcher.service import Service
from tests.processes import wait_for
from vision.lifeline import spawn


def keep(service: Service, condition, timeout: float = 10) -> None:
    def look() -> bool:
        service.tick()
        return bool(condition())

    wait_for(look, timeout)


def test_a_killed_process_is_started_again():
    said: list[str] = []
    service = Service("sleeper", lambda: spawn(["sleep", "60"]), said.append)
    service.tick()
    first = service.process
    first.kill()
    keep(service, lambda: service.process not in (None, first))
    assert "killed by SIGKILL" in said[0]
    service.stop(1)
    assert service.process is None


def test_a_process_that_keeps_failing_is_started_less_and_less_often():
    said: list[str] = []
    service = Service("broken", lambda: spawn([sys.executable, "-c", "raise SystemExit(3)"]), said.append)
    keep(service, lambda: len(said) >= 3)
    pauses = [float(line.rsplit(" in ", 1)[1].removesuffix(" s")) for line in said]
    assert pauses == sorted(pauses)
    assert pauses[2] >= 4 * pauses[0] * 0.9
    assert "exit code 3" in said[0]
    service.stop(1)


def test_a_program_that_is_missing_is_said_and_tried_again():
    said: list[str] = []
    service = Service("missing", lambda: spawn(["/no/such/program"]), said.append)
    service.tick()
    assert service.process is None
    assert "cannot be started" in said[0]

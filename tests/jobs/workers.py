"""Worker processes as an agent starts them, for tests that wait for what comes of it."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from jobs import maintenance
from jobs.models import Trial

ROOT = Path(settings.BASE_DIR)


class Workers:
    """Real worker processes on the test's own database, broker and storage."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, limit: int = 0) -> subprocess.Popen[bytes]:
        """`limit`: bytes of memory of its own that the worker, and what it starts, may each write to."""
        command = [sys.executable, str(ROOT / "manage.py"), "worker", "cpu"]
        prepare = partial(_limit, limit) if limit else None
        process = subprocess.Popen(command, cwd=ROOT, env=self._environment, start_new_session=True, preexec_fn=prepare)
        self.processes.append(process)
        return process

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            process.wait(40)


def worker_environment(broker_server: str, home: Path) -> dict[str, str]:
    """For workers on the test's own database, broker and storage."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "studio.settings",
        "STUDIO_HOME": str(home),
        "STORAGE_URL": settings.STORAGE_URL,
        "REDIS_URL": broker_server,
        "DATABASE_URL": _database_url(),
        "DARKROOM_NODE": "test",
        "DARKROOM_SLOT": "cpu:0",
        "CUDA_VISIBLE_DEVICES": "",
    }


def wait_for(condition: Callable[[], Any], seconds: float = 420) -> Any:
    """Until it is true, with the agent's housekeeping going on beside."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        maintenance.run_once()
        if value := condition():
            return value
        time.sleep(0.2)
    trials = list(Trial.objects.values("status", "phase", "epochs", "attempts", "error"))
    raise AssertionError(f"not in {seconds} s: {trials}")


def _database_url() -> str:
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    login = f"{values['USER']}:{values['PASSWORD']}@" if values["USER"] else ""
    port = f":{values['PORT']}" if values["PORT"] else ""
    return f"postgres://{login}{values['HOST']}{port}/{values['NAME']}"


def _limit(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (size, resource.getrlimit(resource.RLIMIT_DATA)[1]))

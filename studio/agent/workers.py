"""The workers of this machine, kept running."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings

from studio.agent.slots import WorkerSlot
from studio.launcher.logs import open_log
from studio.launcher.service import Service
from vision.lifeline import Process, spawn

MANAGE = Path(settings.BASE_DIR) / "manage.py"
STOP_SECONDS = 16.0


class Workers:
    """One supervised worker process a slot."""

    def __init__(self, node: str, slots: list[WorkerSlot], say: Any) -> None:
        self._node = node
        self._services = {slot: Service(f"worker {slot.name}", self._starter(slot), say) for slot in slots}

    def tick(self) -> None:
        for service in self._services.values():
            service.tick()

    def describe(self) -> list[dict[str, Any]]:
        """For the node's row."""
        return [
            {
                "name": f"{self._node}-{slot.name}",
                "slot": slot.name,
                "pid": service.process.pid if service.process else None,
                "alive": service.process is not None and service.process.poll() is None,
            }
            for slot, service in self._services.items()
        ]

    def ask_to_stop(self) -> None:
        for service in self._services.values():
            service.ask_to_stop()

    def stop(self) -> None:
        """All at once, each with as long as it takes to put a checkpoint down."""
        self.ask_to_stop()
        for service in self._services.values():
            service.stop(STOP_SECONDS)

    def _starter(self, slot: WorkerSlot) -> Any:
        def start() -> Process:
            with open_log(Path(settings.STUDIO_HOME) / "logs", f"worker-{slot.name.replace(':', '-')}") as log:
                return spawn(
                    [sys.executable, str(MANAGE), "worker", slot.queue, "--name", f"{self._node}-{slot.name}"],
                    {**os.environ, **slot.environment, "PYTHONUNBUFFERED": "1"},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=settings.BASE_DIR,
                )

        return start

"""The agent's loop."""

from __future__ import annotations

import logging
import socket
from pathlib import Path

from django.conf import settings
from django.utils import timezone

import datasets.maintenance
import jobs.maintenance
from endpoints.supervisor import Supervisor
from jobs.models import Node
from jobs.services.machines import total_memory
from studio.agent.beat import Beat
from studio.agent.machine import count_cpus, list_gpus, measure_usage
from studio.agent.slots import count_cpu_slots, plan_slots
from studio.agent.workers import Workers
from studio.launcher.leftovers import Descendants
from studio.stop_flag import StopFlag

logger = logging.getLogger(__name__)
_HEARTBEAT_SECONDS = 2.0
_MAINTENANCE_SECONDS = 2.0
_SUPERVISOR_SECONDS = 1.0


class Agent:
    """Heartbeat, workers, model servers, housekeeping: each on its own beat, none able to take another down."""

    def __init__(self, name: str) -> None:
        self._stopping = StopFlag()
        gpus = list_gpus(settings.STUDIO_GPUS)
        self.node = register_node(name, gpus)
        slots = plan_slots(name, gpus, settings.STUDIO_CPU_SLOTS)
        self.workers = Workers(name, slots, logger.warning)
        self.supervisor = Supervisor(self.node)
        self._beats = [
            Beat("heartbeat", self.beat_heart, _HEARTBEAT_SECONDS),
            Beat("workers", self.workers.tick, 0.0),
            Beat("model servers", self.supervisor.tick, _SUPERVISOR_SECONDS),
            Beat("jobs", jobs.maintenance.run_once, _MAINTENANCE_SECONDS),
            Beat("datasets", datasets.maintenance.run_once, _MAINTENANCE_SECONDS),
        ]

    def run(self) -> None:
        """Until `request_stop`."""
        while not self._stopping.is_set():
            for beat in self._beats:
                beat.tick()
                if self._stopping.is_set():
                    break
            self._stopping.wait(0.2)

    def request_stop(self) -> None:
        self._stopping.set()

    def stop(self) -> None:
        """End the model servers and workers, and whatever these leave behind."""
        descendants = Descendants()
        self.workers.ask_to_stop()
        self.supervisor.stop()
        self.workers.stop()
        descendants.kill()
        Node.objects.filter(pk=self.node.pk).update(heartbeat_at=None, workers=[])

    def beat_heart(self) -> None:
        Node.objects.filter(pk=self.node.pk).update(
            heartbeat_at=timezone.now(),
            gpus=list_gpus(settings.STUDIO_GPUS),
            usage=measure_usage(Path(settings.STUDIO_HOME)),
            workers=self.workers.describe(),
        )


def register_node(name: str, gpus: list[dict[str, object]]) -> Node:
    """This machine's row, found again by its name."""
    facts = {
        "hostname": socket.gethostname(),
        "address": settings.STUDIO_NODE_ADDRESS,
        "started_at": timezone.now(),
        "cpu_count": count_cpus(),
        "cpu_slots": count_cpu_slots(gpus, settings.STUDIO_CPU_SLOTS),
        "memory_bytes": total_memory(),
        "gpus": gpus,
    }
    node, _ = Node.objects.update_or_create(name=name, defaults=facts)
    return node

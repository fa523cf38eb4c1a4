"""Makes the deployments placed on this machine real: one model server per instance row, kept alive.

Runs inside the node agent. The rows are the desired state; every tick compares them with the processes.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from endpoints.models import Deployment, DeploymentInstance
from endpoints.supervision.placement import claim_instances, forget_processes, release_lost_instances
from endpoints.supervision.server import ServerSpec
from endpoints.supervision.slot import Patience, Seen, Slot
from endpoints.supervision.states import refresh_provisioning_state
from jobs.models import Node
from models_registry.selectors import local_folder
from vision.errors import UserError

logger = logging.getLogger(__name__)

_HEARTBEAT_SECONDS = 5.0
_LOG_SECONDS = 2.0
_STOP_SECONDS = 12.0
_PROBE_PERIOD = 1.0  # one probe a tick


class Supervisor:
    """One per agent."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._slots: dict[int, Slot] = {}
        self._leaving: list[Slot] = []
        self._written_at: dict[int, tuple[float, float]] = {}  # heartbeat, log
        self._folders: dict[int, Future[Path]] = {}
        self._fetcher = ThreadPoolExecutor(max_workers=1, thread_name_prefix="fetch-model")
        forget_processes(node)

    def tick(self) -> None:
        """Place what is free, then bring every instance of this node one step nearer to what its row asks for."""
        release_lost_instances()
        claim_instances(self.node)
        rows = DeploymentInstance.objects.filter(node=self.node)
        instances = {
            row.pk: row for row in rows.select_related("deployment__endpoint", "deployment__model_version__model")
        }
        for pk in self._slots.keys() - instances.keys():
            self._leaving.append(self._slots.pop(pk))
            self._written_at.pop(pk, None)
        self._see_out()
        for instance in instances.values():
            self._reconcile(instance)
        for deployment in Deployment.objects.filter(instances__in=instances).distinct().prefetch_related("instances"):
            refresh_provisioning_state(deployment)

    def stop(self) -> None:
        """Stop every server, by force after a while, and free the rows' addresses."""
        self._leaving.extend(self._slots.values())
        self._slots.clear()
        forget_processes(self.node)
        end = time.monotonic() + _STOP_SECONDS
        while self._see_out() and time.monotonic() < end:
            time.sleep(0.05)
        for slot in self._leaving:
            slot.kill()
        self._fetcher.shutdown(wait=False, cancel_futures=True)

    def _see_out(self) -> bool:
        for slot in self._leaving:
            slot.stop()
        self._leaving = [slot for slot in self._leaving if not slot.is_empty]
        return bool(self._leaving)

    def _reconcile(self, instance: DeploymentInstance) -> None:
        slot = self._slots.setdefault(instance.pk, Slot(instance.restarts))
        deployment = instance.deployment
        try:
            seen = slot.step(deployment.generation, lambda: self._make_spec(instance), _patience(deployment))
        except (UserError, OSError) as error:
            logger.warning("instance %s: %s", instance, error)
            seen = Seen(DeploymentInstance.State.FAILED, f"The model could not be started: {error}")
        self._write(instance, slot, seen)

    def _make_spec(self, instance: DeploymentInstance) -> ServerSpec | None:
        deployment = instance.deployment
        folder = self._find_folder(deployment)
        if folder is None:
            return None
        place = settings.STUDIO_HOME / "node" / self.node.name / "model-servers"
        return ServerSpec(
            generation=deployment.generation,
            model_folder=folder,
            host=self.node.address,
            request_timeout_ms=deployment.request_timeout_ms,
            log_path=place / f"{deployment.endpoint.name}-{deployment.name}-{instance.index}.log",
            working_folder=settings.BASE_DIR,
            environment=deployment.environment_variables,
            probe_timeout=float(deployment.readiness_probe.get("timeout", 10)),
        )

    def _find_folder(self, deployment: Deployment) -> Path | None:
        version = deployment.model_version
        cache = settings.STUDIO_HOME / "node" / self.node.name / "models"
        future = self._folders.get(version.pk)
        if future is None:
            future = self._folders[version.pk] = self._fetcher.submit(local_folder, version, cache)
        try:
            return future.result(timeout=0.2)  # at once where storage is local
        except TimeoutError:
            return None
        except Exception:
            del self._folders[version.pk]  # so that the next try fetches again
            raise

    def _write(self, instance: DeploymentInstance, slot: Slot, seen: Seen) -> None:
        now = time.monotonic()
        heartbeat, log = self._written_at.get(instance.pk, (0.0, 0.0))
        changes = {key: value for key, value in _row(instance, slot, seen).items() if getattr(instance, key) != value}
        is_loud = bool(changes) or now - heartbeat >= _HEARTBEAT_SECONDS
        if is_loud or now - log >= _LOG_SECONDS:
            log = now
            tail = slot.read_log_tail()
            if tail and tail != instance.log_tail:
                changes["log_tail"] = tail
        if not changes and not is_loud:
            self._written_at[instance.pk] = (heartbeat, log)
            return
        mine = DeploymentInstance.objects.filter(pk=instance.pk, node=self.node)
        mine.update(heartbeat_at=timezone.now(), **changes)
        self._written_at[instance.pk] = (now, log)


def _row(instance: DeploymentInstance, slot: Slot, seen: Seen) -> dict[str, Any]:
    server = seen.server
    return {
        "state": seen.state,
        "error": seen.error,
        "restarts": slot.restarts,
        "generation": server.spec.generation if server else instance.generation,
        "address": server.spec.host if server else "",
        "port": server.port if server else None,
        "pid": server.pid if server else None,
        "started_at": _started_at(instance, server.pid if server else None),
    }


def _started_at(instance: DeploymentInstance, pid: int | None) -> Any:
    if pid is None:
        return instance.started_at
    return instance.started_at if instance.pid == pid else timezone.now()


def _patience(deployment: Deployment) -> Patience:
    """From the deployment's probes where it has them. Periods are turned into the one probe a second we make."""
    liveness, readiness = deployment.liveness_probe, deployment.readiness_probe
    default = Patience()
    return Patience(
        start_seconds=max(default.start_seconds, float(liveness.get("initial_delay", 0))),
        unhealthy_after=_probes(readiness, default.unhealthy_after),
        restart_after=_probes(liveness, default.restart_after),
    )


def _probes(probe: dict[str, Any], default: int) -> int:
    if "failure_threshold" not in probe:
        return default
    return max(1, round(int(probe["failure_threshold"]) * float(probe.get("period", 10)) / _PROBE_PERIOD))

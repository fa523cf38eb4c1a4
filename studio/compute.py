"""What the machines are doing: read for the compute page, the home page and the API."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from endpoints.models import DeploymentInstance
from jobs.models import Node, Trial
from jobs.models.status import ACTIVE


def list_nodes() -> list[dict[str, Any]]:
    """Every machine that ever reported, those alive first, with what runs on each."""
    trials = Trial.objects.filter(status__in=ACTIVE, node__isnull=False).select_related("job")
    instances = DeploymentInstance.objects.filter(node__isnull=False).select_related("deployment__endpoint")
    nodes = sorted(Node.objects.all(), key=lambda node: (not node.is_alive, node.name))
    return [
        _describe(
            node,
            [trial for trial in trials if trial.node_id == node.pk],
            [instance for instance in instances if instance.node_id == node.pk],
        )
        for node in nodes
    ]


def _describe(node: Node, trials: list[Trial], instances: list[DeploymentInstance]) -> dict[str, Any]:
    return {
        "name": node.name,
        "hostname": node.hostname,
        "is_alive": node.is_alive,
        "heartbeat_at": node.heartbeat_at,
        "started_at": node.started_at,
        "cpu_count": node.cpu_count,
        "cpu_slots": node.cpu_slots,
        "memory_bytes": node.memory_bytes,
        "gpus": node.gpus,
        "usage": node.usage,
        "workers": node.workers,
        "trials": [{"name": t.name, "status": t.status, "slot": t.slot, "url": t.get_absolute_url()} for t in trials],
        "instances": [
            {
                "name": str(i.deployment),
                "state": i.state,
                "port": i.port,
                "url": i.deployment.endpoint.get_absolute_url(),
            }
            for i in instances
        ],
    }


def queue_lengths() -> dict[str, int | None]:
    """Work items waiting in each queue; None where the broker does not answer."""
    try:
        broker = Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=2)
        return {name: int(broker.llen(f"rq:queue:{name}")) for name in settings.RQ_QUEUES}
    except (RedisError, OSError):
        return dict.fromkeys(settings.RQ_QUEUES)


def describe_compute() -> dict[str, Any]:
    """The answer of `GET /compute`."""
    return {"nodes": list_nodes(), "queues": queue_lengths()}

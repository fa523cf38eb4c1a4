"""Which node serves which instance. Every agent computes the same and claims only its own share."""

from __future__ import annotations

from collections import Counter

from django.utils import timezone

from endpoints.models import DeploymentInstance
from jobs.models import Node
from jobs.models.node import ALIVE_FOR

_GONE = {"node": None, "state": DeploymentInstance.State.PENDING, "port": None, "pid": None, "address": ""}


def release_lost_instances() -> int:
    """Free the instances whose node has not been heard of; returns how many."""
    limit = timezone.now() - ALIVE_FOR
    lost = DeploymentInstance.objects.filter(node__heartbeat_at__lt=limit)
    return lost.update(**_GONE) if lost.exists() else 0


def claim_instances(node: Node) -> int:
    """Take the free instances that fall to this node, the least loaded first; returns how many."""
    free = list(DeploymentInstance.objects.filter(node=None).values_list("pk", flat=True).order_by("pk"))
    if not free:
        return 0
    load = _load_by_node()
    load.setdefault(node.pk, 0)
    claimed = 0
    for pk in free:
        chosen = min(load, key=lambda key: (load[key], key))
        load[chosen] += 1
        if chosen == node.pk:
            claimed += DeploymentInstance.objects.filter(pk=pk, node=None).update(node=node)
    return claimed


def forget_processes(node: Node) -> None:
    """After an agent's start nothing of its former servers runs any more: say so before requests go there."""
    DeploymentInstance.objects.filter(node=node).update(**{key: value for key, value in _GONE.items() if key != "node"})


def _load_by_node() -> dict[int, int]:
    alive = Node.objects.filter(heartbeat_at__gte=timezone.now() - ALIVE_FOR).values_list("pk", flat=True)
    counted = Counter(DeploymentInstance.objects.exclude(node=None).values_list("node_id", flat=True))
    return {pk: counted[pk] for pk in alive}

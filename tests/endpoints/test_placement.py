from datetime import timedelta

import pytest
from django.utils import timezone

from endpoints.models import DeploymentInstance
from endpoints.supervision.placement import claim_instances, forget_processes, release_lost_instances
from jobs.models import Node
from tests.endpoints.factories import make_deployment, make_endpoint

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def make_node(name: str, seconds_ago: float = 0) -> Node:
    return Node.objects.create(name=name, heartbeat_at=timezone.now() - timedelta(seconds=seconds_ago))


def make_instances(count: int) -> None:
    deployment = make_deployment(make_endpoint(), instance_count=count)
    DeploymentInstance.objects.bulk_create(DeploymentInstance(deployment=deployment, index=i) for i in range(count))


def test_instances_spread_over_the_nodes_whoever_asks_first():
    first, second = make_node("first"), make_node("second")
    make_instances(5)
    assert claim_instances(first) == 3
    assert claim_instances(second) == 2
    assert claim_instances(first) == 0
    assert not DeploymentInstance.objects.filter(node=None).exists()


def test_a_dead_node_gets_none_and_loses_what_it_had():
    alive, dead = make_node("alive"), make_node("dead", seconds_ago=60)
    make_instances(2)
    DeploymentInstance.objects.filter(index=1).update(node=dead, state="healthy", port=1, pid=1)
    assert release_lost_instances() == 1
    assert claim_instances(alive) == 2
    moved = DeploymentInstance.objects.get(index=1)
    assert (moved.node, moved.state, moved.port, moved.pid) == (alive, "pending", None, None)


def test_a_started_agent_says_that_nothing_runs_yet():
    node = make_node("here")
    make_instances(1)
    DeploymentInstance.objects.update(node=node, state="healthy", port=1, pid=1)
    forget_processes(node)
    instance = DeploymentInstance.objects.get()
    assert (instance.node, instance.state, instance.port) == (node, "pending", None)

"""The machine a trial would run on, and the queue that leads there."""

from __future__ import annotations

import os

import psutil

from jobs.models import Node
from vision.spec.resolve import GpuFacts, Machine


def list_alive_nodes() -> list[Node]:
    return [node for node in Node.objects.all() if node.is_alive]


def find_machine() -> Machine:
    """What one trial gets on the strongest machine alive; this one's share where no agent runs yet."""
    nodes = list_alive_nodes()
    if not nodes:
        return Machine(cpu_count=os.cpu_count() or 1, memory_bytes=int(psutil.virtual_memory().total))
    return describe_machine(max(nodes, key=_strength))


def describe_machine(node: Node) -> Machine:
    """One slot of a node: one of its GPUs, or its share of the processors."""
    slots = max(1, len(node.gpus) + (node.cpu_slots if not node.gpus else 0))
    gpus = tuple(GpuFacts(gpu["name"], int(gpu["memory_bytes"])) for gpu in node.gpus[:1])
    return Machine(max(1, node.cpu_count // slots), node.memory_bytes, gpus)


def choose_queue() -> str:
    """`gpu` where a machine with a GPU is alive, else `cpu`."""
    return "gpu" if any(node.gpus for node in list_alive_nodes()) else "cpu"


def _strength(node: Node) -> tuple[int, int]:
    memory = max((int(gpu["memory_bytes"]) for gpu in node.gpus), default=0)
    return memory, node.cpu_count // max(1, node.cpu_slots)

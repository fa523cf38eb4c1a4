"""The machine a trial would run on, and the queue that leads there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from jobs.models import Node
from vision.spec.resolve import GpuFacts, Machine

# Of control groups, the second and the first kind
_MEMORY_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def list_alive_nodes() -> list[Node]:
    return [node for node in Node.objects.all() if node.is_alive]


def find_machine() -> Machine:
    """What one trial gets on the strongest machine alive; this one's share where no agent runs yet."""
    nodes = list_alive_nodes()
    if not nodes:
        return Machine(cpu_count=os.cpu_count() or 1, memory_bytes=total_memory())
    return describe_machine(max(nodes, key=_strength))


def describe_machine(node: Node) -> Machine:
    """One slot of a node: one of its GPUs, or its share of the processors and the memory."""
    slots = max(1, len(node.gpus) + (node.cpu_slots if not node.gpus else 0))
    gpus = tuple(GpuFacts(gpu["name"], int(gpu["memory_bytes"])) for gpu in node.gpus[:1])
    return Machine(max(1, node.cpu_count // slots), node.memory_bytes // slots, gpus)


def total_memory(limits: Sequence[Path] = _MEMORY_LIMITS) -> int:
    """The bytes of memory that this machine has, or that its container may use of it."""
    total = int(psutil.virtual_memory().total)
    for path in limits:
        with suppress(OSError, ValueError):  # no such kind of container, or one without a limit
            total = min(total, int(path.read_text(encoding="ascii")))
    return total


def choose_queue() -> str:
    """`gpu` where a machine with a GPU is alive, else `cpu`."""
    return "gpu" if any(node.gpus for node in list_alive_nodes()) else "cpu"


def _strength(node: Node) -> tuple[int, int]:
    memory = max((int(gpu["memory_bytes"]) for gpu in node.gpus), default=0)
    return memory, node.cpu_count // max(1, node.cpu_slots)

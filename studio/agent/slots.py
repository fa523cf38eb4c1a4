"""How this machine's work is cut up: one worker a slot, and one for imports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class WorkerSlot:
    """One worker: what it is called, which queue it works off, what its work items see of the machine."""

    name: str  # "default", "cpu:0", "gpu:1"
    queue: str
    environment: dict[str, str] = field(default_factory=dict, hash=False)


def plan_slots(node: str, gpus: list[dict[str, Any]], cpu_slots: int) -> list[WorkerSlot]:
    """One slot a GPU, and `cpu_slots` for the processor: one where there is no GPU and none was asked for.

    A GPU's worker sees that GPU alone; the others see none, so that nothing lands on a GPU by accident.
    """
    slots = [WorkerSlot("default", "default", _environment(node, "default", ""))]
    for gpu in gpus:
        name = f"gpu:{gpu['index']}"
        slots.append(WorkerSlot(name, "gpu", _environment(node, name, str(gpu["index"]))))
    for index in range(count_cpu_slots(gpus, cpu_slots)):
        name = f"cpu:{index}"
        slots.append(WorkerSlot(name, "cpu", _environment(node, name, "")))
    return slots


def count_cpu_slots(gpus: list[dict[str, Any]], cpu_slots: int) -> int:
    return cpu_slots or (0 if gpus else 1)


def _environment(node: str, slot: str, devices: str) -> dict[str, str]:
    return {"DARKROOM_NODE": node, "DARKROOM_SLOT": slot, "CUDA_VISIBLE_DEVICES": devices}

"""What this machine has and how busy it is: processors, memory, disk, GPUs."""

from __future__ import annotations

import logging
import os
from functools import cache
from pathlib import Path
from typing import Any

import psutil

logger = logging.getLogger(__name__)


def measure_usage(home: Path) -> dict[str, Any]:
    """How busy it is now."""
    memory, disk = psutil.virtual_memory(), psutil.disk_usage(str(home))
    return {
        "cpu_percent": psutil.cpu_percent(),
        "memory_used": memory.total - memory.available,
        "disk_free": disk.free,
        "disk_total": disk.total,
    }


def count_cpus() -> int:
    """The processors this process may use, which in a container are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def list_gpus(wanted: str = "all") -> list[dict[str, Any]]:
    """The NVIDIA GPUs that STUDIO_GPUS names ("all", "none", or indices as in "0,2"), with their load."""
    nvml = _load_nvml()
    if nvml is None or wanted.strip().lower() in ("none", ""):
        return []
    try:
        indices = _parse_indices(wanted, nvml.nvmlDeviceGetCount())
        return [_describe_gpu(nvml, index) for index in indices]
    except nvml.NVMLError as error:
        logger.warning("the GPUs cannot be read: %s", error)
        return []


@cache
def _load_nvml() -> Any | None:
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None  # no NVIDIA driver here
    return pynvml


def _parse_indices(wanted: str, count: int) -> list[int]:
    if wanted.strip().lower() == "all":
        return list(range(count))
    chosen = [int(part) for part in wanted.split(",") if part.strip().isdigit()]
    return [index for index in dict.fromkeys(chosen) if index < count]


def _describe_gpu(nvml: Any, index: int) -> dict[str, Any]:
    handle = nvml.nvmlDeviceGetHandleByIndex(index)
    memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    name = nvml.nvmlDeviceGetName(handle)
    return {
        "index": index,
        "name": name.decode() if isinstance(name, bytes) else name,
        "memory_bytes": int(memory.total),
        "used_bytes": int(memory.used),
        "utilization": _utilization(nvml, handle),
    }


def _utilization(nvml: Any, handle: Any) -> int:
    try:
        return int(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
    except nvml.NVMLError:  # not told for a part of a GPU (MIG)
        return 0

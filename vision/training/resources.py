"""What a run takes: time, memory, and how busy the GPU is.

Source: SPEC §7.3.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil
import torch

_MB = 1024 * 1024
_INTERVAL = 1.0
Measured = dict[str, list[float]]


@dataclass
class _Running:
    """The mean and the largest of what was seen, without keeping it."""

    count: int = 0
    total: float = 0.0
    largest: float = 0.0

    def add(self, value: float) -> None:
        self.count += 1
        self.total += value
        self.largest = max(self.largest, value)


@dataclass
class ResourceMeter:
    """Measures one process that trains on `device`.

    What is told of single epochs goes into a `Measured` of the caller's, which travels in checkpoints: so a resumed run
    tells of all its epochs. The rest is of this process alone.
    """

    device: torch.device
    started: float = field(default_factory=time.monotonic)
    train_seconds: float = 0.0
    scored_seconds: float = 0.0
    scored_images: int = 0
    memory: _Running = field(default_factory=_Running)
    busy: _Running = field(default_factory=_Running)

    @contextmanager
    def training(self) -> Iterator[None]:
        """Time all of the training, and look at the machine once a second meanwhile."""
        started, stopping = time.monotonic(), threading.Event()
        sampler = threading.Thread(target=self._sample, args=(stopping,), name="resources", daemon=True)
        sampler.start()
        try:
            yield
        finally:
            stopping.set()
            sampler.join()
            self.train_seconds = time.monotonic() - started

    @contextmanager
    def epoch(self, measured: Measured) -> Iterator[None]:
        """Time the training batches of an epoch, and the memory they take on the GPU."""
        started = time.monotonic()
        with self._peak(measured, "train_gpu_mem_used_mb"):
            yield
        measured.setdefault("train_epoch_duration_seconds", []).append(time.monotonic() - started)

    @contextmanager
    def validation(self, measured: Measured) -> Iterator[None]:
        """The memory that scoring takes on the GPU."""
        with self._peak(measured, "valid_gpu_mem_used_mb"):
            yield

    @contextmanager
    def scoring(self, images: int) -> Iterator[None]:
        """Time the finished network over `images` images."""
        started = time.monotonic()
        yield
        self.scored_seconds += time.monotonic() - started
        self.scored_images += images

    def summary(self, measured: Measured, epochs: int) -> dict[str, float]:
        """All there is, under Azure's names: seconds, and memory in MiB. What was not measured is left out."""
        values = {
            "script_duration_seconds": time.monotonic() - self.started,
            "train_duration_seconds": self.train_seconds,
            "train_epoch_count": float(epochs),
        }
        for name, seen in measured.items():
            values |= {f"{name}_avg": statistics.fmean(seen), f"{name}_max": max(seen)}
        if self.memory.count:
            values["sys_mem_used_mb_avg"] = self.memory.total / self.memory.count
            values["sys_mem_used_mb_max"] = self.memory.largest
        values["sys_mem_total_mb"] = psutil.virtual_memory().total / _MB
        if self.busy.count:
            values["gpu_used_pct"] = self.busy.total / self.busy.count
        if self.scored_images:
            values["total_score_time_sec"] = self.scored_seconds
            values["per_image_avg_score_time_sec"] = self.scored_seconds / self.scored_images
        return {name: float(f"{value:.5g}") for name, value in values.items()}

    @contextmanager
    def _peak(self, measured: Measured, name: str) -> Iterator[None]:
        """The most memory that torch holds on the GPU meanwhile."""
        if self.device.type != "cuda":
            yield
            return
        torch.cuda.reset_peak_memory_stats(self.device)
        yield
        measured.setdefault(name, []).append(torch.cuda.max_memory_reserved(self.device) / _MB)

    def _sample(self, stopping: threading.Event) -> None:
        has_busy = self.device.type == "cuda"
        while not stopping.is_set():
            memory = psutil.virtual_memory()
            self.memory.add((memory.total - memory.available) / _MB)
            if has_busy:
                has_busy = self._look_at_gpu()
            stopping.wait(_INTERVAL)

    def _look_at_gpu(self) -> bool:
        """Whether the driver tells how busy the GPU is; parts of one (MIG) don't."""
        import pynvml

        try:
            self.busy.add(float(torch.cuda.utilization(self.device)))
        except (RuntimeError, pynvml.NVMLError):
            return False
        return True

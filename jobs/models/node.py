"""The machines that run trials and model servers."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils import timezone

ALIVE_FOR = timedelta(seconds=15)


class Node(models.Model):
    """One machine with an agent on it. Liveness is the heartbeat, nothing else."""

    name = models.CharField(max_length=100, unique=True)  # stable over restarts of the agent
    hostname = models.CharField(max_length=255, blank=True)
    address = models.CharField(max_length=255, default="127.0.0.1")  # where its model servers are reached
    heartbeat_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    cpu_count = models.PositiveIntegerField(default=1)
    cpu_slots = models.PositiveIntegerField(default=1)
    memory_bytes = models.BigIntegerField(default=0)
    gpus = models.JSONField(default=list)  # [{"index", "name", "memory_bytes", "used_bytes", "utilization"}]
    usage = models.JSONField(default=dict)  # {"cpu_percent", "memory_used", "disk_free", "disk_total"}
    workers = models.JSONField(default=list)  # [{"name", "slot": "cpu:0" | "gpu:0", "pid", "alive"}]

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_alive(self) -> bool:
        return self.heartbeat_at is not None and timezone.now() - self.heartbeat_at < ALIVE_FOR

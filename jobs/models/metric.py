"""What a training process tells while it runs."""

from __future__ import annotations

from django.db import models

from jobs.models.trial import Trial


class MetricPoint(models.Model):
    """One value of one metric after one epoch. The key makes a repeated event harmless."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="metrics")
    name = models.CharField(max_length=100)
    epoch = models.PositiveIntegerField()  # from 1
    value = models.FloatField()
    logged_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "epoch"]
        constraints = [models.UniqueConstraint(fields=["trial", "name", "epoch"], name="one_metric_value_per_epoch")]

    def __str__(self) -> str:
        return f"{self.name}@{self.epoch}={self.value}"


class TrialLogChunk(models.Model):
    """A piece of a trial's log. `offset` counts the characters before it over the whole trial."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="log_chunks")
    offset = models.BigIntegerField()
    text = models.TextField()
    logged_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["offset"]
        constraints = [models.UniqueConstraint(fields=["trial", "offset"], name="one_log_chunk_per_offset")]

    def __str__(self) -> str:
        return f"{self.offset}+{len(self.text)}"

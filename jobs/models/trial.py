"""A trial: one training run of a job, over as many attempts as it takes."""

from __future__ import annotations

from django.db import models
from django.urls import reverse

from jobs.intervals import read_interval
from jobs.models.job import Job
from jobs.models.node import Node
from jobs.models.status import ENDED, Status


class Trial(models.Model):
    """One training run. `token` fences attempts: a write that names another token is refused."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="trials")
    number = models.PositiveIntegerField()  # from 0, as on Azure
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.QUEUED)
    params = models.JSONField(default=dict)  # every resolved hyperparameter
    resolution = models.JSONField(default=list)  # [{"name", "value", "source": "set" | "default" | "rule", "reason"}]
    primary_metric = models.FloatField(null=True)  # the best so far
    best_epoch = models.PositiveIntegerField(null=True)
    epochs = models.PositiveIntegerField(default=0)  # finished ones
    epochs_total = models.PositiveIntegerField(default=0)
    progress = models.JSONField(default=dict)  # the last progress event
    phase = models.CharField(max_length=200, blank=True)  # what it does now, in words
    attempts = models.PositiveIntegerField(default=0)
    restarts = models.PositiveIntegerField(default=0)  # attempts lost to a dead process
    token = models.UUIDField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    node = models.ForeignKey(Node, null=True, on_delete=models.SET_NULL, related_name="trials")
    slot = models.CharField(max_length=20, blank=True)  # "cpu:0", "gpu:1"
    checkpoint_key = models.CharField(max_length=500, blank=True)
    checkpoint_epoch = models.PositiveIntegerField(default=0)
    outputs_key = models.CharField(max_length=500, blank=True)  # folder in storage, set once all outputs are there
    summary = models.JSONField(default=dict)  # metrics of the best epoch
    notes = models.JSONField(default=list)  # [{"code", "message"}] said by the training process
    error = models.JSONField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    queued_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["job", "number"]
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="one_trial_number_per_job")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("jobs:trial", args=[self.job.name, self.number])

    @property
    def name(self) -> str:
        return f"{self.job.name}_HD_{self.number}"

    @property
    def architecture(self) -> str:
        return str(self.params.get("model_name", ""))

    @property
    def interval(self) -> tuple[float, float] | None:
        """Where 95 % of resampled validation sets have the primary metric; None until completed, or without width."""
        return read_interval(self.summary, self.job.primary_metric)

    @property
    def is_ended(self) -> bool:
        return self.status in ENDED

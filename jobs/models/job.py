"""A job: the AutoML parent of its trials."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse

from datasets.models import DatasetVersion
from jobs.models.status import ENDED, Status
from vision.catalog.task_types import TASK_TYPES


class Job(models.Model):
    """What was submitted, and how it stands. `spec` is the whole job document as validated."""

    name = models.CharField(max_length=100, unique=True)
    display_name = models.CharField(max_length=200, blank=True)
    experiment_name = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    tags = models.JSONField(default=dict)
    task_type = models.CharField(max_length=50)
    mode = models.CharField(max_length=10, default="single")  # single, sweep, automode
    primary_metric = models.CharField(max_length=50)
    spec = models.JSONField()
    training_data = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="training_jobs")
    validation_data = models.ForeignKey(
        DatasetVersion, null=True, on_delete=models.PROTECT, related_name="validation_jobs"
    )
    max_trials = models.PositiveIntegerField(default=1)
    max_concurrent_trials = models.PositiveIntegerField(default=1)
    timeout_minutes = models.PositiveIntegerField(default=10080)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.QUEUED)
    plan = models.JSONField(default=dict)  # {"seconds", "facts", "machine", "values", "rows"} as seen on submit
    error = models.JSONField(null=True)
    best_trial = models.ForeignKey("jobs.Trial", null=True, on_delete=models.SET_NULL, related_name="+")
    cancel_requested_at = models.DateTimeField(null=True)
    submission_key = models.CharField(max_length=64, null=True, unique=True)  # the same key twice is one job
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("jobs:detail", args=[self.name])

    @property
    def timeout_seconds(self) -> int:
        return self.timeout_minutes * 60

    @property
    def is_ended(self) -> bool:
        return self.status in ENDED

    @property
    def task_title(self) -> str:
        return TASK_TYPES.get(self.task_type).title

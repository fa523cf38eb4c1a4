"""Registered models and their versions."""

from __future__ import annotations

from django.conf import settings as django_settings
from django.db import models
from django.urls import reverse

from jobs.intervals import read_interval
from jobs.models import Trial
from vision.catalog.task_types import TASK_TYPES


class RegisteredModel(models.Model):
    """A name under which model versions are kept."""

    name = models.CharField(max_length=100, unique=True)
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def latest(self) -> ModelVersion | None:
        return self.versions.exclude(storage_key="").order_by("-number").first()


class ModelVersion(models.Model):
    """One immutable MLflow model in storage, with where it came from."""

    model = models.ForeignKey(RegisteredModel, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    type = models.CharField(max_length=30, default="mlflow_model")
    task_type = models.CharField(max_length=50)
    architecture = models.CharField(max_length=100)
    trial = models.ForeignKey(Trial, null=True, on_delete=models.PROTECT, related_name="model_versions")
    storage_key = models.CharField(max_length=500, blank=True)  # folder holding MLmodel; set once all files are there
    size_bytes = models.BigIntegerField(default=0)
    label_names = models.JSONField(default=list)
    metrics = models.JSONField(default=dict)
    settings = models.JSONField(default=dict)  # artifacts/settings.json
    description = models.TextField(blank=True)
    tags = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(django_settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["model", "number"], name="one_model_version_number")]

    def __str__(self) -> str:
        return f"{self.model.name}:{self.number}"

    def get_absolute_url(self) -> str:
        return reverse("models:version", args=[self.model.name, self.number])

    @property
    def version(self) -> str:
        return str(self.number)

    @property
    def reference(self) -> str:
        return f"azureml:{self.model.name}:{self.number}"

    @property
    def primary_metric(self) -> str:
        return TASK_TYPES.get(self.task_type).primary_metric

    @property
    def primary_value(self) -> float | None:
        """What the trial reached in its task type's primary metric; None where it was not logged."""
        value: float | None = self.metrics.get(self.primary_metric)
        return value

    @property
    def interval(self) -> tuple[float, float] | None:
        """Where 95 % of resampled validation sets had the primary metric; None where it was not logged."""
        return read_interval(self.metrics, self.primary_metric)

    @property
    def task_title(self) -> str:
        return TASK_TYPES.get(self.task_type).title

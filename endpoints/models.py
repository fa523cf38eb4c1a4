"""Online endpoints, their deployments, and the running instances of those."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse

from jobs.models import Node
from models_registry.models import ModelVersion


class Endpoint(models.Model):
    """A stable address with keys; traffic is shared out over its deployments by per cent."""

    class AuthMode(models.TextChoices):
        KEY = "key"
        TOKEN = "aml_token"  # noqa: S105

    name = models.CharField(max_length=32, unique=True)
    auth_mode = models.CharField(max_length=20, choices=AuthMode.choices, default=AuthMode.KEY)
    description = models.TextField(blank=True)
    tags = models.JSONField(default=dict)
    traffic = models.JSONField(default=dict)  # {"blue": 90, "green": 10}; sums to 0 or 100
    mirror_traffic = models.JSONField(default=dict)
    primary_key = models.CharField(max_length=64)
    secondary_key = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("endpoints:detail", args=[self.name])


class Deployment(models.Model):
    """One model version behind an endpoint: the desired state that the agents make real."""

    class State(models.TextChoices):
        CREATING = "Creating"
        UPDATING = "Updating"
        SUCCEEDED = "Succeeded"
        FAILED = "Failed"
        DELETING = "Deleting"

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deployments")
    name = models.CharField(max_length=32)
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="deployments")
    instance_count = models.PositiveIntegerField(default=1)
    request_timeout_ms = models.PositiveIntegerField(default=90000)
    max_concurrent_requests_per_instance = models.PositiveIntegerField(default=8)
    environment_variables = models.JSONField(default=dict)
    liveness_probe = models.JSONField(default=dict)
    readiness_probe = models.JSONField(default=dict)
    document = models.JSONField(default=dict)  # the deployment YAML as it came
    provisioning_state = models.CharField(max_length=20, choices=State.choices, default=State.CREATING)
    error = models.JSONField(null=True)
    generation = models.PositiveIntegerField(default=1)  # counts changes that need a new process
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["endpoint", "name"]
        constraints = [models.UniqueConstraint(fields=["endpoint", "name"], name="one_deployment_name")]

    def __str__(self) -> str:
        return f"{self.endpoint.name}/{self.name}"


class DeploymentInstance(models.Model):
    """One model server. The agent of its node writes what it sees; the gateway reads where to send."""

    class State(models.TextChoices):
        PENDING = "pending"
        STARTING = "starting"
        HEALTHY = "healthy"
        UNHEALTHY = "unhealthy"
        FAILED = "failed"

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="instances")
    index = models.PositiveIntegerField(default=0)
    node = models.ForeignKey(Node, null=True, on_delete=models.SET_NULL, related_name="instances")
    state = models.CharField(max_length=20, choices=State.choices, default=State.PENDING)
    generation = models.PositiveIntegerField(default=0)  # the deployment generation this process runs
    address = models.CharField(max_length=255, blank=True)
    port = models.PositiveIntegerField(null=True)
    pid = models.PositiveIntegerField(null=True)
    restarts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True)  # back-off after a crash
    heartbeat_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    log_tail = models.TextField(blank=True)  # the last 64 KB

    class Meta:
        ordering = ["deployment", "index"]
        constraints = [models.UniqueConstraint(fields=["deployment", "index"], name="one_instance_index")]

    def __str__(self) -> str:
        return f"{self.deployment}#{self.index}"

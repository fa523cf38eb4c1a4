"""Datasets and their immutable versions."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse

from vision.catalog.task_types import TASK_TYPES


class Dataset(models.Model):
    """A name under which versions of labelled images are kept."""

    name = models.CharField(max_length=100, unique=True)
    task_type = models.CharField(max_length=50, blank=True)
    description = models.TextField(blank=True)
    versions_made = models.PositiveIntegerField(default=0)  # numbers are never given twice, deleted ones included
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("datasets:detail", args=[self.name])

    @property
    def latest(self) -> DatasetVersion | None:
        return self.versions.order_by("-number").first()


class VersionManager(models.Manager["DatasetVersion"]):
    """The versions there are: not those that were deleted and are kept by name only."""

    def get_queryset(self) -> models.QuerySet[DatasetVersion]:
        return super().get_queryset().exclude(status=DatasetVersion.Status.DELETED)


class DatasetVersion(models.Model):
    """One import: immutable once ready. Rows live in a Parquet manifest, images under their hash.

    A deleted version that a job was trained on stays as a row without files, for the job's lineage to name.
    """

    class Status(models.TextChoices):
        IMPORTING = "importing"
        READY = "ready"
        FAILED = "failed"
        DELETED = "deleted"

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.IMPORTING)
    task_type = models.CharField(max_length=50, blank=True)
    format = models.CharField(max_length=30, blank=True)
    target_column_name = models.CharField(max_length=100, default="label")
    source_name = models.CharField(max_length=255, blank=True)  # the file as the user named it
    source_key = models.CharField(max_length=500, blank=True)  # the upload, as long as it is kept; shared by versions
    source_size = models.BigIntegerField(default=0)
    options = models.JSONField(default=dict)  # vision.data.options.ImportSettings as JSON
    origin = models.JSONField(default=dict)  # {"kind": "upload", "parent": number or null, "text": what was done}
    manifest_key = models.CharField(max_length=500, blank=True)
    image_count = models.PositiveIntegerField(default=0)
    label_names = models.JSONField(default=list)
    split_counts = models.JSONField(default=dict)  # {"train": 240, "validation": 60}
    report = models.JSONField(default=dict)  # {"errors": [...], "warnings": [...], "counts": {...}}
    findings_key = models.CharField(max_length=500, blank=True)  # every finding of the report as JSON lines
    statistics = models.JSONField(default=dict)
    embeddings_key = models.CharField(max_length=500, blank=True)  # a vector an image, for "find similar" and the map
    embeddings_state = models.JSONField(default=dict)  # {"status", "error", "token", "attempts"} of computing them
    error = models.JSONField(null=True)
    phase = models.CharField(max_length=30, blank=True)  # see datasets.views.detail.PHASES
    progress = models.FloatField(default=0.0)  # 0–1 over the whole import
    token = models.UUIDField(null=True)  # fences a stale import attempt
    attempts = models.PositiveIntegerField(default=0)
    heartbeat_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)

    objects = VersionManager()
    with_deleted = models.Manager["DatasetVersion"]()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["dataset", "number"], name="one_dataset_version_number")]

    def __str__(self) -> str:
        return f"{self.dataset.name}:{self.number}"

    def get_absolute_url(self) -> str:
        return reverse("datasets:detail", args=[self.dataset.name]) + f"?version={self.number}"

    @property
    def version(self) -> str:
        return str(self.number)

    @property
    def is_ready(self) -> bool:
        return self.status == self.Status.READY

    @property
    def is_trainable(self) -> bool:
        """Whether jobs can be started on it."""
        return self.is_ready and self.task_type in TASK_TYPES

    @property
    def task_title(self) -> str:
        return TASK_TYPES.get(self.task_type).title if self.task_type in TASK_TYPES else ""

    @property
    def reference(self) -> str:
        """How a job document names this version."""
        return f"azureml:{self.dataset.name}:{self.number}"


class Transfer(models.Model):
    """One file on its way in by the tus protocol. What has arrived lies under STUDIO_HOME/transfers/<id>."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    group = models.UUIDField(db_index=True)  # files that become one dataset version together
    path = models.CharField(max_length=1024)  # the file's relative path as the browser names it
    size = models.BigIntegerField()
    offset = models.BigIntegerField(default=0)  # bytes that have arrived and are synced
    sha256 = models.CharField(max_length=64, blank=True)  # of the whole file, once it is whole
    completed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE)

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"{self.path} {self.offset}/{self.size}"


class Datastore(models.Model):
    """Where addresses of a cloud lead here: `azureml://…/datastores/<name>/paths/<p>`, or anything under `prefix`."""

    name = models.CharField(max_length=100, unique=True)
    prefix = models.CharField(max_length=500, blank=True)  # such as wasbs://photos@plant.blob.core.windows.net/
    location = models.CharField(max_length=1000)  # a folder of the server or an fsspec URL
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Export(models.Model):
    """A version, or a part of it, as an archive in one of the formats."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        READY = "ready"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="exports")
    format = models.CharField(max_length=30)
    rows = models.JSONField(default=dict)  # the filter, as in the page's query; {} is all
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.WAITING)
    progress = models.FloatField(default=0.0)
    key = models.CharField(max_length=500, blank=True)
    size = models.BigIntegerField(default=0)
    error = models.JSONField(null=True)
    token = models.UUIDField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    heartbeat_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.version} as {self.format}"

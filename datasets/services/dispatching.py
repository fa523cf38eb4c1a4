"""Which work item stands for which import attempt."""

from __future__ import annotations

from datasets.models import DatasetVersion, Export
from datasets.queueing import enqueue

QUEUE = "default"


def enqueue_import(version: DatasetVersion) -> None:
    """Send the import attempt that holds the version's token."""
    work_item = "datasets.work_items.import_dataset_version"
    enqueue(QUEUE, work_item, version.pk, str(version.token), job_id=work_item_id(version))


def work_item_id(version: DatasetVersion) -> str:
    """One id for one attempt: sending it twice leaves one on the queue."""
    return f"import-{version.pk}-{version.token}"


def enqueue_export(export: Export) -> None:
    """Send the attempt at an export that holds its token."""
    work_item = "datasets.work_items.make_export"
    enqueue(QUEUE, work_item, str(export.pk), str(export.token), job_id=export_item_id(export))


def export_item_id(export: Export) -> str:
    """One id for one attempt."""
    return f"export-{export.pk}-{export.token}"


def enqueue_embedding(version_id: int, token: str) -> None:
    """Send the attempt at the vectors of a version that holds the token of its state."""
    work_item = "datasets.work_items.embed_dataset_version"
    enqueue(QUEUE, work_item, version_id, token, job_id=embedding_item_id(version_id, token))


def embedding_item_id(version_id: int, token: str) -> str:
    """One id for one attempt."""
    return f"embedding-{version_id}-{token}"

"""Which work item stands for which import attempt."""

from __future__ import annotations

from datasets.models import DatasetVersion
from datasets.queueing import enqueue

QUEUE = "default"


def enqueue_import(version: DatasetVersion) -> None:
    """Send the import attempt that holds the version's token."""
    work_item = "datasets.work_items.import_dataset_version"
    enqueue(QUEUE, work_item, version.pk, str(version.token), job_id=work_item_id(version))


def work_item_id(version: DatasetVersion) -> str:
    """One id for one attempt: sending it twice leaves one on the queue."""
    return f"import-{version.pk}-{version.token}"

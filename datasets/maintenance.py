"""Putting right what a dead worker or a wiped broker left behind. Called every few seconds by the node agent."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from datasets.changes import prune_changes
from datasets.models import DatasetVersion, Export
from datasets.queueing import is_queued
from datasets.services.deleting import free_deleted
from datasets.services.dispatching import QUEUE, enqueue_export, enqueue_import, export_item_id, work_item_id
from datasets.services.embedding import sweep_folders
from datasets.services.embedding_state import tend_embeddings
from datasets.services.exporting import drop_expired, restart_export
from datasets.services.keeping import free_orphans, release_expired
from datasets.services.sweeping import recover_trash, sweep_journals
from datasets.transfers.services import delete_expired
from vision.errors import InternalError

STALE_AFTER = timedelta(seconds=20)
MAX_ATTEMPTS = 3
_IMPORTING = DatasetVersion.Status.IMPORTING
_CLEAN_SECONDS = 600.0
_cleaned_at = -_CLEAN_SECONDS


def run_once() -> None:
    """Restart imports whose worker died, send again those the broker lost, free what is kept no longer."""
    limit = timezone.now() - STALE_AFTER
    for version in DatasetVersion.objects.filter(status=_IMPORTING, heartbeat_at__lt=limit):
        _restart(version)
    waiting = DatasetVersion.objects.filter(status=_IMPORTING, heartbeat_at=None, created_at__lt=limit)
    for version in waiting:
        if not is_queued(QUEUE, work_item_id(version)):
            enqueue_import(version)
    release_expired()
    _tend_exports()
    drop_expired()
    free_deleted()
    sweep_journals()
    prune_changes()
    tend_embeddings()
    if time.monotonic() - _cleaned_at > _CLEAN_SECONDS:
        clean_transfers()


def clean_transfers() -> None:
    """Forget uploads that nobody went on with for a week, and those that nobody made a version of."""
    global _cleaned_at
    delete_expired()
    free_orphans()
    recover_trash()
    sweep_folders()
    _cleaned_at = time.monotonic()


@transaction.atomic
def _restart(version: DatasetVersion) -> None:
    """Take the import from its dead attempt: the new token shuts the old one out should it still live."""
    mine = DatasetVersion.objects.filter(pk=version.pk, token=version.token, status=_IMPORTING)
    if version.attempts >= MAX_ATTEMPTS:
        error = InternalError(
            f"The import was started {version.attempts} times and its process died each time.",
            hint="The machine may be out of memory or disk; see the Compute page, then import again.",
            code="import_died",
        )
        mine.update(status=DatasetVersion.Status.FAILED, error=error.to_dict(), ended_at=timezone.now(), phase="")
        return
    token = uuid.uuid4()
    if mine.update(token=token, heartbeat_at=None, phase="waiting"):
        version.token = token
        enqueue_import(version)


def _tend_exports() -> None:
    """Restart exports whose worker died, send again those the broker lost."""
    now = timezone.now()
    stale = Export.objects.filter(status=Export.Status.RUNNING, heartbeat_at__lt=now - STALE_AFTER)
    for export in stale:
        if export.attempts < MAX_ATTEMPTS:
            restart_export(export, export.attempts)
            continue
        error = InternalError(
            f"The export was started {export.attempts} times and its process died each time.",
            hint="The machine may be out of memory or disk; see the Compute page, then export again.",
            code="export_died",
        )
        mine = Export.objects.filter(pk=export.pk, token=export.token)
        mine.update(status=Export.Status.FAILED, error=error.to_dict())
    for export in Export.objects.filter(status=Export.Status.WAITING, created_at__lt=now - STALE_AFTER):
        if not is_queued(QUEUE, export_item_id(export)):
            enqueue_export(export)

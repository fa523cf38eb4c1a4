"""Exports: asked for, made by one attempt at a time, kept for a week."""

from __future__ import annotations

import logging
import shutil
import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from datasets import selectors, storage
from datasets.errors import StaleImportError
from datasets.filters import ItemQuery
from datasets.limits import get_limits
from datasets.models import DatasetVersion, Export
from datasets.services.deleting import delete_export
from datasets.services.dispatching import enqueue_export
from datasets.services.pulse import beating
from datasets.services.work_folder import work_folder
from vision.data.exporting import check_format, export_version, measure_export
from vision.errors import ConflictError, DarkroomError, InternalError, UserError

logger = logging.getLogger(__name__)
KEPT_FOR = timedelta(days=7)
_BEAT_SECONDS = 1.0


def create_export(version: DatasetVersion, format: str, rows: ItemQuery, user: User | None) -> Export:  # noqa: A002
    """Ask for an archive of the chosen images of a version.

    Raises:
        NotFoundError: no such format.
        InvalidDatasetError: the format cannot hold the labels, or no image is chosen.
        ConflictError: the version is not ready, or the disk has no room.
    """
    manifest = selectors.manifest_path(version)
    name = check_format(format, version.task_type)
    _check_disk(measure_export(manifest, rows.to_filter()).bytes)
    with transaction.atomic():
        held = DatasetVersion.objects.select_for_update().filter(pk=version.pk).first()
        if held is None:
            raise ConflictError(f"{version} is gone.", hint="Choose another version.")
        export = Export.objects.create(
            version=version, format=name, rows=rows.to_params(), token=uuid.uuid4(), created_by=user
        )
        enqueue_export(export)
    return export


def make_export(export_id: str, token: str) -> None:
    """Write the archive of an export, to ready or failed. A stale token does nothing. Safe to run again."""
    attempt = _Attempt(export_id, token)
    try:
        export = attempt.start()
        with work_folder("exports", export_id, token) as folder, beating(attempt.mine):
            attempt.publish(export, _write(export, folder, attempt))
    except SystemExit:
        attempt.hand_back()  # Darkroom is being stopped: the next start goes on with it
        raise
    except StaleImportError:
        logger.info("Attempt %s of export %s is stale.", token, export_id)
    except UserError as error:
        attempt.fail(error)
    except (OperationalError, InterfaceError):
        raise  # the database went away: maintenance starts the export again
    except Exception:
        reference = uuid.uuid4().hex[:8]
        logger.exception("Export %s failed, reference %s", export_id, reference)
        message = f"The export failed on our side (reference {reference})."
        attempt.fail(InternalError(message, hint="Try again; the log has the cause under that reference."))


def file_name(export: Export) -> str:
    """What the archive is called where it is downloaded."""
    return f"{export.version.dataset.name}-{export.version.number}-{export.format}.zip"


def drop_expired() -> None:
    """Remove exports older than a week."""
    for export in Export.objects.filter(created_at__lt=timezone.now() - KEPT_FOR):
        delete_export(export)


def _write(export: Export, folder: Path, attempt: _Attempt) -> Path:
    version = export.version
    target = folder / file_name(export)
    rows = ItemQuery(**export.rows).to_filter()
    manifest = selectors.manifest_path(version)
    _check_disk(measure_export(manifest, rows).bytes)
    export_version(
        manifest,
        rows,
        lambda sha256: storage.open_read(storage.blob_key(sha256)),
        target,
        export.format,
        version.label_names,
        version.task_type,
        attempt.beat,
    )
    return target


def _check_disk(size: int) -> None:
    """Refuse what would fill the disk."""
    needed = size + size // 10 + get_limits().keep_free_bytes
    home = Path(settings.STUDIO_HOME)
    free = shutil.disk_usage(home).free
    if free < needed:
        raise ConflictError(
            f"The export needs {size / 1e9:,.1f} GB and {free / 1e9:,.1f} GB of disk are free.",
            hint="Delete exports or versions that nobody needs, or export a part of the images.",
            code="disk_full",
        )


class _Attempt:
    """The database side of one attempt: every write asks for the token."""

    def __init__(self, export_id: str, token: str) -> None:
        unfinished = (Export.Status.WAITING, Export.Status.RUNNING)
        self.mine = Export.objects.filter(pk=export_id, token=token, status__in=unfinished)
        self._last_beat = 0.0

    def start(self) -> Export:
        now = timezone.now()
        self._update(status=Export.Status.RUNNING, attempts=F("attempts") + 1, heartbeat_at=now, progress=0.0)
        export = self.mine.select_related("version__dataset").first()
        if export is None or export.version.status == DatasetVersion.Status.DELETED:
            raise StaleImportError
        return export

    def beat(self, fraction: float) -> None:
        now = time.monotonic()
        if now - self._last_beat >= _BEAT_SECONDS:
            self._last_beat = now
            self._update(heartbeat_at=timezone.now(), progress=min(0.99, fraction))

    def publish(self, export: Export, archive: Path) -> None:
        key = f"exports/{export.pk}/{export.token}/{archive.name}"
        size = archive.stat().st_size
        storage.take_file(archive, key)
        try:
            self._update(status=Export.Status.READY, key=key, size=size, progress=1.0)
        except StaleImportError:
            storage.delete_file(key)
            raise

    def fail(self, error: DarkroomError) -> None:
        self.mine.update(status=Export.Status.FAILED, error=error.to_dict())

    def hand_back(self) -> None:
        export = self.mine.first()
        if export is not None:
            restart_export(export, attempts=max(0, export.attempts - 1))

    def _update(self, **fields: Any) -> None:
        if not self.mine.update(**fields):
            raise StaleImportError


def restart_export(export: Export, attempts: int) -> None:
    """Give the export to a new attempt: the new token shuts the old one out should it still live."""
    token = uuid.uuid4()
    mine = Export.objects.filter(pk=export.pk, token=export.token)
    if mine.update(token=token, attempts=attempts, heartbeat_at=None, status=Export.Status.WAITING):
        export.token = token
        enqueue_export(export)

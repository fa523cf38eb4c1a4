"""Running one import attempt. Only the attempt that holds the version's token may write."""

from __future__ import annotations

import logging
import time
import uuid
from pathlib import Path
from typing import Any

from django.db import InterfaceError, OperationalError
from django.db.models import F
from django.utils import timezone

from datasets import storage
from datasets.errors import StaleImportError
from datasets.journals import OpenJournal, write_journal
from datasets.limits import get_limits
from datasets.models import Dataset, DatasetVersion
from datasets.outside import OutsideImages
from datasets.services.deriving import KINDS as DERIVED
from datasets.services.deriving import derive_version
from datasets.services.dispatching import enqueue_import
from datasets.services.keeping import release_ended
from datasets.services.pulse import beating
from datasets.services.sweeping import sweep_journals
from datasets.services.work_folder import work_folder
from datasets.sink import StorageSink
from datasets.sources import fetch_source
from vision.data.importing import ImportOptions, ImportRefusedError, ImportResult, import_dataset
from vision.data.options import read_settings
from vision.errors import DarkroomError, InternalError, UserError

logger = logging.getLogger(__name__)
_BEAT_SECONDS = 1.0
_FETCHING = {"url": "fetching", "sample": "rendering"}  # kinds of origins whose import begins with that phase
_FETCH_SHARE = 0.3  # of the progress of such an import


def import_version(version_id: int, token: str) -> None:
    """Import the upload of a version, to ready or failed. A stale token does nothing.

    Safe to run again after any interruption: images go under their hash, the manifest under the token,
    and the version turns ready in one statement at the end.
    """
    attempt = _Attempt(version_id, token)
    try:
        version = attempt.start()
        with (
            work_folder("imports", version_id, token) as folder,
            write_journal(version_id, token) as journal,
            beating(attempt.mine),
        ):
            try:
                attempt.publish(version, _run(version, folder, attempt, journal))
            except UserError:
                attempt.keep_findings(version, folder / "findings.jsonl")
                raise
    except SystemExit:
        attempt.hand_back()  # Darkroom is being stopped: the next start goes on with it
        raise
    except StaleImportError:
        logger.info("Import attempt %s of dataset version %s is stale.", token, version_id)
    except ImportRefusedError as error:
        attempt.fail(error, error.report)
    except UserError as error:
        attempt.fail(error, {})
    except (OperationalError, InterfaceError):
        raise  # the database went away: maintenance starts the import again
    except Exception:
        reference = uuid.uuid4().hex[:8]
        logger.exception("Import of dataset version %s failed, reference %s", version_id, reference)
        message = f"The import failed on our side (reference {reference})."
        attempt.fail(InternalError(message, hint="Import it again; the log has the cause under that reference."), {})


def _run(version: DatasetVersion, folder: Path, attempt: _Attempt, journal: OpenJournal) -> ImportResult:
    if version.origin.get("kind") in DERIVED:
        return derive_version(version, folder, attempt.beat)
    limits = get_limits()
    fetching = _FETCHING.get(version.origin.get("kind", ""), "fetching")
    share = _FETCH_SHARE if version.origin.get("kind") in _FETCHING else 0.0
    source = fetch_source(version, folder, limits, lambda fraction: attempt.beat(fetching, share * fraction))
    options = ImportOptions(
        work_dir=folder,
        file_name=version.source_name,
        task_type=version.task_type,
        format=version.format,
        target_column_name=version.target_column_name,
        settings=read_settings(version.options),
        outside=OutsideImages(folder / "outside", limits),
        limits=limits,
    )

    def tell(phase: str, fraction: float) -> None:
        attempt.beat(phase, share + (1 - share) * fraction)

    return import_dataset(source, StorageSink(journal), options, tell)


class _Attempt:
    """The database side of one attempt: every write asks for the token."""

    def __init__(self, version_id: int, token: str) -> None:
        self.mine = DatasetVersion.objects.filter(pk=version_id, token=token, status=DatasetVersion.Status.IMPORTING)
        self._token = token
        self._last_beat = 0.0
        self._phase = ""

    def start(self) -> DatasetVersion:
        self._update(attempts=F("attempts") + 1, heartbeat_at=timezone.now(), phase="unpacking", progress=0.0)
        version = self.mine.select_related("dataset").first()
        if version is None:
            raise StaleImportError
        return version

    def beat(self, phase: str, fraction: float) -> None:
        now = time.monotonic()
        if phase == self._phase and now - self._last_beat < _BEAT_SECONDS:
            return
        self._last_beat, self._phase = now, phase
        self._update(heartbeat_at=timezone.now(), phase=phase, progress=fraction)

    def publish(self, version: DatasetVersion, result: ImportResult) -> None:
        folder = f"datasets/{version.dataset.name}/{version.number}"
        key, findings_key = (f"{folder}/{name}" for name in self._file_names())
        storage.put_file(result.manifest, key)
        storage.put_file(result.findings, findings_key)
        try:
            self._update(
                status=DatasetVersion.Status.READY,
                manifest_key=key,
                findings_key=findings_key,
                task_type=result.task_type,
                format=result.format,
                image_count=result.image_count,
                label_names=result.label_names,
                split_counts=result.split_counts,
                report=result.report,
                statistics=result.statistics,
                phase="",
                progress=1.0,
                ended_at=timezone.now(),
            )
        except StaleImportError:
            storage.delete_file(key)
            storage.delete_file(findings_key)
            raise
        Dataset.objects.filter(pk=version.dataset_id).update(task_type=result.task_type)
        release_ended(DatasetVersion.objects.get(pk=version.pk))

    def keep_findings(self, version: DatasetVersion, findings: Path) -> None:
        """What was found before an import was refused: people need it to mend their files."""
        if findings.exists() and findings.stat().st_size:
            key = f"datasets/{version.dataset.name}/{version.number}/{self._file_names()[1]}"
            storage.put_file(findings, key)
            self._update(findings_key=key)

    def _file_names(self) -> tuple[str, str]:
        return f"manifest-{self._token[:8]}.parquet", f"findings-{self._token[:8]}.jsonl"

    def fail(self, error: DarkroomError, report: dict[str, Any]) -> None:
        details = [detail.to_dict() | {"action": "dropped"} for detail in error.details]
        report = report or {"errors": details, "warnings": [], "counts": {"errors": len(details), "warnings": 0}}
        try:
            self._update(
                status=DatasetVersion.Status.FAILED,
                error=error.to_dict(),
                report=report,
                phase="",
                ended_at=timezone.now(),
            )
        except StaleImportError:
            return
        release_ended(DatasetVersion.objects.get(token=self._token))
        sweep_journals()

    def hand_back(self) -> None:
        version = self.mine.first()
        if version is not None:
            version.token = uuid.uuid4()
            self._update(token=version.token, attempts=F("attempts") - 1, heartbeat_at=None, phase="waiting")
            enqueue_import(version)

    def _update(self, **fields: Any) -> None:
        if not self.mine.update(**fields):
            raise StaleImportError

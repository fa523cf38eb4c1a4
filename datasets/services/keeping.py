"""Uploads stay for a while after their import: it can be done again with other settings, and nothing is sent twice."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from datasets import storage
from datasets.models import Dataset, DatasetVersion

_IMPORTING, _FAILED = DatasetVersion.Status.IMPORTING, DatasetVersion.Status.FAILED
_READ_ANEW = {"path": "path", "url": "url", "sample": "task"}  # kinds of origins, and what says where it comes from
_ORPHANED_AFTER = timedelta(days=1)


def can_import_again(version: DatasetVersion) -> bool:
    """Whether what a version was imported from is still to be had."""
    if not (version.is_ready or version.status == _FAILED):
        return False
    kind = version.origin.get("kind", "upload")
    if kind in _READ_ANEW and not version.source_key:
        return bool(version.origin.get(_READ_ANEW[kind]))
    return kind in ("upload", "sample") and bool(version.source_key) and _kept_until(version) > timezone.now()


def find_kept_until(version: DatasetVersion) -> datetime | None:
    """When the upload of a version will be freed; None where none is kept."""
    return _kept_until(version) if version.source_key and can_import_again(version) else None


def is_sole_keeper(version: DatasetVersion) -> bool:
    """Whether deleting the version frees its upload: no other version was or is imported from it."""
    others = DatasetVersion.with_deleted.filter(dataset=version.dataset_id, source_key=version.source_key)
    return bool(version.source_key) and not others.exclude(pk=version.pk).exists()


def release_upload(version: DatasetVersion) -> None:
    """The version needs its upload no more; freed when no other version does.

    The dataset is held while that is found out: an import of the same upload begins before, and keeps it, or after, and
    finds it gone.
    """
    mine = DatasetVersion.with_deleted.filter(pk=version.pk)
    with transaction.atomic():
        Dataset.objects.select_for_update().filter(pk=version.dataset_id).first()
        key = mine.values_list("source_key", flat=True).first() or ""
        mine.update(source_key="")
        others = DatasetVersion.with_deleted.filter(dataset=version.dataset_id, source_key=key)
        is_free = bool(key) and not others.exists()
    version.source_key = ""
    if is_free:
        storage.delete_folder(key.rpartition("/")[0])


def release_ended(version: DatasetVersion) -> None:
    """Free the upload of an import that has ended, if it is not to be kept (any longer)."""
    if version.source_key and not can_import_again(version):
        release_upload(version)


def release_expired() -> None:
    """Free the uploads whose time is over."""
    ended = DatasetVersion.objects.exclude(status=_IMPORTING).exclude(source_key="")
    for version in ended.defer("report", "statistics", "label_names"):
        release_ended(version)


def free_orphans() -> None:
    """Remove uploads that no version knows: whoever took them in died before there was one."""
    known = DatasetVersion.with_deleted.exclude(source_key="").values_list("source_key", flat=True)
    folders = {key.split("/")[1] for key in known}
    oldest = timezone.now() - _ORPHANED_AFTER
    for name in storage.list_folders("uploads"):
        key = f"uploads/{name}"
        try:
            is_old = name not in folders and storage.find_newest(key) < oldest
        except FileNotFoundError:  # it is being written, or removed, just now
            continue
        if is_old:
            storage.delete_folder(key)


def _kept_until(version: DatasetVersion) -> datetime:
    is_failed = version.status == _FAILED
    days = settings.STUDIO_KEEP_FAILED_UPLOADS_DAYS if is_failed else settings.STUDIO_KEEP_UPLOADS_DAYS
    return (version.ended_at or version.created_at) + timedelta(days=max(0.0, days))

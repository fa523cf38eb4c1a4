"""Removing versions and the bytes that nothing else needs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from django.db import transaction
from django.db.models import ProtectedError

from datasets import selectors, storage
from datasets.models import Dataset, DatasetVersion
from vision.data.manifest import list_hashes
from vision.errors import ConflictError


def delete_version(version: DatasetVersion) -> None:
    """Remove a version, and its images where no other version shows them. The last one takes the dataset with it.

    Raises:
        ConflictError: a job was trained on it.
    """
    manifest = selectors.manifest_path(version) if version.manifest_key else None
    hashes = list_hashes(manifest) if manifest else set()
    _delete_rows(version)
    for key in (version.manifest_key, version.source_key):
        if key:
            storage.delete_folder(key.rpartition("/")[0])
    _free_images(hashes)


def delete_dataset(dataset: Dataset) -> None:
    """Remove a dataset with every version.

    Raises:
        ConflictError: a job was trained on one of them; nothing is removed then.
    """
    versions = list(dataset.versions.all())
    for version in versions:
        _refuse_used(version)
    for version in versions:
        delete_version(version)


@transaction.atomic
def _delete_rows(version: DatasetVersion) -> None:
    _refuse_used(version)
    try:
        DatasetVersion.objects.filter(pk=version.pk).delete()
    except ProtectedError as error:
        raise _in_use(version, "a job") from error
    if not version.dataset.versions.exists():
        version.dataset.delete()


def _refuse_used(version: DatasetVersion) -> None:
    job = selectors.list_jobs_using(version)[:1]
    if job:
        raise _in_use(version, f"the job {job[0].name}")


def _in_use(version: DatasetVersion, what: str) -> ConflictError:
    return ConflictError(f"{version} is kept: {what} was trained on it.", hint="Delete the jobs that use it first.")


def _free_images(hashes: Iterable[str]) -> None:
    # An import that runs now may count on images that are stored already
    if DatasetVersion.objects.filter(status=DatasetVersion.Status.IMPORTING).exists():
        return
    left = set(hashes)
    for version in DatasetVersion.objects.filter(status=DatasetVersion.Status.READY).select_related("dataset"):
        if not left:
            return
        left -= list_hashes(Path(selectors.manifest_path(version)))
    for sha256 in left:
        storage.delete_file(storage.blob_key(sha256))
        storage.delete_file(storage.thumb_key(sha256))

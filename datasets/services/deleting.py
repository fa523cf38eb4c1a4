"""Removing versions and the bytes that nothing else needs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import ProtectedError, Sum

from datasets import selectors, storage
from datasets.models import Dataset, DatasetVersion, Export
from datasets.services.deriving import KINDS as DERIVED
from datasets.services.keeping import is_sole_keeper, release_upload
from datasets.services.sweeping import remove_images
from vision.data.differences import list_only_here
from vision.errors import ConflictError, Detail

_DELETED, _IMPORTING = DatasetVersion.Status.DELETED, DatasetVersion.Status.IMPORTING
_FREEING = "freeing"  # the phase of a deleted version whose files are still to be removed
_WEIGHED = 500  # thumbnails whose size is looked at; the rest are taken to be as large


@dataclass(frozen=True)
class Freed:
    """What deleting a version gives back: images no other version shows, their bytes with those of its own files, those
    of its exports, those of its upload where that is kept for no other version."""

    images: int
    bytes: int
    export_bytes: int
    upload_bytes: int

    @property
    def total(self) -> int:
        return self.bytes + self.export_bytes + self.upload_bytes


@dataclass(frozen=True)
class Needs:
    """Who needs a version, by name. `running` are jobs that have not ended: they read it."""

    jobs: list[str]
    running: list[str]
    models: list[str]
    derived: list[int]

    @property
    def details(self) -> list[Detail]:
        return [
            *(Detail(f"The job {job} was trained on it.", code="used_by_job") for job in self.jobs),
            *(Detail(f"The model {model} comes from such a job.", code="used_by_model") for model in self.models),
        ]


def delete_version(version: DatasetVersion, force: bool = False) -> None:
    """Remove a version, and its images where no other version shows them. The last one takes the dataset with it.

    With `force` also one that ended jobs were trained on: they keep its name.

    Raises:
        ConflictError: a job needs it; the details name each job and model.
    """
    with transaction.atomic():
        held = DatasetVersion.objects.select_for_update().filter(pk=version.pk).select_related("dataset").first()
        if held is None:
            return
        _refuse_needed(held, force)
        DatasetVersion.objects.filter(pk=held.pk).update(status=_DELETED, token=None, phase=_FREEING)
    free_version(DatasetVersion.with_deleted.select_related("dataset").get(pk=version.pk))


def delete_dataset(dataset: Dataset, force: bool = False) -> None:
    """Remove a dataset with every version.

    Raises:
        ConflictError: a job needs one of them; nothing is removed then.
    """
    versions = list(dataset.versions.select_related("dataset"))
    for version in versions:
        _refuse_needed(version, force)
    for version in versions:
        delete_version(version, force)


def find_needs(version: DatasetVersion) -> Needs:
    """The jobs trained or validated on a version, the models registered from them, the versions now made from it."""
    jobs = selectors.list_jobs_using(version)
    trials: Any = [trial for job in jobs for trial in job.trials.all()]
    models = sorted({str(model) for trial in trials for model in trial.model_versions.select_related("model")})
    making = DatasetVersion.objects.filter(dataset=version.dataset_id, status=_IMPORTING)
    return Needs(
        jobs=[job.name for job in jobs],
        running=[job.name for job in jobs if not job.is_ended],
        models=models,
        derived=[other.number for other in making if _is_derived(other, version)],
    )


def measure_deletion(version: DatasetVersion) -> Freed:
    """What deleting a version would give back."""
    exports = version.exports.aggregate(total=Sum("size"))["total"] or 0
    upload = version.source_size if is_sole_keeper(version) else 0
    images = total = thumbs = weighed = 0
    for sha256, size in _list_unshared(version) if version.manifest_key else ():
        images, total = images + 1, total + size
        if weighed < _WEIGHED and storage.exists(storage.thumb_key(sha256)):
            weighed, thumbs = weighed + 1, thumbs + storage.size(storage.thumb_key(sha256))
    files = [key for key in (version.manifest_key, version.findings_key) if key]
    vectors = version.embeddings_key
    files += [f"{vectors}/{name}" for name in storage.list_files(vectors)] if vectors else []
    total += sum(storage.size(key) for key in files if storage.exists(key))
    return Freed(images, total + (thumbs * images // weighed if weighed else 0), exports, upload)


def free_deleted() -> None:
    """Go on where freeing was put off, because an import ran, or was interrupted."""
    for version in DatasetVersion.with_deleted.filter(status=_DELETED, phase=_FREEING).select_related("dataset"):
        free_version(version)


def free_version(version: DatasetVersion) -> None:
    """Give back the files of a deleted version, then its row unless a job names it.

    Images wait while an import runs: it may count on images that are stored already.
    """
    for export in version.exports.all():
        delete_export(export)
    release_upload(version)
    if version.manifest_key and not remove_images(sha256 for sha256, _ in _list_unshared(version)):
        return
    folder = f"datasets/{version.dataset.name}/{version.number}"
    storage.delete_folder(folder)
    shutil.rmtree(Path(settings.STUDIO_HOME) / "cache" / folder, ignore_errors=True)
    _drop_row(version)


def delete_export(export: Export) -> None:
    """Remove an export and its archive."""
    storage.delete_folder(f"exports/{export.pk}")
    export.delete()


def _is_derived(other: DatasetVersion, version: DatasetVersion) -> bool:
    """Whether one is made from the rows of the other; an import of the same upload needs nothing of it."""
    return other.origin.get("parent") == version.number and other.origin.get("kind") in DERIVED


def _refuse_needed(version: DatasetVersion, force: bool) -> None:
    needs = find_needs(version)
    if needs.derived:
        numbers = ", ".join(map(str, needs.derived))
        raise ConflictError(f"{version} is kept: version {numbers} is being made from it.", hint="Wait until it is.")
    if needs.running:
        raise ConflictError(
            f"{version} is kept: the job {needs.running[0]} is not done with it.",
            hint="Wait for the job or cancel it.",
            details=needs.details,
        )
    if needs.jobs and not force:
        models = f" and the model {needs.models[0]} comes from it" if needs.models else ""
        raise ConflictError(
            f"{version} is kept: the job {needs.jobs[0]} was trained on it{models}.",
            hint="Delete the jobs that use it first, or force it: they then keep only the version's name.",
            code="in_use",
            details=needs.details,
        )


def _list_unshared(version: DatasetVersion) -> Iterator[tuple[str, int]]:
    """Hash and bytes of the images that no other version shows."""
    others = DatasetVersion.objects.filter(status=DatasetVersion.Status.READY).exclude(pk=version.pk)
    paths = [selectors.manifest_path(other) for other in others.select_related("dataset")]
    yield from list_only_here(selectors.manifest_path(version), paths)


@transaction.atomic
def _drop_row(version: DatasetVersion) -> None:
    """Remove the row; where a job names it, all but what names it."""
    try:
        with transaction.atomic():
            DatasetVersion.with_deleted.filter(pk=version.pk).delete()
    except ProtectedError:
        cleared: dict[str, Any] = {"phase": "", "report": {}, "error": None, "statistics": {}, "embeddings_state": {}}
        keys = dict.fromkeys(["manifest_key", "findings_key", "embeddings_key", "source_key"], "")
        DatasetVersion.with_deleted.filter(pk=version.pk).update(**cleared, **keys)
        return
    if not DatasetVersion.with_deleted.filter(dataset=version.dataset_id).exists():
        Dataset.objects.filter(pk=version.dataset_id).delete()
        storage.delete_folder(f"datasets/{version.dataset.name}")

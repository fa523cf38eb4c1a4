"""A new version: what it is made from kept, a row written, its import put on the queue."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from datasets.models import Dataset, DatasetVersion, Transfer
from datasets.names import check_name
from datasets.samples import get_sample
from datasets.services.arriving import (
    Arrival,
    File,
    keep_file,
    keep_files,
    keep_transfers,
    point_at_path,
    point_at_sample,
    point_at_url,
)
from datasets.services.dispatching import enqueue_import
from datasets.transfers.taking import get_whole_group, let_go
from vision.catalog.task_types import TASK_TYPES, TaskType
from vision.data.formats import FORMATS
from vision.data.options import read_settings
from vision.errors import ConflictError, InvalidDatasetError


def create_version(
    *,
    name: str,
    user: User | None,
    file: File | None = None,
    file_name: str = "",
    files: Sequence[UploadedFile[Any]] = (),
    transfer_group: str = "",
    path: str = "",
    url: str = "",
    task_type: str = "",
    format: str = "",  # noqa: A002
    target_column_name: str = "label",
    options: Mapping[str, Any] | None = None,
) -> DatasetVersion:
    """Make the next version of a dataset, made if there is none of that name, and start its import.

    It is made of one of: `file` (several: `files`), the files sent as a `transfer_group`, a `path` of the server, a
    `url`. `options` are `vision.data.options.ImportSettings`. A group makes one version, however often it is asked for.

    Raises:
        InvalidDatasetError: a bad name, an empty file, wrong settings, a path or address that is not allowed.
        NotFoundError: an unknown task type, format or group.
        ConflictError: files of the group that have not come whole.
    """
    _check_one_source(file is not None, files, transfer_group, path, url)
    fields = read_import_fields(task_type, format, target_column_name, options)
    name = check_name(name)
    if transfer_group:
        return _create_from_group(name, user, transfer_group, fields)
    if file is not None:
        arrival = keep_file(file, file_name)
    elif files:
        arrival = keep_files(files)
    else:
        arrival = point_at_path(path) if path else point_at_url(url)
    return _create(name, user, arrival, fields)


def check_version(
    *,
    name: str,
    task_type: str = "",
    format: str = "",  # noqa: A002
    target_column_name: str = "label",
    options: Mapping[str, Any] | None = None,
    **sources: Any,
) -> None:
    """Raise what `create_version` would of these arguments, before anything is sent. Sources are not looked at."""
    check_name(name)
    read_import_fields(task_type, format, target_column_name, options)


def create_sample_version(user: User | None, task_type: str = TaskType.CLASSIFICATION) -> DatasetVersion:
    """The rendered sample of a task type as a dataset; a version of it that is there already is taken, not made again.

    Raises:
        NotFoundError: an unknown task type.
    """
    sample = get_sample(task_type)
    made = DatasetVersion.objects.filter(dataset__name=sample.name, source_name=f"{sample.name}.zip")
    usable = made.exclude(status=DatasetVersion.Status.FAILED).select_related("dataset")
    existing = next((version for version in usable if not version.origin.get("parent")), None)
    if existing is not None:
        return existing
    arrival = point_at_sample(f"{sample.name}.zip", task_type, sample.images)
    return _create(sample.name, user, arrival, read_import_fields(task_type))


def _check_one_source(*sources: object) -> None:
    count = sum(1 for source in sources if source)
    if count != 1:
        raise InvalidDatasetError(
            "There is nothing to import." if count == 0 else "There is more than one thing to import.",
            hint="Give one of: file, transfer_group, path, url.",
            code="no_file" if count == 0 else "too_many_sources",
        )


def read_import_fields(
    task_type: str = "",
    format: str = "",  # noqa: A002
    target_column_name: str = "",
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """How an upload is to be read, checked, as the fields of a version.

    Raises:
        InvalidDatasetError: wrong settings.
        NotFoundError: an unknown task type or format.
    """
    return {
        "task_type": TASK_TYPES.get(task_type).name if task_type else "",
        "format": FORMATS.get(format).name if format else "",
        "target_column_name": target_column_name.strip()[:100] or "label",
        "options": read_settings(dict(options or {})).model_dump(mode="json"),
    }


def _create_from_group(name: str, user: User | None, group: str, fields: dict[str, Any]) -> DatasetVersion:
    made = _find_made(user, group)
    if made is not None:
        return made
    transfers = get_whole_group(user, group)
    try:
        version = _create(name, user, keep_transfers(transfers), fields, transfers)
    except ConflictError:  # asked for twice at once
        made = _find_made(user, group)
        if made is None:
            raise
        return made
    let_go(transfers)
    return version


def _find_made(user: User | None, group: str) -> DatasetVersion | None:
    return DatasetVersion.objects.filter(origin__group=group, created_by=user).select_related("dataset").first()


def _create(
    name: str, user: User | None, arrival: Arrival, fields: dict[str, Any], transfers: Sequence[Transfer] = ()
) -> DatasetVersion:
    source = {
        "source_name": arrival.name[:255],
        "source_key": arrival.key,
        "source_size": arrival.size,
        "origin": arrival.origin,
    }
    try:
        with transaction.atomic():
            if transfers:
                _take_rows(transfers)
            return write_version(name, user, **fields, **source)
    except BaseException:
        arrival.drop()
        raise


@transaction.atomic
def write_version(name: str, user: User | None, **fields: Any) -> DatasetVersion:
    """The next version of a dataset, its import on the queue."""
    Dataset.objects.get_or_create(name=name, defaults={"created_by": user})
    dataset = Dataset.objects.select_for_update().get(name=name)  # two uploads at once get two numbers
    dataset.versions_made += 1
    dataset.save(update_fields=["versions_made"])
    version = DatasetVersion.objects.create(
        dataset=dataset,
        number=dataset.versions_made,
        created_by=user,
        token=uuid.uuid4(),
        phase="waiting",
        created_at=timezone.now(),
        **fields,
    )
    enqueue_import(version)
    return version


def _take_rows(transfers: Sequence[Transfer]) -> None:
    mine = Transfer.objects.filter(group=transfers[0].group, completed_at__isnull=False)
    if mine.delete()[0] != len(transfers):
        raise ConflictError("The files of the group have changed meanwhile.", hint="Try again.")

"""A new version: the upload kept, a row written, its import put on the queue."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from pathlib import Path, PurePath
from typing import IO, Any, BinaryIO, TypeAlias

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.db import transaction
from django.utils import timezone

from datasets import storage
from datasets.models import Dataset, DatasetVersion
from datasets.names import check_name
from datasets.services.dispatching import enqueue_import
from vision.catalog.task_types import TASK_TYPES, TaskType
from vision.data.formats import FORMATS
from vision.data.sample import write_sample
from vision.errors import InvalidDatasetError

SAMPLE_NAME = "fasteners"
SAMPLE_IMAGES = 300
Source: TypeAlias = "BinaryIO | Path | UploadedFile[Any]"


def create_version(
    *,
    name: str,
    file: Source,
    file_name: str,
    user: User | None,
    task_type: str = "",
    format: str = "",  # noqa: A002
    target_column_name: str = "label",
) -> DatasetVersion:
    """Keep an upload as the next version of a dataset, made if there is none of that name, and start its import.

    Raises:
        InvalidDatasetError: a bad name or an empty file.
        NotFoundError: an unknown task type or format.
    """
    name = check_name(name)
    task_type = TASK_TYPES.get(task_type).name if task_type else ""
    format_name = FORMATS.get(format).name if format else ""
    key, size = keep_upload(file, file_name)
    try:
        return write_version(
            name,
            user,
            task_type=task_type,
            format=format_name,
            target_column_name=target_column_name.strip()[:100] or "label",
            source_name=PurePath(file_name).name[:255],
            source_key=key,
            source_size=size,
        )
    except BaseException:
        storage.delete_file(key)
        raise


def create_sample_version(user: User | None) -> DatasetVersion:
    """The rendered sample as a dataset; a version of it that is there already is taken, not made again."""
    existing = (
        DatasetVersion.objects.filter(dataset__name=SAMPLE_NAME, source_name=f"{SAMPLE_NAME}.zip")
        .exclude(status=DatasetVersion.Status.FAILED)
        .order_by("-number")
        .first()
    )
    if existing is not None:
        return existing
    with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as folder:
        archive = Path(folder) / f"{SAMPLE_NAME}.zip"
        write_sample(TaskType.CLASSIFICATION, archive, images=SAMPLE_IMAGES)
        return create_version(name=SAMPLE_NAME, file=archive, file_name=archive.name, user=user)


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


def keep_upload(file: Source, file_name: str) -> tuple[str, int]:
    """Store an upload without reading it into memory; returns its key and size in bytes."""
    key = f"uploads/{uuid.uuid4().hex}/{_safe_name(file_name)}"
    if isinstance(file, TemporaryUploadedFile):
        storage.take_file(Path(file.temporary_file_path()), key)
    elif isinstance(file, Path):
        storage.put_file(file, key)
    else:
        _put_stream(file, key)
    size = storage.size(key)
    if size == 0:
        storage.delete_file(key)
        raise InvalidDatasetError("The file is empty.", hint="Choose the file again.", code="empty_file")
    return key, size


def _put_stream(file: IO[bytes] | UploadedFile[Any], key: str) -> None:
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, delete=False) as target:
        shutil.copyfileobj(file, target, 1 << 20)
    storage.take_file(Path(target.name), key)


def _safe_name(file_name: str) -> str:
    letters = (letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "_" for letter in file_name)
    return "".join(letters).lstrip(".")[-100:] or "upload"

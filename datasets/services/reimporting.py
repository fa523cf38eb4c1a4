"""The next version of a dataset imported from what an earlier one was, with other settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from datasets.models import Dataset, DatasetVersion
from datasets.services.creating import read_import_fields, write_version
from datasets.services.keeping import can_import_again
from vision.data.options import ImportSettings
from vision.errors import ConflictError

_NOT_TAKEN_OVER = ("group", "description")  # a group of transferred files stands for the version first made of it
_WORDS = {"task_type": "task", "format": "format", "target_column_name": "label field"}


@transaction.atomic
def import_again(
    version: DatasetVersion,
    user: User | None,
    *,
    task_type: str = "",
    format: str = "",  # noqa: A002
    target_column_name: str = "label",
    options: Mapping[str, Any] | None = None,
) -> DatasetVersion:
    """Start the next version from the same upload, server folder or address. Both versions then keep the upload.

    Raises:
        ConflictError: what the version was imported from is not there any more.
        InvalidDatasetError: wrong settings.
        NotFoundError: an unknown task type or format.
    """
    fields = read_import_fields(task_type, format, target_column_name, options)
    Dataset.objects.select_for_update().filter(pk=version.dataset_id).first()  # see release_upload
    held = DatasetVersion.objects.filter(pk=version.pk).select_related("dataset").first()
    if held is None or not can_import_again(held):
        raise ConflictError(
            f"What {version} was imported from is not kept any more.", hint="Upload it again.", code="upload_gone"
        )
    origin = {key: value for key, value in held.origin.items() if key not in _NOT_TAKEN_OVER}
    return write_version(
        held.dataset.name,
        user,
        **fields,
        source_name=held.source_name,
        source_key=held.source_key,
        source_size=held.source_size,
        origin=origin | {"kind": held.origin.get("kind", "upload"), "parent": held.number, "text": _tell(held, fields)},
    )


def _tell(version: DatasetVersion, fields: Mapping[str, Any]) -> str:
    """What was done: the settings that differ from before, in words."""
    before, after = (
        {**{word: values[name] or "as found" for name, word in _WORDS.items()}, **_titled(values["options"])}
        for values in ({**{name: getattr(version, name) for name in _WORDS}, "options": version.options}, fields)
    )
    changed = [f"{word}: {after[word]}" for word in after if after[word] != before[word]]
    return f"Imported again with {', '.join(changed) or 'the same settings'}"


def _titled(options: Mapping[str, Any]) -> dict[str, str]:
    """Each setting's value by its name in words."""
    known = {**ImportSettings().model_dump(mode="json"), **options}
    return {name.replace("_", " "): _to_words(known[name]) for name in ImportSettings.model_fields}


def _to_words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value in (None, "") else str(value)

"""The request to import a version again, as a form or as a document, read into arguments of `import_again`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datasets.models import DatasetVersion
from datasets.new_version import describe_fields, read_fields
from vision.data.options import ImportSettings
from vision.errors import InvalidDocumentError

_FIELDS = ("task_type", "format", "target_column_name", "options")
_KNOWN = ("task", "format", "target_column_name", "settings", *ImportSettings.model_fields)


def read_form(given: Mapping[str, str]) -> dict[str, Any]:
    """A form has every field; an empty one means the default.

    Raises:
        InvalidDatasetError, InvalidDocumentError: as `read_fields`.
    """
    fields = read_fields({name: given[name] for name in _KNOWN if name in given})
    return {name: fields[name] for name in _FIELDS}


def read_document(given: Mapping[str, Any], version: DatasetVersion) -> dict[str, Any]:
    """A document has what is to change; all else stays as it was for `version`.

    Raises:
        InvalidDocumentError: a name that means nothing here, or a value that is no text.
        InvalidDatasetError: `settings` that are no object.
    """
    unknown = sorted(set(given) - set(_KNOWN))
    if unknown:
        raise InvalidDocumentError(f"{unknown[0]!r} cannot be changed here.", hint=f"Give: {', '.join(_KNOWN)}.")
    before = {"task": version.task_type, "format": version.format, "target_column_name": version.target_column_name}
    fields = read_fields({**before, **given})
    return {name: fields[name] for name in _FIELDS} | {"options": {**version.options, **fields["options"]}}


SCHEMA = {"requestBody": {"content": {"application/json": describe_fields("task", "format", "target_column_name")}}}
"""The request body as OpenAPI shows it."""

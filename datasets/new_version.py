"""The request for a new version, as a form or as a document, read into the arguments of `create_version`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from django.http import HttpRequest

from datasets.http import read_document
from vision.data.options import ImportSettings
from vision.errors import InvalidDatasetError, InvalidDocumentError

_WORDS = {
    "name": "of the dataset; one that is there gets its next version",
    "transfer_group": "the group of files sent to /api/v1/transfers",
    "path": "a folder or archive on the server, below STUDIO_IMPORT_FOLDERS",
    "url": "an archive, or a folder of a file system fsspec knows, below STUDIO_IMPORT_URLS",
    "task": "empty: as the labels say",
    "format": "empty: as it looks",
    "target_column_name": "the field that holds the label; label by default",
}
_SETTINGS = ImportSettings.model_json_schema()["properties"]


def read_new_version(request: HttpRequest) -> dict[str, Any]:
    """Arguments of `create_version` but for `user`: a multipart form, or JSON or YAML with the same names.

    Raises:
        InvalidDocumentError: a name that means nothing here, or a value that is no text.
        InvalidDatasetError: `settings` that are no JSON object.
    """
    is_form = (request.content_type or "").startswith(("multipart/", "application/x-www-form-urlencoded"))
    given = request.POST.dict() if is_form else read_document(request)
    arguments = read_fields(given)
    files = request.FILES.getlist("file") if is_form else []
    if len(files) == 1:
        arguments |= {"file": files[0], "file_name": PurePath(files[0].name or "upload").name}
    return arguments | ({"files": files} if len(files) > 1 else {})


def read_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """As `read_new_version`, of the fields without the files."""
    words = {name: given.get(name) or "" for name in _WORDS}
    wrong = [name for name, value in words.items() if not isinstance(value, str)]
    if wrong:
        raise InvalidDocumentError(f"{', '.join(wrong)} must be text.", hint=f"Texts are: {', '.join(_WORDS)}.")
    arguments = {name: value.strip() for name, value in words.items()}
    arguments["task_type"] = arguments.pop("task")
    return arguments | {"options": _read_settings(given)}


def _read_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of `settings`, and single fields of their names over it."""
    settings = given.get("settings") or {}
    if isinstance(settings, str):
        try:
            settings = json.loads(settings)
        except ValueError as error:
            raise _no_object(f"settings is not JSON: {error}.") from None
    if not isinstance(settings, dict):
        raise _no_object("settings must be a JSON object.")
    single = {name: given[name] for name in ImportSettings.model_fields if given.get(name) not in (None, "")}
    return {**settings, **single}


def _no_object(message: str) -> InvalidDatasetError:
    hint = f"Settings are: {', '.join(ImportSettings.model_fields)}."
    return InvalidDatasetError(message, hint=hint, code="invalid_settings")


def describe_fields(*names: str) -> dict[str, Any]:
    """These fields and the settings, as OpenAPI shows them."""
    words = {name: {"type": "string", "description": _WORDS[name]} for name in names}
    settings = {"settings": {"type": "object", "properties": _SETTINGS}}
    return {"schema": {"type": "object", "properties": {**words, **settings}}}


def _schema(with_file: bool) -> dict[str, Any]:
    file = {"file": {"type": "string", "format": "binary", "description": "zip, tar, jsonl, …; may be repeated"}}
    described = describe_fields(*_WORDS)["schema"]
    properties = {**(file if with_file else {}), **described["properties"]}
    return {"schema": {**described, "properties": properties, "required": ["name"]}}


CREATE_SCHEMA = {"requestBody": {"content": {"multipart/form-data": _schema(True), "application/json": _schema(False)}}}
"""The request body as OpenAPI shows it."""

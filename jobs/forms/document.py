"""Fields to job document and back. A field's name is its YAML path; what no field shows stays in the document."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from jobs.forms.augmentation import FIELD, read_controls, show_augmentations
from vision.catalog.architectures import ARCHITECTURES
from vision.catalog.task_types import TASK_TYPES, TaskType
from vision.errors import InvalidDocumentError
from vision.spec.job_model import DEFAULT_TIMEOUT_MINUTES
from vision.spec.parameters import PARAMETERS, canonical_name, parse_value

PLAIN_FIELDS = (
    "name",
    "display_name",
    "experiment_name",
    "description",
    "task",
    "target_column_name",
    "training_data.path",
    "validation_data.path",
    "validation_data_size",
    "limits.timeout_minutes",
)
VALIDATION_CHOICE = "validation"  # which of the validation fields counts: own, data or size
FIELDS = (*PLAIN_FIELDS, *(f"training_parameters.{entry.name}" for entry in PARAMETERS))
NETWORK = "training_parameters.model_name"
OTHER_NETWORK = "other_model_name"  # the text field for a network without a card
OTHER = "other"  # the card that says so


def start_document(
    training_data: str = "", target_column_name: str = "label", task_type: str = TaskType.CLASSIFICATION
) -> dict[str, Any]:
    """The document that an empty form stands for."""
    document: dict[str, Any] = {
        "type": "automl",
        "task": str(task_type),
        "primary_metric": TASK_TYPES.get(task_type).primary_metric,
        "target_column_name": target_column_name,
        "limits": {"timeout_minutes": DEFAULT_TIMEOUT_MINUTES},
    }
    if training_data:
        document["training_data"] = {"path": training_data, "type": "mltable"}
    return document


def read_fields(document: Mapping[str, Any]) -> dict[str, str]:
    """What each field shows for this document; empty where it is not set."""
    document = _with_canonical_names(document)
    fields = {path: _write(_find(document, path)) for path in FIELDS}
    fields |= _show_network(fields[NETWORK]) | show_augmentations(fields[FIELD])
    fields[VALIDATION_CHOICE] = "own"
    if fields["validation_data.path"]:
        fields[VALIDATION_CHOICE] = "data"
    elif fields["validation_data_size"]:
        fields[VALIDATION_CHOICE] = "size"
    return fields


def apply_fields(document: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """The document with the given fields written into it; an empty field takes its key out."""
    changed = copy.deepcopy(_with_canonical_names(document))
    given = read_controls(_read_network(_without_other_validation(given)))
    for path in FIELDS:
        if path in given:
            _put(changed, path, _read(path, str(given[path]).strip()))
    for data in ("training_data", "validation_data"):
        if isinstance(changed.get(data), dict):
            changed[data].setdefault("type", "mltable")
            if "path" not in changed[data]:
                del changed[data]
    if changed.get("training_parameters") == {}:
        del changed["training_parameters"]
    return changed


def _show_network(name: str) -> dict[str, str]:
    """A network of the catalogue is chosen by its card, any other by its name."""
    has_card = not name or name in ARCHITECTURES.names()
    return {NETWORK: name if has_card else OTHER, OTHER_NETWORK: "" if has_card else name}


def _read_network(given: dict[str, str]) -> dict[str, str]:
    if given.get(NETWORK) != OTHER:
        return given
    return {**given, NETWORK: given.get(OTHER_NETWORK, "")}


def _without_other_validation(given: Mapping[str, str]) -> dict[str, str]:
    fields = dict(given)
    choice = fields.get(VALIDATION_CHOICE)
    if choice in ("own", "size"):
        fields["validation_data.path"] = ""
    if choice in ("own", "data"):
        fields["validation_data_size"] = ""
    return fields


def _with_canonical_names(document: Mapping[str, Any]) -> dict[str, Any]:
    parameters = document.get("training_parameters")
    if not isinstance(parameters, dict):
        return dict(document)
    renamed = {canonical_name(str(name)) or str(name): value for name, value in parameters.items()}
    return {**document, "training_parameters": renamed}


def _find(document: Mapping[str, Any], path: str) -> Any:
    value: Any = document
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value is None and path == "training_data.path" and isinstance(document.get("training_data"), str):
        return document["training_data"]
    return value


def _put(document: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for part in parents:
        if not isinstance(document.get(part), dict):
            if value is None:
                return
            document[part] = {}
        document = document[part]
    if value is None:
        document.pop(last, None)
    else:
        document[last] = value


def _read(path: str, text: str) -> Any:
    """The text as the value it stands for; kept as text where it stands for none, for the checks to name it."""
    if not text:
        return None
    name = path.removeprefix("training_parameters.")
    if name != path:
        try:
            return parse_value(PARAMETERS.get(name), text, path)
        except InvalidDocumentError:
            return _read_number(text) if PARAMETERS.get(name).kind in ("int", "float") else text
    if path in ("validation_data_size", "limits.timeout_minutes"):
        return _read_number(text)
    return text


def _read_number(text: str) -> float | int | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _write(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or isinstance(value, list):
        return ""
    if isinstance(value, dict):  # JSON that is written as YAML
        return json.dumps(value)
    return str(value)

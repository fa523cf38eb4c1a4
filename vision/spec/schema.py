"""Job documents as JSON Schema, for the API's description: one variant a task type, its parameters from the table."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from vision.catalog.task_types import TASK_TYPES, TaskTypeInfo
from vision.spec.parameter import Parameter
from vision.spec.parameters import list_task_parameters

_KINDS = {"int": "integer", "float": "number", "bool": "boolean", "string": "string"}
_DATA = {
    "type": "object",
    "properties": {"type": {"const": "mltable"}, "path": {"type": "string"}},
    "required": ["path"],
    "description": "A dataset version: azureml:<name>:<version> or azureml:<name>@latest.",
}
_COMMON: dict[str, Any] = {
    "type": {"const": "automl"},
    "name": {"type": "string"},
    "display_name": {"type": "string"},
    "experiment_name": {"type": "string"},
    "description": {"type": "string"},
    "tags": {"type": "object"},
    "target_column_name": {"type": "string"},
    "training_data": _DATA,
    "validation_data": _DATA,
    "validation_data_size": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    "limits": {
        "type": "object",
        "properties": {
            "max_trials": {"type": "integer", "minimum": 1, "maximum": 1000},
            "max_concurrent_trials": {"type": "integer", "minimum": 1, "maximum": 100},
            "timeout_minutes": {"type": "integer", "minimum": 1, "maximum": 86_400},
        },
    },
    "sweep": {"type": "object", "description": "sampling_algorithm and early_termination."},
    "search_space": {"type": "array", "items": {"type": "object"}},
}
_REQUIRED = ["type", "task", "target_column_name", "training_data"]


@lru_cache
def job_schema() -> dict[str, Any]:
    """The schema of a job document."""
    return {"type": "object", "oneOf": [_variant(info) for info in TASK_TYPES]}


def parameters_schema(task_type: str) -> dict[str, Any]:
    """The schema of `training_parameters` for a task type, under canonical names.

    `x-families` names the network families that obey a parameter where not all do, `x-aliases` its other spellings.
    """
    properties = {entry.name: _describe(entry) for entry in list_task_parameters(task_type)}
    return {"type": "object", "properties": properties}


def _variant(info: TaskTypeInfo) -> dict[str, Any]:
    properties = {
        **_COMMON,
        "task": {"const": str(info.name)},
        "primary_metric": {"const": info.primary_metric},
        "training_parameters": parameters_schema(info.name),
    }
    return {"title": info.title, "properties": properties, "required": _REQUIRED}


def _describe(entry: Parameter) -> dict[str, Any]:
    described: dict[str, Any] = {"title": entry.title, "description": _sentence(entry), **_range(entry)}
    if entry.default not in (None, ""):
        described["default"] = entry.default
    if entry.families:
        described["x-families"] = list(entry.families)
    return {**described, "x-aliases": list(entry.aliases)}


def _sentence(entry: Parameter) -> str:
    return f"{entry.help} {entry.accepts[0].upper()}{entry.accepts[1:]}." if entry.accepts else entry.help


def _range(entry: Parameter) -> dict[str, Any]:
    if entry.choices:
        return {"enum": list(entry.choices)}
    bounds = {"minimum": entry.minimum, "maximum": entry.maximum}
    return {"type": _KINDS[entry.kind], **{name: value for name, value in bounds.items() if value is not None}}

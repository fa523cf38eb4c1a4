"""Pages drawn from tables: the hyperparameter reference and the API reference."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from datasets.limits import get_limits
from vision.catalog.architectures import ARCHITECTURES
from vision.catalog.explainers import EXPLAINERS
from vision.catalog.task_types import TASK_TYPES
from vision.data.formats import FORMATS
from vision.data.limits import VARIABLE_PREFIX, ImportLimits
from vision.data.options import ImportSettings
from vision.spec.parameters import PARAMETERS, documented_default


def index(request: HttpRequest) -> HttpResponse:
    return render(request, "help/index.html", {"nav": "help"})


def datasets(request: HttpRequest) -> HttpResponse:
    """Formats, import settings and limits, as the engine's tables have them."""
    limits = get_limits()
    context = {
        "nav": "help",
        "formats": [
            {
                "info": info,
                "tasks": [TASK_TYPES.get(name).title for name in TASK_TYPES.names() if name in info.task_types],
            }
            for info in FORMATS
        ],
        "settings": [{"name": name, "field": field} for name, field in ImportSettings.model_fields.items()],
        "limits": [
            {"variable": VARIABLE_PREFIX + name.upper(), "value": getattr(limits, name), "help": field.description}
            for name, field in ImportLimits.model_fields.items()
        ],
    }
    return render(request, "help/datasets.html", context)


def parameters(request: HttpRequest) -> HttpResponse:
    """Every hyperparameter with range, default and spellings, as the engine's one table has them."""
    entries = sorted(PARAMETERS, key=lambda parameter: str(parameter.group))
    groups = [
        {"name": name, "parameters": [_describe(parameter) for parameter in members]}
        for name, members in groupby(entries, key=lambda parameter: parameter.group)
    ]
    context = {"nav": "help", "groups": groups, "architectures": list(ARCHITECTURES), "explainers": list(EXPLAINERS)}
    return render(request, "help/parameters.html", context)


def _describe(parameter: Any) -> dict[str, Any]:
    defaults: dict[str, list[str]] = {}
    for info in ARCHITECTURES:
        for task_type in info.task_types:
            if task_type in parameter.task_types and (not parameter.families or info.family in parameter.families):
                value = documented_default(parameter.name, info.name, task_type)
                defaults.setdefault(_plain(value), []).append(info.name)
    return {"entry": parameter, "range": parameter.range_text, "defaults": _defaults(defaults)}


def _defaults(defaults: dict[str, list[str]]) -> list[str]:
    if len(defaults) == 1:
        return list(defaults)
    return [f"{value} ({', '.join(names)})" for value, names in defaults.items()]


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else str(value)


def api_docs(request: HttpRequest) -> HttpResponse:
    """The OpenAPI schema as one readable page; the JSON itself is linked."""
    from studio.api import api  # the API is assembled from every app: importing it here keeps this module light

    schema = api.get_openapi_schema()
    calls = [
        {"method": method.upper(), "path": path, **_describe_call(call)}
        for path, methods in schema["paths"].items()
        for method, call in methods.items()
    ]
    calls.sort(key=lambda call: (call["tag"], call["path"]))
    sections = [{"tag": tag, "calls": list(members)} for tag, members in groupby(calls, key=lambda call: call["tag"])]
    return render(request, "help/api.html", {"nav": "api", "sections": sections, "tasks": list(TASK_TYPES)})


def _describe_call(call: dict[str, Any]) -> dict[str, Any]:
    return {
        "tag": (call.get("tags") or ["other"])[0],
        "summary": call.get("summary", ""),
        "description": call.get("description", ""),
        "parameters": [
            {
                "name": parameter["name"],
                "where": parameter["in"],
                "required": parameter.get("required", False),
                "type": parameter.get("schema", {}).get("type", ""),
            }
            for parameter in call.get("parameters", [])
        ],
        "answers": sorted(str(status) for status in call.get("responses", {})),
    }

"""Pages drawn from tables: the hyperparameter reference and the API reference."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from datasets.limits import get_limits
from studio.views.account import sample_call
from vision.catalog.architectures import ARCHITECTURES, ArchitectureInfo, list_architectures
from vision.catalog.explainers import EXPLAINERS
from vision.catalog.task_types import CLASSIFICATION_TASKS, TASK_TYPES, TaskType
from vision.data.formats import FORMATS
from vision.data.limits import VARIABLE_PREFIX, ImportLimits
from vision.data.options import ImportSettings
from vision.spec.model_names import SUBSTITUTES
from vision.spec.parameters import Parameter, documented_default, fits, list_task_parameters


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
    """The hyperparameters of a task type (`?task=`) with range, defaults, spellings and networks, as the table has
    them."""
    asked = request.GET.get("task", "")
    info = TASK_TYPES.get(asked if asked in TASK_TYPES else TaskType.CLASSIFICATION)
    networks = list_architectures(info.name)
    rows = [_describe(entry, info.name, networks) for entry in list_task_parameters(info.name)]
    groups = list(dict.fromkeys(row["entry"].group for row in rows))
    context = {
        "nav": "help",
        "task": info,
        "tabs": [
            {"label": entry.title, "url": f"?task={entry.name}", "current": entry.name == info.name, "count": None}
            for entry in TASK_TYPES
        ],
        "groups": [{"name": name, "rows": [row for row in rows if row["entry"].group == name]} for name in groups],
        "architectures": networks,
        "substitutes": [
            {"name": name, "entry": entry}
            for name, entry in SUBSTITUTES.items()
            if info.name in ARCHITECTURES.get(entry.architecture).task_types
        ],
        "takes_timm": info.name in CLASSIFICATION_TASKS,
        "explainers": list(EXPLAINERS) if info.name in CLASSIFICATION_TASKS else [],
    }
    return render(request, "help/parameters.html", context)


def _describe(entry: Parameter, task_type: str, networks: list[ArchitectureInfo]) -> dict[str, Any]:
    obeying = [info for info in networks if fits(entry, task_type, info.family)]
    defaults: dict[str, list[ArchitectureInfo]] = {}
    for info in obeying:
        defaults.setdefault(_plain(documented_default(entry.name, info.name, task_type)), []).append(info)
    names = {value: _name(chosen, networks) for value, chosen in defaults.items()}
    return {
        "entry": entry,
        "range": entry.range_text,
        "defaults": list(names) if len(names) == 1 else [f"{value} ({', '.join(of)})" for value, of in names.items()],
        "families": list(dict.fromkeys(info.family for info in obeying)) if len(obeying) < len(networks) else [],
    }


def _name(chosen: list[ArchitectureInfo], networks: list[ArchitectureInfo]) -> list[str]:
    """The families that are whole among the chosen networks, and the names of the other ones."""
    left = {info.family for info in networks if info not in chosen}
    return list(dict.fromkeys(info.name if info.family in left else info.family for info in chosen))


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value in (None, "") else str(value)


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
    context = {"nav": "api", "sections": sections, "sample": sample_call(request)}
    return render(request, "help/api.html", context)


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

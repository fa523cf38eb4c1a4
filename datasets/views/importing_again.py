"""The page that imports a version again: its settings to be changed, its upload not to be sent again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from datasets import selectors, services
from datasets.http import acting_user
from datasets.import_again import read_form
from datasets.models import DatasetVersion
from datasets.services.keeping import can_import_again, find_kept_until
from datasets.views.context import page_context
from datasets.views.guard import guard_page
from datasets.views.settings_form import draw_settings, to_texts
from vision.catalog.task_types import TASK_TYPES
from vision.data.formats import FORMATS
from vision.data.labels import LABEL_READERS
from vision.errors import ConflictError, UserError

_FIELDS = {"task": "Task", "format": "Format", "target_column_name": "Label field"}


@guard_page
def import_again(request: HttpRequest, name: str, number: int) -> HttpResponse:
    version = selectors.find_version(name, str(number))
    error: UserError | None = None
    if request.method == "POST":
        try:
            return redirect(services.import_again(version, acting_user(request), **read_form(request.POST)))
        except ConflictError as caught:
            messages.error(request, str(caught))
            return redirect(version)
        except UserError as caught:
            error = caught
    elif not can_import_again(version):
        messages.error(request, f"What {version} was imported from is not kept any more. Upload it again.")
        return redirect(version)
    return render(
        request, "datasets/import_again.html", _context(request, version, error), status=error.status if error else 200
    )


def _context(request: HttpRequest, version: DatasetVersion, error: UserError | None) -> dict[str, Any]:
    before = {
        "task": version.task_type,
        "format": version.format,
        "target_column_name": version.target_column_name,
        **to_texts(version.options),
    }
    asked = request.POST if request.method == "POST" else request.GET
    given = {name: asked.get(name, value) for name, value in before.items()}
    settings = draw_settings(given)
    return page_context(version, "versions") | {
        "error": error,
        "kept_until": find_kept_until(version),
        "task_type": given["task"],
        "format": given["format"],
        "target_column_name": given["target_column_name"],
        "settings": settings,
        "is_changed": True,
        "presets": _list_presets(before, given, settings) if request.method == "GET" else [],
        "task_types": [TASK_TYPES.get(name) for name in LABEL_READERS],
        "formats": list(FORMATS),
    }


def _list_presets(
    before: Mapping[str, str], given: Mapping[str, str], settings: list[dict[str, Any]]
) -> list[dict[str, str]]:
    """The fields that the link to this page has set."""
    titles = {**_FIELDS, **{setting["name"]: setting["title"] for setting in settings}}
    return [
        {"name": name, "title": titles[name], "value": value or "empty"}
        for name, value in given.items()
        if value != before[name]
    ]

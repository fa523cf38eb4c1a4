"""Exports of a dataset: asking for one, watching it, taking it away; and bringing corrected labels back."""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from datasets import selectors, services
from datasets.exports import find_export, send_export
from datasets.filters import ItemQuery, read_query, read_selection
from datasets.http import acting_user
from datasets.models import DatasetVersion, Export
from datasets.services.exporting import KEPT_FOR
from datasets.views.browsing import describe_filters
from datasets.views.context import get_shown_version, is_fragment, page_context, page_url
from datasets.views.guard import guard_page
from vision.data.exporting import list_formats, measure_export
from vision.data.finding_codes import explain_code
from vision.data.formats import FORMATS
from vision.data.query import list_problems
from vision.data.records import SPLITS
from vision.errors import NotFoundError, UserError

_CHOSEN_BY = ("split", "problem", "label", "unlabelled")
_UNFINISHED = (Export.Status.WAITING, Export.Status.RUNNING)


@guard_page
def exports(request: HttpRequest, name: str) -> HttpResponse:
    """The exports of a dataset, and the form for one of the version shown."""
    version = get_shown_version(request, name)
    listed = Export.objects.filter(version__dataset=version.dataset).select_related("version__dataset", "created_by")
    entries = [_entry(export) for export in listed]
    context = page_context(version, "exports") | {
        "entries": entries,
        "is_busy": any(entry["is_unfinished"] for entry in entries),
        "url": page_url("exports", name, version.number),
    }
    if is_fragment(request):
        return render(request, "datasets/_exports.html", context)
    return render(request, "datasets/exports.html", context | _form(version, ItemQuery()))


@guard_page
def export(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """The form for an export of the images that the address or a selection names; posted, it is asked for."""
    version = selectors.find_version(name, str(number))
    is_posted = request.method == "POST"
    try:
        query = _read_choice(request)
        if is_posted:
            services.create_export(version, request.POST.get("format", ""), query, acting_user(request))
            messages.success(request, "The export is being made.")
            return redirect(page_url("exports", name, number))
        size = measure_export(selectors.manifest_path(version), query.to_filter())
    except NotFoundError:
        raise
    except UserError as error:
        messages.error(request, str(error))
        return redirect(page_url("exports", name, number))
    context = page_context(version, "exports") | _form(version, query) | {"size": size}
    return render(request, "datasets/export.html", context)


@guard_page
def download(request: HttpRequest, name: str, export_id: UUID) -> HttpResponseBase:
    """The archive."""
    return send_export(request, find_export(name, export_id))


@require_POST
@guard_page
def delete(request: HttpRequest, name: str, export_id: UUID) -> HttpResponse:
    export = find_export(name, export_id)
    number = export.version.number
    services.delete_export(export)
    messages.success(request, "The export was deleted.")
    return redirect(page_url("exports", name, number))


def _read_choice(request: HttpRequest) -> ItemQuery:
    """The images chosen: one by one or by a filter on the Images page, or by the fields of the form."""
    given = request.POST if request.method == "POST" else request.GET
    if "rows" in given or "matching" in given:
        return read_selection(given)
    asked = read_query(given).to_params()
    return ItemQuery(**{key: asked[key] for key in _CHOSEN_BY if key in asked})


def _form(version: DatasetVersion, query: ItemQuery) -> dict[str, Any]:
    if not version.is_ready:
        return {"formats": []}
    problems = list_problems(selectors.manifest_path(version))
    return {
        "formats": [FORMATS.get(name) for name in list_formats(version.task_type)],
        "all_formats": FORMATS,
        "splits": [split for split in SPLITS if version.split_counts.get(split)],
        "problem_items": [(code, explain_code(code).title, count) for code, count in problems.items()],
        "query": query,
        "chosen": [entry["text"] for entry in describe_filters(version, query)],
        "images_url": page_url("images", version.dataset.name, version.number),
        "kept_days": KEPT_FOR.days,
    }


def _entry(export: Export) -> dict[str, Any]:
    query = ItemQuery(**export.rows)
    filters = describe_filters(export.version, query)
    return {
        "export": export,
        "title": FORMATS.get(export.format).title if export.format in FORMATS else export.format,
        "rows": ", ".join(entry["text"] for entry in filters) or "all images",
        "is_unfinished": export.status in _UNFINISHED,
        "expires_in": max(0, ceil((export.created_at + KEPT_FOR - timezone.now()) / timedelta(days=1))),
    }

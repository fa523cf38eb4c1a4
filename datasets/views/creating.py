"""New datasets: an upload, a folder of the server, an address, or the sample."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from datasets import services
from datasets.allowed import list_folders, list_prefixes
from datasets.http import acting_user
from datasets.names import suggest_name
from datasets.new_version import read_new_version
from datasets.samples import SAMPLES
from datasets.transfers.services import Group, delete_group, list_group, list_groups
from datasets.views.settings_form import draw_settings, is_any_given
from vision.catalog.task_types import TASK_TYPES
from vision.data.formats import FORMATS
from vision.data.labels import LABEL_READERS
from vision.errors import InvalidDatasetError, UserError

_WAYS = {"upload": "Upload", "server": "From this server", "url": "From a URL"}


def new(request: HttpRequest) -> HttpResponse:
    """The form. A script posts it with `Accept: application/json`: with `check` it only wants to hear what is wrong."""
    error: UserError | None = None
    if request.method == "POST":
        try:
            return _create(request)
        except UserError as caught:
            error = caught
            if _wants_json(request):
                return JsonResponse({"error": error.to_dict()}, status=error.status)
    return render(request, "datasets/new.html", _context(request, error), status=error.status if error else 200)


@require_POST
def sample(request: HttpRequest) -> HttpResponse:
    """The bundled sample of the task type that was chosen."""
    try:
        task_type = request.POST.get("task") or SAMPLES[0].task_type
        return redirect(services.create_sample_version(acting_user(request), task_type))
    except UserError as error:
        messages.error(request, str(error))
        return redirect("datasets:new")


@require_POST
def discard(request: HttpRequest, group: UUID) -> HttpResponse:
    """Give up an unfinished upload."""
    delete_group(acting_user(request), group)
    return redirect("datasets:new")


def _create(request: HttpRequest) -> HttpResponse:
    arguments = read_new_version(request)
    arguments["name"] = arguments["name"] or _suggest_name(request, arguments)
    if "check" in request.POST:
        services.check_version(**arguments)
        return HttpResponse(status=204)
    if not any(arguments.get(source) for source in ("file", "files", "transfer_group", "path", "url")):
        raise InvalidDatasetError("No file was chosen.", hint="Choose an archive, or files and labels.", code="no_file")
    version = services.create_version(user=acting_user(request), **arguments)
    address = version.get_absolute_url()
    return JsonResponse({"location": address}, status=202) if _wants_json(request) else redirect(address)


def _suggest_name(request: HttpRequest, arguments: dict[str, Any]) -> str:
    """What a dataset is called whose name was left empty: as its archive or folder."""
    source = arguments.get("file_name") or arguments["path"].rstrip("/") or urlsplit(arguments["url"]).path.rstrip("/")
    if not source and arguments["transfer_group"]:
        source = _name_group(request, arguments["transfer_group"])
    return suggest_name(PurePath(source).name)


def _name_group(request: HttpRequest, text: str) -> str:
    """The folder all files of a group lie in, or the only file."""
    try:
        paths = list_group(acting_user(request), UUID(text)).values_list("path", flat=True)
    except ValueError:
        return ""
    tops = {path.partition("/")[0] for path in paths}
    return tops.pop() if len(tops) == 1 else ""


def _context(request: HttpRequest, error: UserError | None) -> dict[str, Any]:
    given = request.POST if request.method == "POST" else request.GET
    way = given.get("from", "")
    groups = list_groups(acting_user(request))
    name = given.get("name", "")
    return {
        "nav": "datasets",
        "error": error,
        "name": name,
        "way": way if way in _WAYS else "upload",
        "ways": _list_ways(way, request.GET.get("name", "")),
        "path": given.get("path", ""),
        "url": given.get("url", ""),
        "task_type": given.get("task", ""),
        "format": given.get("format", ""),
        "target_column_name": given.get("target_column_name", "label"),
        "settings": draw_settings(given),
        "is_changed": is_any_given(given),
        "task_types": [TASK_TYPES.get(name) for name in LABEL_READERS],
        "formats": list(FORMATS),
        "samples": SAMPLES,
        "groups": groups,
        "chosen_group": _find_group(groups, given.get("transfer_group", "")),
        "folders": list_folders(),
        "prefixes": list_prefixes(),
    }


def _list_ways(chosen: str, name: str) -> list[dict[str, Any]]:
    address = reverse("datasets:new")
    current = chosen if chosen in _WAYS else "upload"
    kept = {"name": name} if name else {}
    return [
        {
            "label": label,
            "url": f"{address}?{urlencode({'from': way, **kept})}",
            "current": way == current,
            "count": None,
        }
        for way, label in _WAYS.items()
    ]


def _find_group(groups: list[Group], text: str) -> Group | None:
    return next((group for group in groups if str(group.id) == text and group.is_complete), None)


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("accept", "").startswith("application/json")

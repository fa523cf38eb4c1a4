"""The Map tab: the images of a version on a plane, similar ones close together, and those like no other."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from datasets import selectors
from datasets.charts.places import image_map
from datasets.models import DatasetVersion
from datasets.services.embedding_state import compute_again
from datasets.similar import describe_state, list_outliers, read_about
from datasets.views.context import get_shown_version, is_fragment, page_context, page_url
from datasets.views.guard import guard_page
from datasets.views.similar import tile
from vision.data.query import get_row
from vision.errors import UserError

_OUTLIERS = 36
_KEPT_SECONDS = 600
_PHASES = {"starting": "Starting", "describing": "Looking at the images", "laying out": "Laying out the map"}


@guard_page
def map_page(request: HttpRequest, name: str) -> HttpResponse:
    version = get_shown_version(request, name)
    state = describe_state(version)
    progress = {"state": state, "phase": _say_phase(state), "url": page_url("map", name, version.number)}
    if is_fragment(request):  # the progress card asks again
        if state["status"] in ("waiting", "running"):
            return render(request, "datasets/_map_progress.html", progress)
        return HttpResponse(headers={"HX-Refresh": "true"})
    context = page_context(version, "map") | progress
    if state["status"] == "ready":
        context |= _describe(version)
    return render(request, "datasets/map.html", context)


@guard_page
def row_thumb(request: HttpRequest, name: str, row: int) -> HttpResponse:
    """Leads to the thumbnail of a row: the map knows its points by their rows alone."""
    version = get_shown_version(request, name)
    image = get_row(selectors.manifest_path(version), row)
    answer = redirect("datasets:thumb", name, version.number, image["sha256"])
    answer["Cache-Control"] = f"private, max-age={_KEPT_SECONDS}"
    return answer


@require_POST
@guard_page
def again(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Have the vectors computed again."""
    version = selectors.find_version(name, str(number))
    try:
        compute_again(version)
    except UserError as error:
        messages.error(request, str(error))
    return redirect(page_url("map", name, number))


def _describe(version: DatasetVersion) -> dict[str, Any]:
    about = read_about(version)
    found = about.get("map") or {"points": [], "labels": [], "method": ""}
    name, number = version.dataset.name, version.number
    outliers = list_outliers(version, _OUTLIERS)
    return {
        "about": about,
        "found": found,
        "missing": about.get("rows", 0) - about.get("described", 0),
        "chart_of_map": image_map(
            found, version.label_names, lambda **query: page_url("images", name, number, **query)
        ),
        "has_many_labels": any(len(match.row["labels"] or []) > 1 for match in outliers),
        "outliers": [tile(version, match) for match in outliers],
        "rows_url": page_url("images", name, number, rows=",".join(str(match.row["row"]) for match in outliers)),
        "image_url": f"{reverse('datasets:row', args=[name, 0])}?version={number}",
        "thumb_url": f"{reverse('datasets:row-thumb', args=[name, 0])}?version={number}",
    }


def _say_phase(state: dict[str, Any]) -> str:
    if state["status"] == "waiting":
        return "Waiting: imports and exports come first"
    words = _PHASES.get(state["phase"], "")
    counted = state["phase"] == "describing" and state["total"]
    return f"{words}: {state['done']:,} of {state['total']:,}" if counted else words

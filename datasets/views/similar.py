"""Images like one of them."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from datasets import selectors
from datasets.filters import ItemQuery
from datasets.http import read_number
from datasets.models import DatasetVersion
from datasets.similar import MOST, Match, list_similar, read_about
from datasets.views.context import get_shown_version, page_context, page_url
from datasets.views.grid import grid_item
from datasets.views.guard import guard_page
from vision.data.query import get_row

_FIRST, _MORE = 60, 240


@guard_page
def similar(request: HttpRequest, name: str) -> HttpResponse:
    """The images most like `?row=`."""
    version = get_shown_version(request, name)
    number = read_number(request.GET.get("row"), -1, digits=12)
    if number < 0:
        raise Http404
    if not version.embeddings_key:
        return redirect(page_url("map", name, version.number))
    row = get_row(selectors.manifest_path(version), number)
    asked = min(read_number(request.GET.get("limit"), _FIRST), MOST)
    matches = list_similar(version, row["row"], asked)
    context = page_context(version, "images") | _describe(version, row, matches)
    about = read_about(version)
    context |= {
        "reason": about.get("reason", ""),
        "more_url": _more_url(version, row["row"]) if len(matches) == asked < _MORE else "",
        "map_url": page_url("map", name, version.number),
    }
    return render(request, "datasets/similar.html", context)


def tile(version: DatasetVersion, match: Match) -> dict[str, Any]:
    """A tile with the score where others say the split."""
    return grid_item(version, match.row) | {"split": f"{match.score:.2f}"}


def _describe(version: DatasetVersion, row: dict[str, Any], matches: list[Match]) -> dict[str, Any]:
    wanted = set(row["labels"] or [])
    return {
        "asked": grid_item(version, row),
        "path": row["path"],
        "items": [tile(version, match) for match in matches],
        "alike": sum(bool(wanted & set(match.row["labels"] or [])) for match in matches) if wanted else None,
        "total": len(matches),
        "query": ItemQuery(rows=",".join(str(match.row["row"]) for match in matches)),
        "is_filtered": True,
        "selectable": True,
    }


def _more_url(version: DatasetVersion, row: int) -> str:
    return page_url("similar", version.dataset.name, version.number, row=row, limit=_MORE)

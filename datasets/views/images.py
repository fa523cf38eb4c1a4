"""The image grid, the viewer of one image, and the images themselves."""

from __future__ import annotations

import json
import re
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from datasets import selectors, storage
from datasets.filters import ItemQuery, read_query
from datasets.models import DatasetVersion
from datasets.views.context import get_shown_version, is_fragment, page_context, page_url
from datasets.views.grid import grid_item
from datasets.views.guard import guard_page
from vision.data.images import probe_image, to_webp
from vision.data.query import find_neighbours, get_row
from vision.data.records import SPLITS
from vision.errors import UserError

_PAGE = 60
_YEAR = 365 * 24 * 3600
_SHOWN_BY_BROWSERS = {"jpeg", "png", "webp", "gif", "bmp"}


@guard_page
def grid(request: HttpRequest, name: str) -> HttpResponse:
    version = get_shown_version(request, name)
    context = page_context(version, "images") | {"is_ready": version.is_ready}
    if version.is_ready:
        context |= _grid_context(request, version)
    fragment = is_fragment(request) and request.GET.get("cursor")
    return render(request, "datasets/_grid_page.html" if fragment else "datasets/images.html", context)


@guard_page
def viewer(request: HttpRequest, name: str, row: int) -> HttpResponse:
    version = get_shown_version(request, name)
    query = read_query(request.GET)
    manifest = selectors.manifest_path(version)
    image = get_row(manifest, row)
    place = find_neighbours(manifest, row, query.to_filter(), sort=query.sort)
    context = page_context(version, "images") | {
        "row": image,
        "labels": image["labels"],
        "annotation": json.dumps(json.loads(image["annotation"]), indent=2, ensure_ascii=False),
        "before_url": _row_url(version, place.before, query),
        "after_url": _row_url(version, place.after, query),
        "grid_url": page_url("images", name, version.number, **query.to_params()),
    }
    return render(request, "datasets/viewer.html", context)


@guard_page
def image(request: HttpRequest, name: str, number: int, sha256: str) -> HttpResponse:
    data = _read_stored(name, number, sha256, storage.blob_key)
    try:
        facts = probe_image(data)
    except UserError as error:
        raise Http404 from error
    if facts.format not in _SHOWN_BY_BROWSERS and "original" not in request.GET:
        return _image_response(to_webp(data), "image/webp", sha256, "webp")
    return _image_response(data, facts.content_type, sha256, facts.format)


@guard_page
def thumb(request: HttpRequest, name: str, number: int, sha256: str) -> HttpResponse:
    return _image_response(_read_stored(name, number, sha256, storage.thumb_key), "image/webp", sha256, "webp")


def _grid_context(request: HttpRequest, version: DatasetVersion) -> dict[str, Any]:
    name, query = version.dataset.name, read_query(request.GET)
    filters = query.to_params()
    cursor = request.GET.get("cursor")
    page = selectors.list_items(version, query.to_filter(), sort=query.sort, cursor=cursor, limit=_PAGE)
    return {
        "items": [grid_item(version, row, **filters) for row in page.rows],
        "total": page.total,
        "next_url": page_url("images", name, version.number, **filters, cursor=page.next) if page.next else "",
        "query": query,
        "is_filtered": query.is_filtered,
        "splits": [split for split in SPLITS if version.split_counts.get(split)],
        "clear_url": page_url("images", name, version.number),
        "is_first_page": not request.GET.get("cursor"),
    }


def _row_url(version: DatasetVersion, row: int | None, query: ItemQuery) -> str:
    if row is None:
        return ""
    path, _, address = page_url("images", version.dataset.name, version.number, **query.to_params()).partition("?")
    return f"{path}{row}/?{address}"


def _read_stored(name: str, number: int, sha256: str, key_of: Any) -> bytes:
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise Http404
    if not DatasetVersion.objects.filter(dataset__name=name, number=number).exists():
        raise Http404
    try:
        return storage.read_bytes(key_of(sha256))
    except FileNotFoundError as error:
        raise Http404 from error


def _image_response(data: bytes, content_type: str, sha256: str, extension: str) -> HttpResponse:
    """Bytes that a stranger made: their type is ours to say, and they may load nothing."""
    return HttpResponse(
        data,
        content_type=content_type,
        headers={
            "Cache-Control": f"private, max-age={_YEAR}, immutable",
            "Content-Disposition": f'inline; filename="{sha256[:16]}.{extension}"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "ETag": f'"{sha256}"',
            "X-Content-Type-Options": "nosniff",
        },
    )

"""The image grid, the viewer of one image, and the images themselves."""

from __future__ import annotations

import re
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from datasets import selectors, storage
from datasets.filters import read_query
from datasets.models import DatasetVersion
from datasets.views.browsing import describe_choices, describe_filters
from datasets.views.context import get_shown_version, is_fragment, page_context, page_url
from datasets.views.grid import grid_items, row_url
from datasets.views.guard import guard_page
from datasets.views.viewing import describe_row
from vision.data.images import probe_image, to_webp
from vision.data.query import find_neighbours, get_row
from vision.errors import UserError

_PAGE = 60
_PAGE_BYTES = 8 << 20  # of annotations drawn on one page of the grid
_COMPLETIONS = 50
_YEAR = 365 * 24 * 3600
_SHOWN_BY_BROWSERS = {"jpeg", "png", "webp", "gif", "bmp"}


@guard_page
def grid(request: HttpRequest, name: str) -> HttpResponse:
    version = get_shown_version(request, name)
    if not version.is_ready:
        return render(request, "datasets/images.html", page_context(version, "images") | {"is_ready": False})
    shown = _list_images(request, version)
    if is_fragment(request) and request.GET.get("cursor"):
        return render(request, "datasets/_grid_page.html", shown)
    query = shown["query"]
    context = page_context(version, "images") | shown | {"is_ready": True}
    context |= describe_choices(version, query) | {"active": describe_filters(version, query)}
    return render(request, "datasets/images.html", context)


@guard_page
def viewer(request: HttpRequest, name: str, row: int) -> HttpResponse:
    version = get_shown_version(request, name)
    query = read_query(request.GET)
    manifest = selectors.manifest_path(version)
    image = get_row(manifest, row)
    place = find_neighbours(manifest, row, query.to_filter(), sort=query.sort)
    context = (
        page_context(version, "images")
        | describe_row(version, image)
        | {
            "place": place,
            "is_filtered": query.is_filtered,
            "before_url": row_url(version, place.before, query),
            "after_url": row_url(version, place.after, query),
            "grid_url": page_url("images", name, version.number, **query.to_params()),
            "similar_url": page_url("similar", name, version.number, row=row) if version.embeddings_key else "",
        }
    )
    return render(request, "datasets/viewer.html", context)


@guard_page
def labels(request: HttpRequest, name: str) -> JsonResponse:
    """Labels that hold a text, most frequent first: what the label field completes to."""
    version = get_shown_version(request, name)
    return JsonResponse({"items": selectors.find_labels(version, request.GET.get("q", ""), _COMPLETIONS)})


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


def _list_images(request: HttpRequest, version: DatasetVersion) -> dict[str, Any]:
    query, cursor = read_query(request.GET), request.GET.get("cursor")
    page = selectors.list_items(
        version, query.to_filter(), sort=query.sort, cursor=cursor, limit=_PAGE, page_bytes=_PAGE_BYTES
    )
    address = {"route": "images", "name": version.dataset.name, "number": version.number, **query.to_params()}
    return {
        "items": grid_items(version, page.rows, query),
        "query": query,
        "is_filtered": query.is_filtered,
        "total": page.total,
        "next_url": page_url(**address, cursor=page.next) if page.next else "",
        "first_url": page_url(**address),
        "clear_url": page_url("images", version.dataset.name, version.number),
        "is_first_page": not cursor,
        "selectable": True,
    }


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

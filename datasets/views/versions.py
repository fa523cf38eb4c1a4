"""The versions of a dataset: where each came from, what changed, and making the next one from one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.db.models import F
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from datasets import changes, selectors, services
from datasets.filters import read_selection
from datasets.http import acting_user
from datasets.models import DatasetVersion
from datasets.services.deleting import find_needs, measure_deletion
from datasets.services.keeping import can_import_again, find_kept_until
from datasets.views.context import get_shown_version, is_fragment, page_context, page_url
from datasets.views.grid import grid_item
from datasets.views.guard import guard_page
from vision.data.differences import KINDS, ChangedImage
from vision.errors import InvalidDatasetError, UserError

_PAIRS = 24
_NEEDS_ROWS = ("move", "relabel", "drop")
_FIELDS = ("action", "split", "new_label", "validation_fraction", "test_fraction", "seed")


@guard_page
def versions(request: HttpRequest, name: str) -> HttpResponse:
    shown = get_shown_version(request, name)
    related = shown.dataset.versions.select_related("dataset", "created_by")
    listed = list(
        related.prefetch_related("training_jobs", "validation_jobs")
        .annotate(image_bytes=F("statistics__bytes__total"))
        .defer("statistics", "report")
    )
    context = page_context(shown, "versions") | {
        "entries": [_entry(version, listed) for version in listed],
        "newest_ready": next((version for version in listed if version.is_ready), None),
        "is_busy": any(version.status == DatasetVersion.Status.IMPORTING for version in listed),
        "url": page_url("versions", name, shown.number),
        "images_url": page_url("images", name, shown.number),
        "exports_url": page_url("exports", name, shown.number),
    }
    return render(request, "datasets/_versions.html" if is_fragment(request) else "datasets/versions.html", context)


@require_POST
@guard_page
def edit(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Make the next version by an edit of chosen images, of a class, or of all splits."""
    version = selectors.find_version(name, str(number))
    action = request.POST.get("action", "")
    values: dict[str, Any] = {field: request.POST[field].strip() for field in _FIELDS if request.POST.get(field)}
    values |= {"label": [label.strip() for label in request.POST.getlist("label") if label.strip()]}
    if action != "move":
        values.pop("split", None)  # the panel of moving is in the same form
    try:
        rows = read_selection(request.POST) if action in _NEEDS_ROWS else None
        made = services.create_edit(version, values, rows, acting_user(request), request.POST.get("description", ""))
    except UserError as error:
        return _refuse(request, error, _came_from(request, version, action))
    return _accept(request, made)


@require_POST
@guard_page
def corrections(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Make the next version with the labels of an annotation file."""
    version = selectors.find_version(name, str(number))
    file = request.FILES.get("file")
    try:
        if file is None or not file.name:
            raise InvalidDatasetError("No file was chosen.", hint="Choose the file of labels.", code="no_file")
        made = services.create_correction(
            version,
            file,
            file.name,
            acting_user(request),
            request.POST.get("format", ""),
            request.POST.get("description", ""),
        )
    except UserError as error:
        return _refuse(request, error, page_url("exports", name, number))
    return _accept(request, made)


@guard_page
def compare(request: HttpRequest, name: str) -> HttpResponse:
    """What differs between `?from=` and `?to=`, side by side."""
    dataset = selectors.get_dataset(name)
    ready = list(dataset.versions.filter(status=DatasetVersion.Status.READY).select_related("dataset"))
    new = _pick(ready, request.GET.get("to")) or (ready[0] if ready else None)
    old = _pick(ready, request.GET.get("from")) or (new and changes.find_base(new, ready))
    if new is None or old is None:
        messages.info(request, "Comparing takes two versions that are ready.")
        return redirect(reverse("datasets:versions", args=[name]))
    if is_fragment(request) and "summary" in request.GET:
        counts = changes.count_version_changes(old, new)
        return render(request, "datasets/_change_counts.html", {"counts": counts, "url": _compare_url(old, new)})
    kind = request.GET.get("kind", "") if request.GET.get("kind") in KINDS else ""
    page = changes.list_version_changes(old, new, kind=kind, cursor=request.GET.get("cursor"), limit=_PAIRS)
    shown = {
        "pairs": [_pair(old, new, changed) for changed in page.images],
        "next_url": _compare_url(old, new, kind=kind, cursor=page.next) if page.next else "",
        "old": old,
        "new": new,
    }
    if is_fragment(request) and request.GET.get("cursor"):
        return render(request, "datasets/_pairs.html", shown)
    counts = changes.count_version_changes(old, new)
    context = page_context(new, "versions") | shown
    context |= {
        "ready": ready,
        "counts": counts,
        "kind": kind,
        "total": page.total,
        "kind_items": [
            {"label": one or "all", "url": _compare_url(old, new, kind=one), "current": one == kind, "count": count}
            for one, count in [("", None), *((one, getattr(counts, one)) for one in KINDS)]
        ],
    }
    return render(request, "datasets/compare.html", context)


@guard_page
def delete(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """What deleting a version gives back and who needs it; and doing it."""
    version = selectors.find_version(name, str(number))
    if request.method == "POST":
        return _delete(request, version)
    context = page_context(version, "versions") | {
        "freed": measure_deletion(version),
        "needs": find_needs(version),
        "versions_url": page_url("versions", name, number),
    }
    return render(request, "datasets/delete_version.html", context)


def _delete(request: HttpRequest, version: DatasetVersion) -> HttpResponse:
    name, number = version.dataset.name, version.number
    try:
        services.delete_version(version, force=request.POST.get("force") == "1")
    except UserError as error:
        messages.error(request, str(error))
        return redirect(page_url("versions", name, number))
    messages.success(request, f"{name}:{number} was deleted.")
    rest = version.dataset.versions.exists()
    return redirect(reverse("datasets:versions", args=[name]) if rest else "datasets:list")


def _entry(version: DatasetVersion, listed: Sequence[DatasetVersion]) -> dict[str, Any]:
    base = changes.find_base(version, listed) if version.is_ready else None
    jobs = {job.pk: job for job in [*version.training_jobs.all(), *version.validation_jobs.all()]}
    return {
        "version": version,
        "base": base,
        "can_import_again": can_import_again(version),
        "kept_until": find_kept_until(version),
        "counts": changes.known_changes(base, version) if base else None,
        "compare_url": _compare_url(base, version) if base else "",
        "jobs": list(jobs.values()),
        "parent": next((other for other in listed if other.number == version.origin.get("parent")), None),
    }


def _pair(old: DatasetVersion, new: DatasetVersion, changed: ChangedImage) -> dict[str, Any]:
    before, after = changed.old, changed.new
    return {
        "kinds": changed.kinds,
        "path": (after or before or {})["path"],
        "old": grid_item(old, before) if before else None,
        "new": grid_item(new, after) if after else None,
        "was_path": before["path"] if before and after and before["path"] != after["path"] else "",
        "splits": (before["split"], after["split"]) if before and after and "moved" in changed.kinds else None,
    }


def _pick(ready: Sequence[DatasetVersion], number: str | None) -> DatasetVersion | None:
    return next((version for version in ready if str(version.number) == number), None)


def _compare_url(old: DatasetVersion, new: DatasetVersion, **query: Any) -> str:
    return page_url("compare", new.dataset.name, new.number, **{"from": old.number, "to": new.number}, **query)


def _came_from(request: HttpRequest, version: DatasetVersion, action: str) -> str:
    """The page the edit was asked from: the same filter for an edit of what it matched."""
    address = page_url("images" if action in _NEEDS_ROWS else "versions", version.dataset.name, version.number)
    matching = request.POST.get("matching", "")
    return f"{address}&{matching}" if matching and action in _NEEDS_ROWS else address


def _accept(request: HttpRequest, made: DatasetVersion) -> HttpResponse:
    address = made.get_absolute_url()
    if _wants_json(request):
        return JsonResponse({"location": address}, status=202)
    messages.success(request, f"{made.origin['text']}: this is version {made.number}.")
    return redirect(address)


def _refuse(request: HttpRequest, error: UserError, address: str) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"error": error.to_dict()}, status=error.status)
    messages.error(request, str(error))
    return redirect(address)


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("accept", "").startswith("application/json")

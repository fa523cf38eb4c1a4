"""Training images as the job in the form would see them: a part of the New job page, and its pictures."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from datasets.drawing import find_series, sketch_cell
from jobs.forms import JobForm
from jobs.services.previewing import draw_preview, find_picture, preview_key
from vision.errors import DarkroomError, NotFoundError
from vision.preview.request import Picture, PreviewImage

PREVIEW_ACTIONS = ("preview", "again")  # of the form: draw it, draw other images of it
_YEAR = 365 * 24 * 3600
_MOST_SEEDS = 1_000_000
_NAMES = 3


@require_POST
def fragment(request: HttpRequest) -> HttpResponse:
    """The preview of the posted form alone."""
    form = JobForm.from_post(request.POST.dict())
    return render(request, "jobs/_new_preview.html", {"form": form, "preview": show_preview(request, form)})


@require_GET
def picture(request: HttpRequest, key: str, name: str) -> FileResponse:
    """One drawn picture: its address names all it shows, so it never changes."""
    try:
        file = find_picture(key, name).open("rb")
    except (NotFoundError, FileNotFoundError) as error:
        raise Http404(str(error)) from error
    cache = f"private, max-age={_YEAR}, immutable"
    return FileResponse(file, content_type="image/webp", headers={"Cache-Control": cache})


def show_preview(request: HttpRequest, form: JobForm) -> dict[str, Any]:
    """What the preview's template shows for the posted form: pictures, or why there are none."""
    seed = _read_seed(request.POST.get("preview_seed", ""))
    if request.POST.get("action") == "again":
        seed += 1
    plan = form.checked.plan
    if plan is None:
        return {
            "seed": seed,
            "problem": "There is something to mend first; the preview follows the job as it would run.",
        }
    try:
        drawn = draw_preview(plan, seed)
    except DarkroomError as error:
        return {"seed": seed, "error": error}
    key, labels = preview_key(plan, seed), plan.data.training.label_names
    return {
        "seed": seed,
        "key": preview_key(plan, 0),
        "version": plan.data.training,
        "images": [_describe(image, key, labels) for image in drawn.images],
        "is_cell": any(image.original.cell is not None for image in drawn.images),
        "network": plan.resolution.values["model_name"],
    }


def _describe(image: PreviewImage, key: str, labels: list[str]) -> dict[str, Any]:
    names = [{"label": name, "series": find_series(name, labels)} for name in image.labels[:_NAMES]]
    return {
        "path": image.path,
        "names": names,
        "more": max(0, len(image.labels) - _NAMES),
        "original": _picture(image.original, key, labels),
        "views": [_picture(view, key, labels) for view in image.views],
    }


def _picture(drawn: Picture, key: str, labels: list[str]) -> dict[str, Any]:
    return {
        "url": reverse("jobs:preview-picture", args=[key, drawn.file.removesuffix(".webp")]),
        "width": drawn.width,
        "height": drawn.height,
        "sketch": sketch_cell(drawn.cell, drawn.width, drawn.height, labels),
        "objects": len(drawn.cell or []),
    }


def _read_seed(text: str) -> int:
    return int(text) % _MOST_SEEDS if text.isascii() and text.isdecimal() and len(text) < 9 else 0

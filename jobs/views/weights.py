"""The page of pretrained weights."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from jobs.services.weights import add_weights, list_weights, remove_weights, weights_folders
from jobs.views.common import page
from vision.catalog.architectures import ARCHITECTURES
from vision.catalog.task_types import TASK_TYPES
from vision.errors import UserError


@page
@require_http_methods(["GET", "POST"])
def weights(request: HttpRequest) -> HttpResponseBase:
    """What trials can start from, and the form that takes a file."""
    error: UserError | None = None
    if request.method == "POST":
        try:
            name = _take(request)
        except UserError as problem:
            error = problem
        else:
            messages.success(request, f"{name} is there: trials start from it.")
            return redirect("weights:list")
    known = list_weights()
    rows = [
        {
            "info": info,
            "tasks": [TASK_TYPES.get(task).title for task in info.task_types],
            "files": [one for one in known if info.name in one.architectures],
        }
        for info in ARCHITECTURES
    ]
    context = {
        "nav": "models",
        "rows": rows,
        "uploaded": [one for one in known if one.is_uploaded],
        "error": error.to_dict() if error else None,
        "is_offline": settings.STUDIO_OFFLINE,
        "folders": weights_folders(),
        "is_folder_set": bool(settings.STUDIO_WEIGHTS_DIR),
    }
    return render(request, "weights/list.html", context, status=error.status if error else 200)


@page
@require_POST
def delete(request: HttpRequest) -> HttpResponseBase:
    name = request.POST.get("name", "")
    remove_weights(name)
    messages.success(request, f"{name} is deleted.")
    return redirect("weights:list")


def _take(request: HttpRequest) -> str:
    given = request.FILES.get("file")
    if given is None:
        raise UserError("No file came with the form.", hint="Choose a file of weights first.", code="no_file")
    path = _on_disk(given)
    try:
        return add_weights(given.name or "", path).name
    finally:
        path.unlink(missing_ok=True)


def _on_disk(given: UploadedFile[bytes]) -> Path:
    """The bytes as a file of their own: a large upload is one already."""
    if isinstance(given, TemporaryUploadedFile):
        return Path(given.temporary_file_path())
    path = Path(settings.FILE_UPLOAD_TEMP_DIR) / f"weights-{uuid4().hex}"
    with path.open("wb") as file:
        for chunk in given.chunks():
            file.write(chunk)
    return path

"""New datasets: an upload, or the sample."""

from __future__ import annotations

from pathlib import PurePath

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from datasets import services
from datasets.http import acting_user
from datasets.names import suggest_name
from vision.catalog.task_types import TASK_TYPES
from vision.data.labels import LABEL_READERS
from vision.errors import InvalidDatasetError, UserError


def new(request: HttpRequest) -> HttpResponse:
    error: UserError | None = None
    if request.method == "POST":
        try:
            return _create(request)
        except UserError as caught:
            error = caught
            if _wants_json(request):
                return JsonResponse({"error": error.to_dict()}, status=error.status)
    context = {
        "nav": "datasets",
        "error": error,
        "name": request.POST.get("name", request.GET.get("name", "")),
        "task_type": request.POST.get("task", ""),
        "target_column_name": request.POST.get("target_column_name", "label"),
        "task_types": [TASK_TYPES.get(name) for name in LABEL_READERS],
    }
    return render(request, "datasets/new.html", context, status=error.status if error else 200)


@require_POST
def sample(request: HttpRequest) -> HttpResponse:
    return redirect(services.create_sample_version(acting_user(request)))


def _create(request: HttpRequest) -> HttpResponse:
    file = request.FILES.get("file")
    if file is None or not file.name:
        raise InvalidDatasetError("No file was chosen.", hint="Choose a zip, tar, tar.gz or jsonl.", code="no_file")
    version = services.create_version(
        name=request.POST.get("name", "").strip() or suggest_name(PurePath(file.name).name),
        file=file,
        file_name=file.name,
        user=acting_user(request),
        task_type=request.POST.get("task", ""),
        target_column_name=request.POST.get("target_column_name", ""),
    )
    address = version.get_absolute_url()
    return JsonResponse({"location": address}, status=202) if _wants_json(request) else redirect(address)


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("accept", "").startswith("application/json")

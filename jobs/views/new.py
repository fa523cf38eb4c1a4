"""The New job page: three steps beside the same job as YAML."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_POST

from datasets.models import DatasetVersion
from datasets.selectors import get_version
from jobs.forms import JobForm, start_document, start_from
from jobs.forms.page import STEPS, to_step
from jobs.models import Trial
from jobs.selectors import get_job
from jobs.services.control import clone_document, further_document, scratch_document
from jobs.services.previewing import preview_key
from jobs.services.starting import find_start
from jobs.services.submission import submit_job
from jobs.views.preview import PREVIEW_ACTIONS, show_preview
from vision.errors import NotFoundError, UserError
from vision.spec.references import parse_dataset_reference

_MOVES = {"back": -1, "next": 1}


def new_job(request: HttpRequest) -> HttpResponse:
    """The form; a post moves between its steps, takes over edited YAML, or submits (`action`)."""
    if request.method != "POST":
        return _open(request)
    form = JobForm.from_post(request.POST.dict())
    action = request.POST.get("action", "")
    if action == "submit":
        return _submit(request, form)
    if action in PREVIEW_ACTIONS:
        form.step = 2
        return _show(request, form, preview=show_preview(request, form))
    if action.startswith("step-"):
        form.step = to_step(action.removeprefix("step-"))
    form.step = min(max(form.step + _MOVES.get(action, 0), 1), len(STEPS))
    return _show(request, form)


@require_POST
def plan(request: HttpRequest) -> HttpResponse:
    """What would be run, as a fragment."""
    return render(request, "jobs/_new_plan.html", {"form": JobForm.from_post(request.POST.dict())})


@require_POST
def yaml(request: HttpRequest) -> HttpResponse:
    """The job as YAML with what its fields show and what is wrong, and the fields anew where others are shown than the
    page has (`shape`); `download` answers the file itself."""
    form = JobForm.from_post(request.POST.dict())
    if "download" in request.POST:
        response = HttpResponse(form.text, content_type="application/yaml")
        response["Content-Disposition"] = 'attachment; filename="job.yml"'
        return response
    answer = _describe(form)
    if request.POST.get("shape", form.shape) != form.shape:
        answer["parts"] = {
            "data": render_to_string("jobs/_new_data.html", {"form": form}, request),
            "run": render_to_string("jobs/_new_run.html", {"form": form}, request),
        }
    return JsonResponse(answer)


def _open(request: HttpRequest) -> HttpResponse:
    try:
        document, error = _first_document(request), None
    except UserError as caught:
        document, error = start_document(), caught
    form = JobForm.from_document(document, to_step(request.GET.get("step", "")))
    return _show(request, form, error)


def _first_document(request: HttpRequest) -> dict[str, Any]:
    if name := request.GET.get("clone"):
        return clone_document(get_job(name))
    if name := request.GET.get("scratch"):
        return scratch_document(get_job(name))
    if name := request.GET.get("further"):
        return further_document(_find_trial(name))
    version: DatasetVersion | None
    if reference := request.GET.get("dataset"):
        version = get_version(parse_dataset_reference(reference))
    else:
        version = DatasetVersion.objects.filter(status=DatasetVersion.Status.READY).order_by("-created_at").first()
    return start_from(version)


def _find_trial(name: str) -> Trial:
    trial = find_start(name)
    if trial is None:
        raise NotFoundError(f"There is no trial named {name[:100]!r}.", hint="A job's page lists its trials.")
    return trial


def _submit(request: HttpRequest, form: JobForm) -> HttpResponse:
    try:
        job = submit_job(form.text, user=request.user, submission_key=form.idempotency_key)
    except UserError as error:
        form.step = form.step_of_problem()
        return _show(request, form, error, status=error.status)
    return redirect(job)


def _show(
    request: HttpRequest,
    form: JobForm,
    error: UserError | None = None,
    status: int = 200,
    preview: dict[str, Any] | None = None,
) -> HttpResponse:
    context = {"nav": "jobs", "form": form, "error": error, "preview": preview}
    return render(request, "jobs/new.html", context, status=status)


def _describe(form: JobForm) -> dict[str, Any]:
    return {
        "document": form.text,
        "shape": form.shape,
        "values": form.values if form.checked.document is not None else None,
        "problems": [asdict(problem) for problem in form.checked.problems],
        "defaults": {field.name: {"text": field.default_text, "reason": field.reason} for field in form.fields},
        "options": {name: [asdict(option) for option in options] for name, options in form.options.items()},
        "preview": preview_key(form.checked.plan, 0) if form.checked.plan else "",
    }

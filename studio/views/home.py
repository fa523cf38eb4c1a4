"""Home: what to do first, what runs now, the latest models, the machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from datasets.models import Dataset, DatasetVersion
from datasets.samples import SAMPLES
from datasets.services import create_sample_version
from endpoints.models import Endpoint
from jobs.models.status import ENDED, Status
from jobs.selectors import job_progress, list_jobs
from models_registry.models import ModelVersion
from studio.compute import list_nodes
from vision.errors import UserError


@dataclass(frozen=True)
class Step:
    """One line of the first-run checklist."""

    title: str
    text: str
    icon: str
    url: str
    label: str
    is_done: bool


@require_http_methods(["GET", "POST"])
def home(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _use_sample(request)
    template = "home/_now.html" if request.headers.get("X-Live") else "home/home.html"
    return render(request, template, _context())


def _use_sample(request: HttpRequest) -> HttpResponse:
    try:
        task_type = request.POST.get("task") or SAMPLES[0].task_type
        version = create_sample_version(cast(User, request.user), task_type)
    except UserError as error:
        messages.error(request, str(error))
        return redirect("home")
    return redirect(version)


def _context() -> dict[str, object]:
    steps = _steps()
    running = list(list_jobs().exclude(status__in=ENDED)[:8])
    importing = DatasetVersion.objects.filter(status=DatasetVersion.Status.IMPORTING).select_related("dataset")
    models = ModelVersion.objects.exclude(storage_key="").select_related("model")
    return {
        "nav": "home",
        "steps": steps,
        "next_step": next((step for step in steps if not step.is_done), None),
        "is_new": not steps[0].is_done,
        "other_samples": SAMPLES[1:],
        "running": [{"job": job, "progress": job_progress(job)} for job in running],
        "importing": list(importing[:8]),
        "recent": list(list_jobs().filter(status__in=ENDED)[:6]),
        "models": list(models.order_by("-created_at")[:6]),
        "nodes": list_nodes(),
    }


def _steps() -> list[Step]:
    ready = DatasetVersion.objects.filter(status=DatasetVersion.Status.READY).exists()
    trained = list_jobs().filter(status=Status.COMPLETED).first()
    has_model = ModelVersion.objects.exclude(storage_key="").exists()
    jobs = trained.get_absolute_url() if trained else reverse("jobs:list")
    return [
        Step(
            "Bring labelled images",
            "A zip with photos and their labels, or three hundred rendered ones to try with.",
            "photo",
            reverse("datasets:list" if ready or Dataset.objects.exists() else "datasets:new"),
            "Datasets" if ready else "Upload a dataset",
            ready,
        ),
        Step(
            "Train a model on them",
            "Choose an architecture, or keep the one suggested for this machine.",
            "flask",
            reverse("jobs:list" if trained else "jobs:new"),
            "Jobs" if trained else "New job",
            trained is not None,
        ),
        Step(
            "Register the best model",
            "A numbered copy, to download, to deploy and to trace back to its data.",
            "cube",
            reverse("models:list") if has_model else jobs,
            "Models" if has_model else "Open the job",
            has_model,
        ),
        Step(
            "Deploy it and ask why",
            "An address that answers images with predictions, and heat maps that explain them.",
            "rocket",
            reverse("endpoints:list" if Endpoint.objects.exists() else "endpoints:new"),
            "Endpoints" if Endpoint.objects.exists() else "Deploy",
            Endpoint.objects.exists(),
        ),
    ]

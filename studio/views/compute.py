from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from studio.compute import describe_compute


def compute(request: HttpRequest) -> HttpResponse:
    """Machines, their slots and GPUs, what runs on them, and the queues."""
    fragment = bool(getattr(request, "htmx", False))
    template = "compute/_machines.html" if fragment else "compute/compute.html"
    return render(request, template, {"nav": "compute", "storage": settings.STORAGE_URL, **describe_compute()})

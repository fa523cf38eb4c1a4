from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from studio.compute import describe_compute


def compute(request: HttpRequest) -> HttpResponse:
    """Machines, their slots and GPUs, what runs on them, and the queues."""
    fragment = bool(getattr(request, "htmx", False))
    template = "compute/_machines.html" if fragment else "compute/compute.html"
    return render(request, template, {"nav": "compute", "storage": _storage_address(), **describe_compute()})


def _storage_address() -> str:
    """STORAGE_URL without the user and password it may carry."""
    parts = urlsplit(settings.STORAGE_URL)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

"""All datasets."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from datasets import selectors
from datasets.models import DatasetVersion
from datasets.samples import SAMPLES
from datasets.views.context import is_fragment


def listing(request: HttpRequest) -> HttpResponse:
    newest = selectors.list_newest_versions()
    is_busy = any(version.status == DatasetVersion.Status.IMPORTING for version in newest)
    context = {"nav": "datasets", "versions": newest, "is_busy": is_busy, "samples": SAMPLES}
    return render(request, "datasets/_list.html" if is_fragment(request) else "datasets/list.html", context)

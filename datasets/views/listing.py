"""All datasets."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from datasets import selectors


def listing(request: HttpRequest) -> HttpResponse:
    newest = [dataset.newest[0] for dataset in selectors.list_datasets() if dataset.newest]
    context = {"nav": "datasets", "versions": newest, "is_busy": any(version.status == "importing" for version in newest)}
    return render(request, "datasets/_list.html" if request.htmx else "datasets/list.html", context)

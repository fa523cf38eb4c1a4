"""One dataset: overview with import progress and report, jobs."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from datasets import charts, selectors
from datasets.models import DatasetVersion
from datasets.remedies import import_again_url, list_remedies
from datasets.services.keeping import can_import_again, find_kept_until
from datasets.views.context import get_shown_version, is_fragment, page_context, page_url
from datasets.views.grid import grid_items
from datasets.views.guard import guard_page
from vision.data.formats import FORMATS

PHASES = {
    "waiting": "Waiting for a worker",
    "fetching": "Fetching what is to be imported",
    "rendering": "Rendering the pictures",
    "unpacking": "Unpacking the upload",
    "reading": "Reading the labels",
    "checking": "Opening and checking each image",
    "writing": "Writing the manifest",
}
_REPORT_ROWS = 10
_SAMPLES = 12


@guard_page
def overview(request: HttpRequest, name: str) -> HttpResponse:
    version = get_shown_version(request, name)
    is_importing = version.status == DatasetVersion.Status.IMPORTING
    if is_fragment(request):  # the progress card asks again
        return render(request, "datasets/_importing.html", _progress(version)) if is_importing else _refresh()
    findings = [*version.report.get("errors", []), *version.report.get("warnings", [])]
    context = (
        page_context(version, "detail")
        | {
            **_progress(version),
            "headline": version.error and version.error | {"details": []},  # its findings stand in the report below
            "detected": version.report.get("detected", ""),
            "format_title": FORMATS.get(version.format).title if version.format in FORMATS else "",
            "balance": charts.class_balance(version.statistics),
            "sizes": charts.size_histogram(version.statistics),
            "counts": version.report.get("counts", {}),
            "findings": findings[:_REPORT_ROWS],
            "report_url": page_url("report", name, version.number),
            **_ways_on(version),
            "samples": _samples(version),
        }
    )
    return render(request, "datasets/detail.html", context)


@guard_page
def jobs(request: HttpRequest, name: str) -> HttpResponse:
    version = get_shown_version(request, name)
    context = page_context(version, "jobs") | {"jobs": selectors.list_jobs_using(version)}
    return render(request, "datasets/jobs.html", context)


def _progress(version: DatasetVersion) -> dict[str, Any]:
    url = page_url("detail", version.dataset.name, version.number)
    return {"version": version, "url": url, "phase": PHASES.get(version.phase, version.phase)}


def _ways_on(version: DatasetVersion) -> dict[str, Any]:
    """What can be done about a failed import without sending anything again."""
    if version.status != DatasetVersion.Status.FAILED or not can_import_again(version):
        return {}
    codes = dict.fromkeys([(version.error or {}).get("code", ""), *version.report.get("counts", {}).get("by_code", {})])
    remedies = {remedy["url"]: remedy for code in codes for remedy in list_remedies(version, code)}
    return {
        "import_again_url": import_again_url(version),
        "kept_until": find_kept_until(version),
        "remedies": list(remedies.values()),
    }


def _refresh() -> HttpResponse:
    return HttpResponse(headers={"HX-Refresh": "true"})


def _samples(version: DatasetVersion) -> list[dict[str, Any]]:
    """A first row of pictures, so that the overview shows what the data looks like."""
    if not version.is_ready:
        return []
    return grid_items(version, selectors.list_items(version, limit=_SAMPLES).rows)

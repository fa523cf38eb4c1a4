"""The report of an import: what was found, by kind, and every finding with its file and line."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse

from datasets import selectors, storage
from datasets.downloads import send_file
from datasets.http import read_number
from datasets.models import DatasetVersion
from datasets.remedies import import_again_url, list_remedies
from datasets.services.keeping import can_import_again
from datasets.views.context import get_shown_version, page_context, page_url
from datasets.views.guard import guard_page
from vision.data.finding_codes import explain_code
from vision.data.query import list_problems
from vision.errors import NotFoundError

_PAGE = 100


@guard_page
def report(request: HttpRequest, name: str) -> HttpResponse:
    version = get_shown_version(request, name)
    severity, code = request.GET.get("severity", ""), request.GET.get("code", "")[:100]
    page = read_number(request.GET.get("page"), digits=6)
    found, total = selectors.list_findings(version, severity=severity, code=code, offset=page * _PAGE, limit=_PAGE)
    filters: dict[str, str | int | None] = {"severity": severity, "code": code}
    context = {
        "counts": version.report.get("counts", {}),
        "kinds": _list_kinds(version),
        "import_again_url": import_again_url(version) if can_import_again(version) else "",
        "findings": found,
        "total": total,
        "counted": _count(version, severity, code),
        "first": page * _PAGE + 1,
        "last": page * _PAGE + len(found),
        "severity": severity,
        "code": code,
        "code_title": explain_code(code).title if code else "",
        "before": page_url("report", name, version.number, page=page - 1, **filters) if page else "",
        "after": page_url("report", name, version.number, page=page + 1, **filters)
        if (page + 1) * _PAGE < total
        else "",
        "url": page_url("report", name, version.number),
        "download_url": page_url("findings", name, version.number) if version.findings_key else "",
    }
    return render(request, "datasets/report.html", page_context(version, "report") | context)


@guard_page
def findings(request: HttpRequest, name: str) -> HttpResponse | StreamingHttpResponse:
    """All findings as JSON lines."""
    version = get_shown_version(request, name)
    key = version.findings_key
    if not key:
        raise NotFoundError("This version keeps no list of findings.")
    return send_file(
        request,
        storage.open_read(key),
        storage.size(key),
        f"{name}-{version.number}-findings.jsonl",
        etag=key.rsplit("/", 1)[-1],
        content_type="application/x-ndjson",
    )


def _list_kinds(version: DatasetVersion) -> list[dict[str, Any]]:
    by_code = version.report.get("counts", {}).get("by_code", {})
    with_images = list_problems(selectors.manifest_path(version)) if version.is_ready else {}
    export = reverse("datasets:export", args=[version.dataset.name, version.number])
    return [
        {
            "info": explain_code(code),
            "remedies": list_remedies(version, code),
            "count": count,
            "url": page_url("report", version.dataset.name, version.number, code=code),
            "has_images": code in with_images,
            "images_url": page_url("images", version.dataset.name, version.number, problem=code),
            "export_url": f"{export}?{urlencode({'problem': code})}",
        }
        for code, count in by_code.items()
    ]


def _count(version: DatasetVersion, severity: str, code: str) -> int:
    """How many findings there were; the list may hold fewer. 0 where it cannot be said."""
    counts = version.report.get("counts", {})
    if severity and code:
        return 0
    if code:
        return int(counts.get("by_code", {}).get(code, 0))
    return sum(counts.get(f"{one}s", 0) for one in ("error", "warning") if severity in ("", one))

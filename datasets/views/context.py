"""What every page of one dataset shows around its content."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from datasets import selectors
from datasets.models import DatasetVersion


def get_shown_version(request: HttpRequest, name: str) -> DatasetVersion:
    """The version in the address (`?version=2`), else the newest."""
    return selectors.find_version(name, request.GET.get("version") or "latest")


def is_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks: for a part of the page, not the whole."""
    return bool(getattr(request, "htmx", False))


def page_context(version: DatasetVersion, tab: str) -> dict[str, Any]:
    name = version.dataset.name
    numbers = list(version.dataset.versions.values_list("number", flat=True))
    tabs = [("detail", "Overview", None), ("images", "Images", version.image_count if version.is_ready else None)]
    tabs.append(("report", "Report", version.report.get("counts", {}).get("errors") or None))
    tabs.append(("health", "Health", None))
    tabs.append(("map", "Map", None))
    tabs += [("versions", "Versions", len(numbers)), ("exports", "Exports", None)]
    tabs.append(("jobs", "Jobs", len(selectors.list_jobs_using(version))))
    return {
        "nav": "datasets",
        "version": version,
        "dataset": version.dataset,
        "numbers": numbers,
        "tab_items": [
            {"label": label, "url": page_url(route, name, version.number), "current": route == tab, "count": count}
            for route, label, count in tabs
        ],
        "new_version_url": f"{reverse('datasets:new')}?{urlencode({'name': name})}",
        "new_job_url": f"{reverse('jobs:new')}?{urlencode({'dataset': version.reference})}",
    }


def page_url(route: str, name: str, number: int, **query: Any) -> str:
    """A page of one dataset version; empty filters are left out of the address."""
    given = {"version": number} | {key: value for key, value in query.items() if value not in (None, "", [])}
    return f"{reverse(f'datasets:{route}', args=[name])}?{urlencode(given, doseq=True)}"

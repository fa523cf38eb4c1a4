"""The Health tab: what deserves attention in a version, and its figures as pictures."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from datasets import charts
from datasets.charts import Chart, Link
from datasets.charts.sections import SECTIONS, Card
from datasets.health import Facts, Level, Verdict, judge, knows_all
from datasets.models import DatasetVersion
from datasets.views.context import get_shown_version, is_fragment, page_context, page_url
from datasets.views.guard import guard_page
from datasets.views.repeats import draw_repeats, list_repeats

_LINES = 8  # that a chart of the usual height has room for
_FIXES = {
    "classes": ("versions", "#make", "Merge or rename classes"),
    "splits": ("versions", "#make", "Assign splits anew"),
}


@guard_page
def health(request: HttpRequest, name: str) -> HttpResponse:
    version = get_shown_version(request, name)
    is_shown = version.is_ready and version.image_count > 0
    repeats = _list_repeats(version, request.GET.get("repeats", "")) if is_shown else []
    if is_fragment(request) and "repeats" in request.GET:
        asked = [kind for kind in repeats if kind["groups"]]
        return render(request, "datasets/_health_repeats.html", {"kind": asked[0] if asked else None})
    context = page_context(version, "health")
    if is_shown:
        context |= _describe(version, {kind["kind"].id for kind in repeats}) | {"repeats": repeats}
        context["location"] = _map_location(version, request.GET.get("place", ""))
    return render(request, "datasets/health.html", context)


def _list_repeats(version: DatasetVersion, drawn: str) -> list[dict[str, Any]]:
    """Each kind of repeats; only one is drawn, as its pictures may lie anywhere in the manifest. Scripts ask for it."""
    return [
        {
            "kind": kind,
            "groups": draw_repeats(version, kind) if kind.id == drawn else [],
            "url": page_url("health", version.dataset.name, version.number, repeats=kind.id),
        }
        for kind in list_repeats(version)
    ]


def _describe(version: DatasetVersion, shown: set[str]) -> dict[str, Any]:
    statistics = version.statistics
    sections: list[dict[str, Any]] = [
        {"section": section, "charts": list(_draw(section.cards, statistics, partial(_link, version)))}
        for section in SECTIONS
    ]
    sections = [entry for entry in sections if entry["charts"]]
    errors = version.report.get("counts", {}).get("errors", 0)
    facts = Facts(statistics, version.split_counts, errors)
    verdicts = judge(facts)
    anchors = shown | {entry["section"].id for entry in sections}
    return {
        "sections": sections,
        "findings": [
            {"verdict": verdict, "links": _list_links(version, verdict, anchors)}
            for verdict in verdicts
            if verdict.level != Level.GOOD
        ],
        "passed": [verdict for verdict in verdicts if verdict.level == Level.GOOD],
        "knows_all": knows_all(facts),
        "summary": _summarize(version),
        "versions_url": page_url("versions", version.dataset.name, version.number),
    }


def _summarize(version: DatasetVersion) -> dict[str, Any]:
    statistics, images = version.statistics, version.image_count
    objects = (statistics.get("objects") or {}).get("total")
    unlabelled = statistics.get("unlabelled") or 0
    return {
        "objects": objects,
        "objects_per_image": objects / images if objects else None,
        "labelled": (images - unlabelled) / images,
        "unlabelled": unlabelled,
        "background": statistics.get("background"),
        "splits": [
            {"split": split, "count": count, "share": count / images, "url": _link(version, split=split)}
            for split, count in version.split_counts.items()
            if count
        ],
    }


def _draw(cards: tuple[Card, ...], statistics: dict[str, Any], link: Link) -> Iterator[dict[str, Any]]:
    for card in cards:
        chart = card.draw(statistics, link)
        if chart is not None:
            yield {"card": card, "chart": chart, "size": _size(card, chart)}


def _size(card: Card, chart: Chart) -> str:
    if card.size != "bars":
        return f"chart-{card.size}" if card.size else ""
    lines = chart["lines"]
    return "" if lines <= _LINES else "chart-tall" if lines <= 2 * _LINES else "chart-taller"


def _map_location(version: DatasetVersion, label: str) -> dict[str, Any] | None:
    """The heat map of all objects or of one class, and which classes have one."""
    labels = list(version.statistics.get("location_by_label") or {})
    label = label if label in labels else ""
    chart = charts.location_map(version.statistics, label)
    return chart and {"chart": chart, "labels": labels if len(labels) > 1 else [], "label": label}


def _link(version: DatasetVersion, **query: Any) -> str:
    return page_url("images", version.dataset.name, version.number, **query)


def _list_links(version: DatasetVersion, verdict: Verdict, anchors: set[str]) -> Iterator[dict[str, str]]:
    """Where to go from a verdict: to its images, its part of this page, the report, what mends it."""
    name, number = version.dataset.name, version.number
    by_code = version.report.get("counts", {}).get("by_code", {})
    if verdict.images:
        text = f"Show {verdict.shown:,} of the images" if verdict.shown else "Show the images"
        yield {"text": text, "url": _link(version, **verdict.images)}
    if verdict.section in anchors:
        yield {"text": "See below", "url": f"#{verdict.section}"}
    if verdict.code in by_code or verdict.code == "*":
        code = verdict.code if verdict.code in by_code else ""
        yield {"text": "Files and lines", "url": page_url("report", name, number, code=code)}
    if verdict.fix in _FIXES:
        route, anchor, text = _FIXES[verdict.fix]
        yield {"text": text, "url": page_url(route, name, number) + anchor}
    elif verdict.fix == "export":
        address = reverse("datasets:export", args=[name, number])
        yield {"text": "Export them to a labelling tool", "url": f"{address}?{urlencode(verdict.images)}"}

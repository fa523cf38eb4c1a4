"""What the filter bar of the image grid offers, and what it says is chosen."""

from __future__ import annotations

from typing import Any

from datasets import selectors
from datasets.filters import ItemQuery
from datasets.models import DatasetVersion
from datasets.views.context import page_url
from vision.data.finding_codes import explain_code
from vision.data.query import list_problems
from vision.data.records import SPLITS

SORT_TITLES = {
    "row": "As uploaded",
    "-row": "As uploaded, last first",
    "path": "File, A to Z",
    "-path": "File, Z to A",
    "label": "Label, A to Z",
    "-label": "Label, Z to A",
    "-objects": "Most objects first",
    "objects": "Fewest objects first",
    "-pixels": "Largest picture first",
    "pixels": "Smallest picture first",
    "-bytes": "Largest file first",
    "bytes": "Smallest file first",
}
RANGE_TITLES = {
    "objects": ("Objects", ""),
    "width": ("Width", " px"),
    "height": ("Height", " px"),
    "longest": ("Longest side", " px"),
    "bytes": ("File", " bytes"),
}
_SUGGESTED = 50
_LISTED_PROBLEMS = 50
_SIZES = ("width", "height", "longest", "bytes")


def describe_choices(version: DatasetVersion, query: ItemQuery) -> dict[str, Any]:
    """What can be chosen in the filter bar."""
    problems = list_problems(selectors.manifest_path(version))
    codes = dict.fromkeys([*list(problems)[:_LISTED_PROBLEMS], *filter(None, [query.problem])])
    return {
        "splits": [split for split in SPLITS if version.split_counts.get(split)],
        "label_items": selectors.find_labels(version, "", _SUGGESTED),
        "problem_items": [(code, explain_code(code).title, problems.get(code, 0)) for code in codes],
        "unlabelled": version.statistics.get("unlabelled", 0),
        "sort_items": SORT_TITLES.items(),
        "size_items": [
            (name, *RANGE_TITLES[name], getattr(query, f"{name}_min"), getattr(query, f"{name}_max")) for name in _SIZES
        ],
        "has_sizes": any(getattr(query, f"{name}_{end}") is not None for name in _SIZES for end in ("min", "max")),
    }


def describe_filters(version: DatasetVersion, query: ItemQuery) -> list[dict[str, str]]:
    """Each filter in force in words, with the address without it."""
    params = query.to_params()
    found: list[tuple[str, dict[str, Any]]] = []
    for label in query.label:
        found.append((label, {"label": [one for one in query.label if one != label]}))
    titles = {"search": "“{}”", "split": "{}", "rows": "rows {}", "unlabelled": "no label"}
    found += [(title.format(params[name])[:80], {name: ""}) for name, title in titles.items() if name in params]
    if query.problem:
        found.append((explain_code(query.problem).title, {"problem": ""}))
    for name, (title, unit) in RANGE_TITLES.items():
        low, high = params.get(f"{name}_min"), params.get(f"{name}_max")
        if (low, high) != (None, None):
            found.append((_say_range(title, unit, low, high), {f"{name}_min": "", f"{name}_max": ""}))
    name, number = version.dataset.name, version.number
    return [{"text": text, "url": page_url("images", name, number, **(params | without))} for text, without in found]


def _say_range(title: str, unit: str, low: int | None, high: int | None) -> str:
    if low == high:
        return f"{title} {low}{unit}"
    if high is None:
        return f"{title} from {low}{unit}"
    return f"{title} up to {high}{unit}" if low is None else f"{title} {low}–{high}{unit}"

"""Pictures that stand several times in a version, as rows of thumbnails."""

from __future__ import annotations

from typing import Any

from datasets import selectors
from datasets.filters import ItemQuery
from datasets.models import DatasetVersion
from datasets.views.grid import grid_item
from vision.data.filtering import RowFilter

_KINDS = [
    ("leaks-exact", "The same picture in two splits", ("leaks", "exact")),
    ("conflicts", "One picture, different labels", ("conflicts",)),
    ("leaks-near", "Near-duplicates across splits", ("leaks", "near")),
    ("duplicates-near", "Near-duplicates", ("duplicates", "near")),
    ("duplicates-exact", "The same file in several rows", ("duplicates", "exact")),
]
_GROUPS = 6
_PICTURES = 6  # of one group
_Group = tuple[int, ...]


def list_repeats(version: DatasetVersion) -> list[dict[str, Any]]:
    """Groups of each kind, the first few; each group under the gravest kind it is of."""
    chosen = _choose(version.statistics)
    numbers = {row for _, _, _, groups in chosen for group in groups for row in group[:_PICTURES]}
    if not numbers:
        return []
    page = selectors.list_items(version, RowFilter(rows=tuple(sorted(numbers))), limit=len(numbers))
    rows = {row["row"]: row for row in page.rows}
    return [
        {
            "id": name,
            "title": title,
            "total": total,
            "groups": [_draw(version, group, rows) for group in groups],
        }
        for name, title, total, groups in chosen
    ]


def _choose(statistics: dict[str, Any]) -> list[tuple[str, str, int, list[_Group]]]:
    """`(id, title, groups there are, groups to show)` of each kind."""
    shown: set[_Group] = set()
    chosen = []
    for name, title, keys in _KINDS:
        found: Any = statistics
        for key in keys:
            found = (found or {}).get(key)
        new = [group for group in map(tuple, (found or {}).get("examples") or []) if group not in shown][:_GROUPS]
        shown.update(new)
        if new:
            chosen.append((name, title, found.get("groups", found.get("clusters", len(new))), new))
    return chosen


def _draw(version: DatasetVersion, group: _Group, rows: dict[int, Any]) -> dict[str, Any]:
    """The pictures of a group; from each one walks through the group."""
    query = ItemQuery(rows=",".join(map(str, group)))
    shown = [rows[number] for number in group[:_PICTURES] if number in rows]
    return {"items": [grid_item(version, row, query) for row in shown], "more": len(group) - len(shown)}

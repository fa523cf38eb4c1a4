"""Pictures that stand several times in a version, as rows of thumbnails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from datasets import selectors
from datasets.filters import ItemQuery
from datasets.models import DatasetVersion
from datasets.views.grid import grid_items
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


@dataclass(frozen=True)
class Repeats:
    """The `groups` of one kind that are shown, lists of row numbers, of `total`."""

    id: str
    title: str
    total: int
    groups: list[_Group]


def list_repeats(version: DatasetVersion) -> list[Repeats]:
    """What there is of each kind; each group under the gravest kind it is of."""
    return list(_choose(version.statistics))


def draw_repeats(version: DatasetVersion, repeats: Repeats) -> list[dict[str, Any]]:
    """The pictures of the groups of one kind."""
    numbers = {row for group in repeats.groups for row in group[:_PICTURES]}
    page = selectors.list_items(version, RowFilter(rows=tuple(sorted(numbers))), limit=len(numbers))
    rows = {row["row"]: row for row in page.rows}
    return [_draw(version, group, rows) for group in repeats.groups]


def _choose(statistics: dict[str, Any]) -> Iterator[Repeats]:
    shown: set[_Group] = set()
    for name, title, keys in _KINDS:
        found: Any = statistics
        for key in keys:
            found = (found or {}).get(key)
        new = [group for group in map(tuple, (found or {}).get("examples") or []) if group not in shown][:_GROUPS]
        shown.update(new)
        if new:
            yield Repeats(name, title, found.get("groups", found.get("clusters", len(new))), new)


def _draw(version: DatasetVersion, group: _Group, rows: dict[int, Any]) -> dict[str, Any]:
    """The pictures of a group; from each one walks through the group."""
    query = ItemQuery(rows=",".join(map(str, group)))
    shown = [rows[number] for number in group[:_PICTURES] if number in rows]
    return {"items": grid_items(version, shown, query), "more": len(group) - len(shown)}

"""Which rows of a manifest: what a person chooses by, and its SQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

RANGES = {
    "objects": "objects",
    "width": "width",
    "height": "height",
    "longest": "greatest(width, height)",
    "bytes": "bytes",
}
"""What a row can be chosen by least and most of, with its column or expression."""
_FEW = 8  # labels: so many look-ups in a list cost less than one look at all its words


@dataclass(frozen=True)
class RowFilter:
    """Which rows. What is left empty asks nothing; all that is asked must be so.

    `labels`: rows with any of them, or with all of them. `search`: words that stand in the path or a label, whatever
    their case. `problem`: the code of a finding. `unlabelled`: those nobody labelled. `rows`: row numbers, None for
    every row. Sizes in px, both bounds included.
    """

    labels: tuple[str, ...] = ()
    all_labels: bool = False
    split: str = ""
    search: str = ""
    problem: str = ""
    unlabelled: bool = False
    rows: tuple[int, ...] | None = None
    objects_min: int | None = None
    objects_max: int | None = None
    width_min: int | None = None
    width_max: int | None = None
    height_min: int | None = None
    height_max: int | None = None
    longest_min: int | None = None
    longest_max: int | None = None
    bytes_min: int | None = None
    bytes_max: int | None = None


ALL_ROWS = RowFilter()
_FindLabels = Callable[[str], list[str] | None]


def build_conditions(rows: RowFilter, find_labels: _FindLabels = lambda word: None) -> tuple[str, list[Any]]:
    """A filter as an SQL condition on a manifest's columns, with the values to bind.

    `find_labels(word)` may say which of the manifest's labels hold a word in small letters: it makes searching faster.
    """
    conditions: list[str] = ["true"]
    values: list[Any] = []
    if rows.split:
        conditions.append("split = ?")
        values.append(rows.split)
    for name, column in RANGES.items():
        for bound, comparison in (("min", ">="), ("max", "<=")):
            if (limit := getattr(rows, f"{name}_{bound}")) is not None:
                conditions.append(f"{column} {comparison} ?")
                values.append(limit)
    if rows.rows is not None:
        conditions.append("row IN (SELECT unnest(?::BIGINT[]))")
        values.append(list(rows.rows))
    if rows.problem:
        conditions.append("list_contains(problems, ?)")
        values.append(rows.problem)
    if rows.unlabelled:
        conditions.append("annotation = 'null'")
    for condition, given in [_match_labels(rows), *(_match_word(word, find_labels) for word in rows.search.split())]:
        conditions.append(condition)
        values += given
    return " AND ".join(conditions), values


def _match_labels(rows: RowFilter) -> tuple[str, list[Any]]:
    if not rows.labels:
        return "true", []
    if rows.all_labels:
        return " AND ".join(["list_contains(labels, ?)"] * len(rows.labels)), list(rows.labels)
    return _match_any(list(rows.labels))


def _match_any(labels: list[str]) -> tuple[str, list[Any]]:
    if len(labels) > _FEW:
        return "list_has_any(labels, ?::VARCHAR[])", [labels]
    return f"({' OR '.join(['list_contains(labels, ?)'] * len(labels))})", list(labels)


def _match_word(word: str, find_labels: _FindLabels) -> tuple[str, list[Any]]:
    in_path = "contains(lower(path), ?)"
    word = word.lower()
    labels = find_labels(word)
    if labels is None or len(labels) > _FEW:
        return f"({in_path} OR contains(lower(array_to_string(labels, ' ')), ?))", [word, word]
    if not labels:
        return in_path, [word]
    in_labels, values = _match_any(labels)
    return f"({in_path} OR {in_labels})", [word, *values]

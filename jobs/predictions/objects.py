"""Filters of predictions that find objects; each is asked at a score threshold, whichever it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from jobs.models import Trial
from jobs.predictions.rows import Row, Rows
from vision.training.output_names import VALIDATION

ERRORS = {
    "class": "Wrong class",
    "localisation": "Right class, poor fit",
    "both": "Wrong class, poor fit",
    "duplicate": "Found twice",
    "background": "Nothing there",
    "missed": "Missed",
}
ERROR_HELP = {
    "class": "An object is there, but of another class.",
    "localisation": "The object is there and of this class, but the outline fits too badly to count.",
    "both": "Something of another class is near.",
    "duplicate": "The object had been found already, with a higher score.",
    "background": "Found where no object is labelled: a false alarm, or a label that is missing.",
    "missed": "A labelled object that nothing found.",
}
IMAGE_OUTCOMES = {
    "found": "something labelled, something found",
    "overlooked": "something labelled, nothing found",
    "alarm": "nothing labelled, something found",
    "clear": "nothing labelled, nothing found",
}
_WRONG = "list_filter(finds, lambda one: one.error IS NOT NULL AND one.score >= $score)"
_MISSED = "list_filter(objects, lambda one: coalesce(one.covered_from, -1) < $score)"
_HAS_FIND = "len(list_filter(finds, lambda one: one.score >= $score)) > 0"
_COLUMNS = {
    "errors": f"list_concat(list_sort(list_distinct(list_transform({_WRONG}, lambda one: one.error))), "
    f"CASE WHEN len({_MISSED}) > 0 THEN ['missed'] ELSE [] END)",
    "missed": f"len({_MISSED})",
    "loss": f"coalesce(list_sum(list_transform({_WRONG}, lambda one: one.score)), 0.0) + len({_MISSED})",
    "is_right": f"len({_WRONG}) = 0 AND len({_MISSED}) = 0",
}
_OUTCOMES = {
    "found": f"len(objects) > 0 AND {_HAS_FIND}",
    "overlooked": f"len(objects) > 0 AND NOT {_HAS_FIND}",
    "alarm": f"len(objects) = 0 AND crowds = 0 AND {_HAS_FIND}",
    "clear": f"len(objects) = 0 AND crowds = 0 AND NOT {_HAS_FIND}",
}
_ANY_OBJECT = "len(list_filter(objects, lambda one: {})) > 0"
_ANY_FIND = "len(list_filter(finds, lambda one: {})) > 0"
_CONDITIONS = {
    "label": f"({_ANY_OBJECT.format('one.label = $label')} OR "
    f"{_ANY_FIND.format('one.label = $label AND one.score >= $score')})",
    "error": "list_contains(errors, $error)",
    "found": _ANY_OBJECT.format("one.label = $found AND one.found_from >= $score"),
    "lost": _ANY_OBJECT.format("one.label = $lost AND coalesce(one.found_from, -1) < $score"),
    "false": _ANY_FIND.format("one.label = $false AND one.error IS NOT NULL AND one.score >= $score"),
    "size": _ANY_OBJECT.format("one.size = $size AND coalesce(one.found_from, -1) < $score"),
}
_CELL = """
    len(list_filter(pairs, lambda one: abs(one.score - $score) < 1e-9
        AND one.truth IS NOT DISTINCT FROM $truth AND one.predicted IS NOT DISTINCT FROM $predicted)) > 0
"""
_ORDERS = ("worst", "best", "row")


@dataclass(frozen=True)
class ObjectFilter:
    """What to look for on an image; all that is given applies.

    `label`: labelled or found there. `error`: a kind of mistake. `found`, `lost`: an object of this label that was
    found, or was not. `false`: a wrong find of this label. `size`: an object of this size was not found. `outcome`: one
    of `IMAGE_OUTCOMES`. `cell`: truth and prediction of the confusion matrix, None for the background and for missed.
    """

    label: str = ""
    error: str = ""
    found: str = ""
    lost: str = ""
    false: str = ""
    size: str = ""
    outcome: str = ""
    cell: tuple[str | None, str | None] | None = None
    only_errors: bool = False


@dataclass(frozen=True)
class ObjectRows(Rows):
    """Rows whose `truth` and `predictions` are lists."""

    def _ask(self, query: str) -> list[Row]:
        return [_read(row) for row in super()._ask(query)]


def object_rows(
    trial: Trial, chosen: ObjectFilter | None = None, *, score: float, split: str = VALIDATION
) -> ObjectRows:
    """Images with their objects as lists (`truth`, `predictions`). `errors`, `missed`, `loss` and `is_right` are of the
    finds with a score of at least `score`; of a cell of the matrix it has to be one that the report has a matrix at."""
    chosen = chosen or ObjectFilter()
    given = {name: getattr(chosen, name) for name in _CONDITIONS if getattr(chosen, name)}
    conditions, values = [_CONDITIONS[name] for name in given], dict(given)
    if chosen.outcome in _OUTCOMES:
        conditions.append(_OUTCOMES[chosen.outcome])
    if chosen.cell is not None:
        conditions.append(_CELL)
        values |= dict(zip(("truth", "predicted"), chosen.cell, strict=True))
    if chosen.only_errors:
        conditions.append("NOT is_right")
    return ObjectRows(trial, split, _COLUMNS, {"score": score}, tuple(conditions), values, _ORDERS)


def _read(row: Row) -> dict[str, Any]:
    texts = {name: json.loads(row[name]) for name in ("truth", "predictions") if name in row}
    return row | texts

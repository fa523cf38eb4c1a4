"""What was found in the validation images, beside what is there; queried where it lies."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import duckdb

from jobs.models import Trial
from jobs.selectors.predictions import PredictionPage, local_predictions, read_cursor
from vision.errors import NotFoundError

ORDERS = {
    "worst": "loss DESC, row",
    "best": "loss ASC, row",
    "row": "row",
}
ERRORS = {
    "class": "Wrong class",
    "localisation": "Right class, box off",
    "both": "Wrong class, box off",
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
_MOST = 200


@dataclass(frozen=True)
class ObjectFilter:
    """`label`: on the image or found in it; `error`: a kind of mistake; `truth` and `predicted`: a cell of the
    confusion matrix, where an empty name is the background."""

    label: str = ""
    error: str = ""
    truth: str | None = None
    predicted: str | None = None
    only_errors: bool = False


def list_object_predictions(
    trial: Trial, chosen: ObjectFilter, *, order: str = "worst", cursor: str | None = None, limit: int = 24
) -> PredictionPage:
    """Images with their objects as lists (`truth`, `predictions`), worst first by default.

    Raises:
        ConflictError: the trial has no outputs yet.
        NotFoundError: an order or a cursor that is none of ours.
    """
    if order not in ORDERS:
        raise NotFoundError(f"There is no order {order[:40]!r}.", hint=f"Use {', '.join(ORDERS)}.")
    where, values = _conditions(chosen)
    start, limit = read_cursor(cursor), max(1, min(limit, _MOST))
    source = str(local_predictions(trial))
    with duckdb.connect(":memory:", config={"threads": 2, "memory_limit": "512MB"}) as database:
        counted = f"SELECT count(*) FROM read_parquet(?) WHERE {where}"  # noqa: S608  (fixed words only)
        total = database.execute(counted, [source, *values]).fetchall()[0][0]
        query = f"SELECT * FROM read_parquet(?) WHERE {where} ORDER BY {ORDERS[order]} LIMIT ? OFFSET ?"  # noqa: S608
        answer = database.execute(query, [source, *values, limit, start])
        names = [column[0] for column in answer.description or []]
        rows = [_read(dict(zip(names, row, strict=True))) for row in answer.fetchall()]
    following = str(start + limit) if start + limit < total else None
    return PredictionPage(rows, following, total)


def find_object_prediction(trial: Trial, row: int) -> dict[str, Any]:
    """The objects of one image, by its row in the dataset.

    Raises:
        ConflictError: the trial has no outputs yet.
        NotFoundError: the image was not predicted.
    """
    with duckdb.connect(":memory:", config={"threads": 1, "memory_limit": "256MB"}) as database:
        answer = database.execute("SELECT * FROM read_parquet(?) WHERE row = ?", [str(local_predictions(trial)), row])
        names = [column[0] for column in answer.description or []]
        found = answer.fetchone()
    if found is None:
        raise NotFoundError(f"Trial {trial.name} has no prediction for row {row}.")
    return _read(dict(zip(names, found, strict=True)))


def _conditions(chosen: ObjectFilter) -> tuple[str, list[Any]]:
    conditions, values = ["true"], []
    if chosen.label:
        conditions.append("(list_contains(truth_labels, ?) OR list_contains(predicted_labels, ?))")
        values += [chosen.label, chosen.label]
    if chosen.error:
        conditions.append("list_contains(errors, ?)")
        values.append(chosen.error)
    if chosen.truth is not None or chosen.predicted is not None:
        conditions.append("list_contains(pairs, ?)")
        values.append(f"{chosen.truth or ''}\t{chosen.predicted or ''}")
    if chosen.only_errors:
        conditions.append("NOT is_right")
    return " AND ".join(conditions), values


def _read(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"truth": json.loads(row["truth"]), "predictions": json.loads(row["predictions"])}

"""The predictions on the validation images, queried where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from django.conf import settings

from datasets import storage
from jobs.models import Trial
from jobs.selectors.outputs import output_key
from vision.catalog.task_types import TaskType
from vision.errors import NotFoundError

PREDICTIONS = "evaluation/predictions.parquet"
ORDERS = {
    "worst": "loss DESC, row",
    "best": "loss ASC, row",
    "confident": "probability DESC, row",
    "unsure": "probability ASC, row",
    "row": "row",
}
# What each filter asks of a row, by what the task type's columns hold: one name, or a list of them
_ONE_NAME = {
    "truth": "truth = ?",
    "predicted": "predicted = ?",
    "missed": "truth = ? AND truth <> predicted",
    "false": "predicted = ? AND truth <> predicted",
    "wrong": "truth <> predicted",
}
_MANY_NAMES = {
    "truth": "list_contains(truth, ?)",
    "predicted": "list_contains(predicted, ?)",
    "missed": "list_contains(missed_labels, ?)",
    "false": "list_contains(false_labels, ?)",
    "wrong": "NOT is_right",
}
_MOST = 200


@dataclass(frozen=True)
class PredictionPage:
    """A page of predictions; `next` is the cursor of the page after it, `total` counts all that match."""

    rows: list[dict[str, Any]]
    next: str | None
    total: int


def list_predictions(
    trial: Trial,
    *,
    truth: str | None = None,
    predicted: str | None = None,
    missed: str | None = None,
    false: str | None = None,
    only_errors: bool = False,
    order: str = "worst",
    cursor: str | None = None,
    limit: int = 24,
) -> PredictionPage:
    """Predictions worst first by default, those to which all of the given label names apply.

    `truth`: is there; `predicted`: was given; `missed`: is there and was not given; `false`: was given and is not
    there. Multi-label images have any number of labels (`truth` and `predicted` are lists), multi-class images one.

    Raises:
        ConflictError: the trial has no outputs yet.
        NotFoundError: an order or a cursor that is none of ours.
    """
    words = _MANY_NAMES if trial.job.task_type == TaskType.MULTILABEL else _ONE_NAME
    asked = {"truth": truth, "predicted": predicted, "missed": missed, "false": false}
    given = {name: value for name, value in asked.items() if value}
    where = " AND ".join(["true", *(words[name] for name in given), *([words["wrong"]] if only_errors else [])])
    values = list(given.values())
    start = read_cursor(cursor)
    limit = max(1, min(limit, _MOST))
    source = str(local_predictions(trial))
    with duckdb.connect(":memory:", config={"threads": 2, "memory_limit": "512MB"}) as database:
        counted = f"SELECT count(*) FROM read_parquet(?) WHERE {where}"  # noqa: S608  (fixed words only)
        total = database.execute(counted, [source, *values]).fetchall()[0][0]
        query = f"SELECT * FROM read_parquet(?) WHERE {where} ORDER BY {_order(order)} LIMIT ? OFFSET ?"  # noqa: S608
        answer = database.execute(query, [source, *values, limit, start])
        names = [column[0] for column in answer.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    following = str(start + limit) if start + limit < total else None
    return PredictionPage(rows, following, total)


def _order(order: str) -> str:
    if order not in ORDERS:
        raise NotFoundError(f"There is no order {order[:40]!r}.", hint=f"Use {', '.join(ORDERS)}.")
    return ORDERS[order]


def read_cursor(cursor: str | None) -> int:
    """The number of rows to leave out.

    Raises:
        NotFoundError: it is no cursor of ours.
    """
    if not cursor:
        return 0
    if not cursor.isdecimal() or len(cursor) > 12:
        raise NotFoundError(f"{cursor[:40]!r} is not a cursor.", hint="Take it from `next` of the page before.")
    return int(cursor)


def local_predictions(trial: Trial) -> Path:
    """The file of predictions on this machine's disk.

    Raises:
        ConflictError: the trial has no outputs yet.
        NotFoundError: it has none.
    """
    key = output_key(trial, PREDICTIONS)
    cached = Path(settings.STUDIO_HOME) / "cache" / key
    if cached.exists():
        return cached
    try:
        path = storage.fetch_file(key, cached)
    except FileNotFoundError:
        path = cached
    if not path.exists():
        raise NotFoundError(f"Trial {trial.name} has no predictions.")
    return path

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
from vision.errors import NotFoundError

PREDICTIONS = "evaluation/predictions.parquet"
ORDERS = {
    "worst": "loss DESC, row",
    "best": "loss ASC, row",
    "confident": "probability DESC, row",
    "unsure": "probability ASC, row",
    "row": "row",
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
    only_errors: bool = False,
    order: str = "worst",
    cursor: str | None = None,
    limit: int = 24,
) -> PredictionPage:
    """Predictions of a cell of the confusion matrix, or of all of it, worst first by default.

    Raises:
        ConflictError: the trial has no outputs yet.
        NotFoundError: an order or a cursor that is none of ours.
    """
    where, values = _conditions(truth, predicted, only_errors)
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


def _conditions(truth: str | None, predicted: str | None, only_errors: bool) -> tuple[str, list[Any]]:
    conditions, values = ["true"], []
    for column, value in (("truth", truth), ("predicted", predicted)):
        if value is not None and value != "":
            conditions.append(f"{column} = ?")
            values.append(value)
    if only_errors:
        conditions.append("truth <> predicted")
    return " AND ".join(conditions), values


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

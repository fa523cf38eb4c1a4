"""A file of predictions as rows to page through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.conf import settings

from datasets import storage
from jobs.models import Trial
from jobs.selectors.outputs import output_key
from vision.data.reading import ask_dicts
from vision.errors import NotFoundError
from vision.training.output_names import EVALUATION_FILES, VALIDATION

ORDERS = {
    "worst": "loss DESC, row",
    "best": "loss ASC, row",
    "confident": "probability DESC, row",
    "unsure": "probability ASC, row",
    "row": "row",
}
_MOST = 200
Row = dict[str, Any]


@dataclass(frozen=True)
class PredictionPage:
    """A page of predictions; `next` is the cursor of the page after it, `total` counts all that match."""

    rows: list[Row]
    next: str | None
    total: int


@dataclass(frozen=True)
class Neighbours:
    """The rows before and after one, in the order and under the filter that it was come to by; None at an end."""

    before: int | None
    after: int | None


@dataclass(frozen=True)
class Rows:
    """The predictions of one split of a trial that fulfil all `conditions`.

    `columns` are SQL expressions that take the place of columns of the file; `bound` and `values` is what they and the
    conditions name with a `$`. `orders` are those of `ORDERS` that the file can be sorted by.
    """

    trial: Trial
    split: str = VALIDATION
    columns: Mapping[str, str] = field(default_factory=dict)
    bound: Mapping[str, Any] = field(default_factory=dict)
    conditions: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    orders: tuple[str, ...] = tuple(ORDERS)

    def page(self, order: str = "worst", cursor: str | None = None, limit: int = 24) -> PredictionPage:
        """A page of them, worst first by default.

        Raises:
            ConflictError: the trial has no outputs yet.
            NotFoundError: it has no predictions of that split; an order or a cursor that is none of ours.
        """
        start, limit = read_cursor(cursor), max(1, min(limit, _MOST))
        total = self._ask(f"SELECT count(*) AS total FROM chosen WHERE {self._where}")[0]["total"]
        query = f"SELECT * FROM chosen WHERE {self._where} ORDER BY {self._order(order)} LIMIT {limit} OFFSET {start}"
        return PredictionPage(self._ask(query), str(start + limit) if start + limit < total else None, total)

    def find(self, row: int) -> Row:
        """The prediction for one image, by its row in the dataset, whether or not it fulfils the conditions.

        Raises:
            ConflictError, NotFoundError: as `page`; no such row.
        """
        rows = replace(self, conditions=("row = $row",), values={"row": row}).page("row").rows
        if not rows:
            raise NotFoundError(f"Trial {self.trial.name} has no prediction for row {row}.")
        return rows[0]

    def neighbours(self, row: int, order: str = "worst") -> Neighbours:
        """What stands beside a row."""
        query = f"""
            SELECT * FROM (
                SELECT row, lag(row) OVER places AS before, lead(row) OVER places AS after FROM chosen
                WHERE {self._where} WINDOW places AS (ORDER BY {self._order(order)})
            ) WHERE row = {int(row)}
        """
        found = self._ask(query)
        return Neighbours(found[0]["before"], found[0]["after"]) if found else Neighbours(None, None)

    def pick(self, wanted: Sequence[int]) -> dict[int, Row]:
        """The predictions for some images, by their rows in the dataset; what there is none for is left out.

        Raises:
            ConflictError, NotFoundError: as `page`.
        """
        listed = ", ".join(str(int(row)) for row in wanted) or "NULL"
        return {row["row"]: row for row in self._ask(f"SELECT * FROM chosen WHERE row IN ({listed})")}

    def source(self) -> tuple[str, dict[str, Any]]:
        """A query for all rows, conditions aside, and what it names with a `$`.

        Raises:
            ConflictError, NotFoundError: as `page`.
        """
        columns = ", ".join(f"{sql} AS {name}" for name, sql in self.columns.items())
        query = f"SELECT *{f' REPLACE ({columns})' if columns else ''} FROM read_parquet($file)"
        return query, {**self.bound, "file": str(local_predictions(self.trial, self.split))}

    @property
    def _where(self) -> str:
        return " AND ".join(["true", *self.conditions])

    def _order(self, order: str) -> str:
        if order not in self.orders:
            raise NotFoundError(f"There is no order {order[:40]!r}.", hint=f"Use {', '.join(self.orders)}.")
        return ORDERS[order]

    def _ask(self, query: str) -> list[Row]:
        source, bound = self.source()
        return ask_dicts(f"WITH chosen AS ({source}) {query}", {**bound, **self.values})


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


def local_predictions(trial: Trial, split: str = VALIDATION) -> Path:
    """The file of predictions on this machine's disk.

    Raises:
        ConflictError: the trial has no outputs yet.
        NotFoundError: it has none of that split.
    """
    key = output_key(trial, EVALUATION_FILES[split].predictions)
    cached = Path(settings.STUDIO_HOME) / "cache" / key
    if cached.exists():
        return cached
    try:
        path = storage.fetch_file(key, cached)
    except FileNotFoundError:
        path = cached
    if not path.exists():
        raise NotFoundError(f"Trial {trial.name} has no predictions of the {split} images.")
    return path

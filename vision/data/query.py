"""Reading a manifest a page at a time: rows by filter and order, their neighbours, what can be chosen by.

A million rows are no slower to page through than a hundred: row numbers are found over the few narrow columns that the
filter and the order need, and the wide columns are then read of these rows alone. A manifest never changes, so what was
counted once stays known.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from vision.data.filtering import ALL_ROWS, RowFilter, build_conditions
from vision.data.ordering import Order, Place, read_order
from vision.data.reading import Stamp, ask, ask_dicts, read_stamp
from vision.errors import NotFoundError

_LISTED = (
    "row, split, path, sha256, format, width, height, bytes, labels, objects, problems, source_file, source_line, "
    "CASE WHEN strlen(annotation) <= {} THEN annotation END AS annotation"
)
_LARGEST = 1 << 20
_NO_ROW = 1 << 63  # an address may name any number


@dataclass(frozen=True)
class RowPage:
    """A page of rows in their order; `next` is the cursor of the page after it, `total` counts all that match."""

    rows: list[dict[str, Any]]
    next: str | None
    total: int


@dataclass(frozen=True)
class Neighbours:
    """The rows around one among those that match: numbers or None at an end; `index` from 0, of `total`."""

    before: int | None
    after: int | None
    index: int
    total: int


def query_rows(
    path: Path,
    rows: RowFilter = ALL_ROWS,
    *,
    sort: str = "row",
    cursor: str | None = None,
    limit: int = 60,
    largest: int = _LARGEST,
) -> RowPage:
    """A page of rows. `sort` is a name of `ordering.SORTS`, with a minus for the largest first.

    The annotation of a row is None where it has over `largest` bytes.

    Raises:
        NotFoundError: a cursor that is none of ours, or an order nobody knows.
    """
    order = read_order(sort)
    after = order.read_cursor(cursor)
    stamp = read_stamp(path)
    known = _remember(stamp, rows)
    if "total" not in known:
        known["total"], places = _count_and_find(stamp, rows, order, after, limit + 1)
    else:
        places = _find(stamp, rows, order, after, limit + 1)
    following = order.write_cursor(places[limit - 1]) if len(places) > limit else None
    return RowPage(_fetch(path, [place.row for place in places[:limit]], largest), following, known["total"])


def count_rows(path: Path, rows: RowFilter = ALL_ROWS) -> int:
    """How many rows match."""
    stamp = read_stamp(path)
    known = _remember(stamp, rows)
    if "total" not in known:
        where, values = _where(stamp, rows)
        (known["total"],) = ask(f"SELECT count(*) FROM read_parquet(?) WHERE {where}", [str(path), *values])[0]
    return known["total"]


def get_row(path: Path, row: int) -> dict[str, Any]:
    """One row with all its columns.

    Raises:
        NotFoundError: no such row.
    """
    rows = ask_dicts("SELECT * FROM read_parquet(?) WHERE row = ?", [str(path), row]) if row < _NO_ROW else []
    if not rows:
        raise _no_image(row)
    return rows[0]


def list_rows(path: Path, numbers: list[int], largest: int = _LARGEST) -> list[dict[str, Any]]:
    """The rows of these numbers, in this order; the annotation is None where it has over `largest` bytes."""
    return _fetch(path, numbers, largest)


def find_neighbours(path: Path, row: int, rows: RowFilter = ALL_ROWS, *, sort: str = "row") -> Neighbours:
    """The rows before and after one, among those that match; the row itself need not.

    Raises:
        NotFoundError: no such row, or an order nobody knows.
    """
    order = read_order(sort)
    place = _place(path, row, order)
    where, values = _where(read_stamp(path), rows)
    first, last = ("max", "min") if order.is_descending else ("min", "max")
    key = order.struct
    query = (
        f"SELECT {last}({key}) FILTER ({order.before}), {first}({key}) FILTER ({order.after}), "
        f"count(*) FILTER ({order.before}), count(*) FROM read_parquet(?) WHERE {where}"
    )
    around = order.values(place)
    before, after, index, total = ask(query, [*around, *around, *around, str(path), *values])[0]
    return Neighbours(before and before["row"], after and after["row"], index, total)


def has_image(path: Path, sha256: str) -> bool:
    """Whether an image of that hash is in the manifest."""
    return bool(ask("SELECT 1 FROM read_parquet(?) WHERE sha256 = ? LIMIT 1", [str(path), sha256]))


def list_labels(path: Path) -> dict[str, int]:
    """The class names with the number of images that have each, most frequent first."""
    return dict(_list_labels(read_stamp(path)))


def list_problems(path: Path) -> dict[str, int]:
    """The codes of findings about rows with the number of rows, most frequent first."""
    return dict(_list_codes(read_stamp(path)))


def _count_and_find(
    stamp: Stamp, rows: RowFilter, order: Order, after: Place | None, limit: int
) -> tuple[int, list[Place]]:
    """One look at the columns for both: what is searched is found nowhere but there."""
    where, values = _where(stamp, rows)
    beyond, around = (order.after, order.values(after)) if after else ("true", [])
    first = "max" if order.is_descending else "min"
    query = f"SELECT count(*), {first}({order.struct}, {limit}) FILTER ({beyond}) FROM read_parquet(?) WHERE {where}"
    total, places = ask(query, [*around, stamp[0], *values])[0]
    return total, [Place(place["key"], place["row"]) for place in places or ()]


def _find(stamp: Stamp, rows: RowFilter, order: Order, after: Place | None, limit: int) -> list[Place]:
    where, values = _where(stamp, rows)
    beyond, around = (order.after, order.values(after)) if after else ("true", [])
    query = (
        f"SELECT {order.key} AS key, row FROM read_parquet(?) WHERE {where} AND {beyond} ORDER BY {order.by} LIMIT ?"
    )
    return [Place(*found) for found in ask(query, [stamp[0], *values, *around, limit])]


def _place(path: Path, row: int, order: Order) -> Place:
    query = f"SELECT {order.key} AS key, row FROM read_parquet(?) WHERE row = ?"
    found = ask(query, [str(path), row]) if row < _NO_ROW else []
    if not found:
        raise _no_image(row)
    return Place(*found[0])


def _no_image(row: int) -> NotFoundError:
    return NotFoundError(f"There is no image {str(row)[:20]} in this version.")


def _fetch(path: Path, numbers: list[int], largest: int) -> list[dict[str, Any]]:
    """The rows of these numbers, in this order."""
    if not numbers:
        return []
    listed = ", ".join(str(int(number)) for number in numbers)
    within = "row BETWEEN ? AND ?"  # lets whole row groups be passed over
    query = f"SELECT {_LISTED.format(int(largest))} FROM read_parquet(?) WHERE {within} AND row IN ({listed})"
    found = {row["row"]: row for row in ask_dicts(query, [str(path), min(numbers), max(numbers)])}
    return [found[number] for number in numbers]


def _where(stamp: Stamp, rows: RowFilter) -> tuple[str, list[Any]]:
    def find_labels(word: str) -> list[str]:
        return [label for label, _ in _list_labels(stamp) if word in label.lower()]

    return build_conditions(rows, find_labels)


@lru_cache(maxsize=512)
def _remember(stamp: Stamp, rows: RowFilter) -> dict[str, int]:
    """What is known of a filter on a manifest: `total`, once counted."""
    return {}


@lru_cache(maxsize=8)
def _list_labels(stamp: Stamp) -> tuple[tuple[str, int], ...]:
    query = "SELECT unnest(labels) AS label, count(*) AS n FROM read_parquet(?) GROUP BY label ORDER BY n DESC, label"
    return tuple(ask(query, [stamp[0]]))


@lru_cache(maxsize=32)
def _list_codes(stamp: Stamp) -> tuple[tuple[str, int], ...]:
    query = "SELECT unnest(problems) AS code, count(*) AS n FROM read_parquet(?) GROUP BY code ORDER BY n DESC, code"
    return tuple(ask(query, [stamp[0]]))

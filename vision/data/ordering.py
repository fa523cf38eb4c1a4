"""The orders a manifest's rows can be read in, and the cursors that say how far one has read.

Every order is total: rows that tie in it follow each other by their number, and what is missing counts as the smallest.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from vision.errors import NotFoundError

SORTS = {
    "row": "row",
    "path": "coalesce(path, '')",
    "pixels": "coalesce(width::BIGINT * height, 0)",
    "bytes": "coalesce(bytes, 0)",
    "objects": "coalesce(objects, 0)",
    "label": "coalesce(labels[1], '')",
}
"""Names of orders and the SQL of their keys. `label` is the first label of a row."""
_TEXTS = {"path", "label"}
_LARGEST = (1 << 63) - 1


@dataclass(frozen=True)
class Place:
    """Where a row stands in an order."""

    key: Any
    row: int


@dataclass(frozen=True)
class Order:
    """An order of rows; the numbers of rows that tie run the same way."""

    name: str
    is_descending: bool = False

    @property
    def key(self) -> str:
        return SORTS[self.name]

    @property
    def struct(self) -> str:
        """Key and row as one value that compares like the order."""
        return f"{{'key': {self.key}, 'row': row}}"

    @property
    def by(self) -> str:
        way = "DESC" if self.is_descending else "ASC"
        return f"row {way}" if self.name == "row" else f"{self.key} {way}, row {way}"

    @property
    def after(self) -> str:
        """The condition of rows that come after a place, whose `values` are bound."""
        return self._beyond("<" if self.is_descending else ">")

    @property
    def before(self) -> str:
        return self._beyond(">" if self.is_descending else "<")

    def values(self, place: Place) -> list[Any]:
        return [place.row] if self.name == "row" else [place.key, place.row]

    def write_cursor(self, place: Place) -> str:
        """A cursor for the rows after a place."""
        if self.name == "row":
            return str(place.row)
        content = json.dumps([self.name, place.key, place.row], ensure_ascii=False, separators=(",", ":"))
        return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")

    def read_cursor(self, cursor: str | None) -> Place | None:
        """The place a cursor stands for, None for the beginning.

        Raises:
            NotFoundError: it is none of ours, or of another order.
        """
        if not cursor:
            return None
        if self.name == "row":
            if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 15):
                raise _no_cursor(cursor)
            return Place(int(cursor), int(cursor))
        try:
            name, key, row = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        except (ValueError, TypeError, binascii.Error, RecursionError):
            raise _no_cursor(cursor) from None
        is_key = isinstance(key, str) if self.name in _TEXTS else _is_number(key)
        if name != self.name or not is_key or not _is_number(row):
            raise _no_cursor(cursor)
        return Place(key, row)

    def _beyond(self, comparison: str) -> str:
        return f"row {comparison} ?" if self.name == "row" else f"({self.key}, row) {comparison} (?, ?)"


def read_order(sort: str) -> Order:
    """`bytes`, or `-bytes` for the largest first.

    Raises:
        NotFoundError: an order nobody knows.
    """
    name = sort.removeprefix("-") or "row"
    if name not in SORTS:
        known = ", ".join(SORTS)
        raise NotFoundError(f"Rows cannot be sorted by {name[:40]!r}.", hint=f"They can be by {known}.")
    return Order(name, sort.startswith("-"))


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _no_cursor(cursor: str) -> NotFoundError:
    return NotFoundError(f"{cursor[:40]!r} is not a cursor.", hint="Take it from `next` of the page before.")

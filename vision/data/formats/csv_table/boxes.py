"""Tables with one row a box: the rows of an image need not stand together."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any


class InvalidBoxError(ValueError):
    """A row whose box cannot be used. `str()` says why."""


@dataclass(frozen=True, slots=True)
class BoxRow:
    """One row: `corners` as they are written (left, top, right, bottom), None where the row says there is nothing."""

    image: str
    line: int
    name: str
    corners: tuple[float, float, float, float] | None
    is_crowd: bool = False
    size: tuple[int, int] | None = None
    split: str = ""
    group: str = ""
    source: str = ""


def read_corner(cell: str, title: str) -> float:
    """A finite number.

    Raises:
        InvalidBoxError: anything else.
    """
    try:
        value = float(cell) if "_" not in cell else math.nan  # Python takes 1_000 for a number
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InvalidBoxError(f"{title} is {cell[:40]!r}, not a number.")
    return value


class BoxRows:
    """Rows put aside on disk, and given back image by image in the order each image was first named."""

    def __init__(self) -> None:
        # An empty name is a database in a file of SQLite's own that goes with the connection
        self._rows = sqlite3.connect("", isolation_level=None)
        self._rows.execute("PRAGMA journal_mode = OFF")
        self._rows.execute("PRAGMA synchronous = OFF")
        self._rows.execute(
            "CREATE TABLE boxes (image BLOB, bad INTEGER, line INTEGER, name TEXT, x1 REAL, y1 REAL, x2 REAL, y2 REAL, "
            "crowd INTEGER, width INTEGER, height INTEGER, split TEXT, grp TEXT, source TEXT)"
        )

    def add(self, row: BoxRow) -> None:
        corners, size = row.corners or (None,) * 4, row.size or (None, None)
        values = (row.line, row.name, *corners, row.is_crowd, *size, row.split, row.group, row.source)
        self._insert(row.image, False, values)

    def refuse(self, image: str, line: int) -> None:
        """Leave an image out, whatever else is said of it: with a box missing it would teach that nothing is there."""
        self._insert(image, True, (line, "", *(None,) * 4, False, None, None, "", "", ""))

    def iterate_images(self, most: int) -> Iterator[list[BoxRow]]:
        """The rows of each image that has no bad one, at most `most` of them."""
        self._rows.execute("CREATE INDEX by_image ON boxes (image)")
        query = (
            "SELECT boxes.* FROM boxes JOIN (SELECT image AS named, min(rowid) AS first, max(bad) AS spoilt FROM boxes "
            "GROUP BY image) ON image = named WHERE NOT spoilt ORDER BY first, boxes.rowid"
        )
        for _, rows in groupby(self._rows.execute(query), key=itemgetter(0)):
            yield [_to_row(row) for row, _ in zip(rows, range(most), strict=False)]

    def _insert(self, image: str, is_bad: bool, values: tuple[Any, ...]) -> None:
        marks = ", ".join("?" * 14)
        texts = (value.encode("utf-8", "replace").decode() if isinstance(value, str) else value for value in values)
        self._rows.execute(
            f"INSERT INTO boxes VALUES ({marks})", (image.encode("utf-8", "surrogateescape"), is_bad, *texts)
        )


def _to_row(row: tuple[Any, ...]) -> BoxRow:
    image, _, line, name, *corners, is_crowd, width, height, split, group, source = row
    return BoxRow(
        image=image.decode("utf-8", "surrogateescape"),
        line=line,
        name=name,
        corners=None if corners[0] is None else (corners[0], corners[1], corners[2], corners[3]),
        is_crowd=bool(is_crowd),
        size=(width, height) if width and height else None,
        split=split,
        group=group,
        source=source,
    )

"""Where in a COCO file its images and annotations stand: kept on disk, asked image by image."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO

from vision.data.databases import iterate_rows

_TABLES = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA cache_size = -65536;
    CREATE TABLE images (start INTEGER PRIMARY KEY, size INTEGER NOT NULL, id TEXT NOT NULL UNIQUE);
    CREATE TABLE annotations (start INTEGER PRIMARY KEY, size INTEGER NOT NULL, id TEXT NOT NULL);
"""


class AnnotationIndex:
    """The images and annotations of one file by image id: their bytes stay in the file, their places go to disk.

    Close it, or use it as a context manager.
    """

    def __init__(self, file: Path) -> None:
        # An empty name is a database in a file of SQLite's own that goes with the connection
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(_TABLES)
        self._database.execute("BEGIN")
        self._file: IO[bytes] = file.open("rb")

    def __enter__(self) -> AnnotationIndex:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()
        self._database.close()

    def add_image(self, image_id: str, start: int, size: int) -> bool:
        """False where an image of that id was added before; the new one is then left out."""
        query = "INSERT OR IGNORE INTO images VALUES (?, ?, ?)"
        return self._database.execute(query, (start, size, image_id)).rowcount == 1

    def add_annotation(self, image_id: str, start: int, size: int) -> None:
        self._database.execute("INSERT INTO annotations VALUES (?, ?, ?)", (start, size, image_id))

    def finish(self) -> None:
        """To be called between the last addition and the first question."""
        self._database.execute("COMMIT")
        self._database.execute("CREATE INDEX by_image ON annotations (id, start, size)")

    def images(self) -> Iterator[tuple[str, bytes]]:
        """Id and bytes of every image, in the order of the file."""
        query = "SELECT id, start, size FROM images ORDER BY start"
        for image_id, start, size in iterate_rows(self._database.execute(query)):
            yield image_id, self._read(start, size)

    def measure(self, image_id: str) -> tuple[int, int]:
        """How many annotations an image has, and their bytes together."""
        query = "SELECT count(*), coalesce(sum(size), 0) FROM annotations WHERE id = ?"
        count, size = self._database.execute(query, (image_id,)).fetchone()
        return int(count), int(size)

    def annotations(self, image_id: str) -> Iterator[bytes]:
        """The annotations of an image, in the order of the file."""
        query = "SELECT start, size FROM annotations WHERE id = ? ORDER BY start"
        for start, size in iterate_rows(self._database.execute(query, (image_id,))):
            yield self._read(start, size)

    def strays(self) -> Iterator[tuple[str, bytes]]:
        """Image id and bytes of every annotation whose image there is not."""
        query = "SELECT id, start, size FROM annotations WHERE id NOT IN (SELECT id FROM images) ORDER BY start"
        for image_id, start, size in iterate_rows(self._database.execute(query)):
            yield image_id, self._read(start, size)

    def _read(self, start: int, size: int) -> bytes:
        self._file.seek(start)
        return self._file.read(size)

"""What differs between two manifests, image by image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from vision.data.databases import connect, iterate_rows, quote
from vision.data.drafts import draft_of
from vision.data.reading import ask, ask_dicts
from vision.errors import NotFoundError

KINDS = ("added", "removed", "relabelled", "moved")
"""`moved` is to another split; an image may be relabelled and moved at once."""
_NARROW = "row, sha256, path, split, hash(annotation) AS cell"
_SHOWN = "row, path, sha256, split, width, height, labels, objects, problems, " + (
    "CASE WHEN strlen(annotation) <= 262144 THEN annotation END AS annotation"
)


@dataclass(frozen=True)
class Changes:
    """How many images differ, and in what."""

    added: int = 0
    removed: int = 0
    relabelled: int = 0
    moved: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.removed or self.relabelled or self.moved)


@dataclass(frozen=True)
class ChangedImage:
    """An image as it was (None where it is new) and as it is (None where it is gone); `kinds` of `KINDS`.

    An annotation over 256 KB is left out: it is None.
    """

    kinds: tuple[str, ...]
    old: dict[str, Any] | None
    new: dict[str, Any] | None


@dataclass(frozen=True)
class ChangePage:
    """A page of changes; `next` is the cursor of the one after it, `total` counts all of the kind."""

    images: list[ChangedImage]
    next: str | None
    total: int


def write_changes(old: Path, new: Path, target: Path) -> None:
    """Compare two manifests and keep the images that differ in a Parquet file `target`.

    An image is the same where its bytes are; where they stand several times, rows of one path belong together.
    """
    with draft_of(target) as draft, connect(target.parent) as database:
        for name, manifest in (("old", old), ("new", new)):
            nth = "row_number() OVER (PARTITION BY sha256, path ORDER BY row) AS nth"
            database.execute(f"CREATE TABLE {name} AS SELECT {_NARROW}, {nth} FROM read_parquet(?)", [str(manifest)])
        database.execute(
            """
            CREATE TABLE pairs AS
            SELECT old.row AS old_row, new.row AS new_row FROM old JOIN new USING (sha256, path, nth)
            """
        )
        _pair_by_hash(database)
        database.execute(_CHANGED.format(target=quote(draft)))


def count_changes(changes: Path) -> Changes:
    """The numbers of what `write_changes` wrote."""
    counts = ", ".join(f"count(*) FILTER ({kind})" for kind in KINDS)
    return Changes(*ask(f"SELECT {counts} FROM read_parquet(?)", [str(changes)])[0])


def list_changes(
    changes: Path, old: Path, new: Path, *, kind: str = "", cursor: str | None = None, limit: int = 60
) -> ChangePage:
    """A page of changed images, of one kind or of all, those that are new or still there first.

    Raises:
        NotFoundError: an unknown kind, or a cursor that is none of ours.
    """
    if kind and kind not in KINDS:
        raise NotFoundError(f"{kind[:40]!r} is no kind of change.", hint=f"Kinds are {', '.join(KINDS)}.")
    condition = kind or "true"
    total = ask(f"SELECT count(*) FROM read_parquet(?) WHERE {condition}", [str(changes)])[0][0]
    query = f"SELECT * FROM read_parquet(?) WHERE {condition} AND place > ? ORDER BY place LIMIT ?"
    found = ask(query, [str(changes), _read_cursor(cursor), limit + 1])
    page = found[:limit]
    before = _read_rows(old, [row[1] for row in page])
    after = _read_rows(new, [row[2] for row in page])
    images = [
        ChangedImage(
            tuple(name for name, is_so in zip(KINDS, flags, strict=True) if is_so),
            before.get(old_row),
            after.get(new_row),
        )
        for _, old_row, new_row, *flags in page
    ]
    return ChangePage(images, str(page[-1][0]) if len(found) > limit else None, total)


def list_only_here(manifest: Path, others: Sequence[Path]) -> Iterator[tuple[str, int]]:
    """Hash and size in bytes of each image that none of the other manifests names."""
    with connect(manifest.parent) as database:
        query = "SELECT sha256, any_value(bytes) FROM read_parquet(?) GROUP BY sha256"
        values: list[Any] = [str(manifest)]
        if others:
            query = f"SELECT * FROM ({query}) mine WHERE sha256 NOT IN (SELECT sha256 FROM read_parquet(?))"
            values.append([str(path) for path in others])
        yield from iterate_rows(database.execute(query, values))


def list_unnamed(hashes: Path, manifests: Sequence[Path]) -> Iterator[str]:
    """Those of a file's hashes, one a line and perhaps repeated, that no manifest names."""
    with connect(hashes.parent) as database:
        query = (
            "SELECT DISTINCT sha256 FROM read_csv(?, header = false, columns = {'sha256': 'VARCHAR'}) "
            "WHERE regexp_full_match(sha256, '[0-9a-f]{64}')"
        )
        values: list[Any] = [str(hashes)]
        if manifests:
            query = f"SELECT * FROM ({query}) WHERE sha256 NOT IN (SELECT sha256 FROM read_parquet(?))"
            values.append([str(path) for path in manifests])
        for (sha256,) in iterate_rows(database.execute(query, values)):
            yield sha256


def _pair_by_hash(database: duckdb.DuckDBPyConnection) -> None:
    """Pictures that lie under another path now."""
    left = "SELECT {}, row_number() OVER (PARTITION BY sha256 ORDER BY row) AS nth FROM {} WHERE row NOT IN ({})"
    old = left.format("row, sha256", "old", "SELECT old_row FROM pairs")
    new = left.format("row, sha256", "new", "SELECT new_row FROM pairs")
    database.execute(
        f"INSERT INTO pairs SELECT o.row, n.row FROM ({old}) o JOIN ({new}) n ON o.sha256 = n.sha256 AND o.nth = n.nth"
    )


_CHANGED = """
COPY (
    SELECT row_number() OVER (ORDER BY new_row NULLS LAST, old_row) AS place, * FROM (
        SELECT o.row AS old_row, n.row AS new_row, o.row IS NULL AS added, n.row IS NULL AS removed,
               coalesce(o.cell <> n.cell, false) AS relabelled, coalesce(o.split <> n.split, false) AS moved
        FROM old o FULL OUTER JOIN pairs ON o.row = pairs.old_row FULL OUTER JOIN new n ON n.row = pairs.new_row)
    WHERE added OR removed OR relabelled OR moved ORDER BY place
) TO {target} (FORMAT parquet)
"""


def _read_rows(manifest: Path, rows: list[int | None]) -> dict[Any, Any]:
    numbers = [row for row in rows if row is not None]
    if not numbers:
        return {}
    query = f"SELECT {_SHOWN} FROM read_parquet(?) WHERE row BETWEEN ? AND ? AND row IN (SELECT unnest(?::BIGINT[]))"
    found = ask_dicts(query, [str(manifest), min(numbers), max(numbers), numbers])
    return {row["row"]: row for row in found}


def _read_cursor(cursor: str | None) -> int:
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 15):
        raise NotFoundError(f"{cursor[:40]!r} is not a cursor.", hint="Take it from `next` of the page before.")
    return int(cursor)

"""What the images of a version are called in an export, and found by when their labels come back."""

from __future__ import annotations

from pathlib import Path

import duckdb

from vision.data.upload import IMAGE_NAMES

_LEGAL = r"""regexp_replace(replace(path, '\', '/'), '[<>:"|?*\x00-\x1f]', '_', 'g')"""  # on every system
_PARTS = f"list_filter(string_split({_LEGAL}, '/'), lambda part: part NOT IN ('', '.', '..'))"
_CLEAN = f"coalesce(nullif(regexp_replace(array_to_string({_PARTS}, '/'), '^(@|images/)+', ''), ''), 'image')"
_IS_NAMED = " OR ".join(f"ends_with(lower(name), '{extension}')" for extension in IMAGE_NAMES)


def create_names(database: duckdb.DuckDBPyConnection, manifest: Path) -> None:
    """The table `names`: `row` and a `name` no other row has, not even in other case.

    It is the row's path without a leading `images/`; one that repeats ends in `-2`, `-3`; one that is not called like
    an image gets the extension of its format. All rows of a manifest are named together, so that a part of them goes
    by the same names as the whole.
    """
    query = (
        f"SELECT row, CASE WHEN {_IS_NAMED} THEN name ELSE name || '.' || format END AS name "
        f"FROM (SELECT row, format, {_CLEAN} AS name FROM read_parquet(?)) ORDER BY row"
    )
    database.execute(f"CREATE TABLE names AS {query}", [str(manifest)])
    while _number_repeats(database):
        pass


def _number_repeats(database: duckdb.DuckDBPyConnection) -> int:
    """Give names that came before a number; how many there were. A number may make a new repeat."""
    query = r"""
        UPDATE names SET name = regexp_replace(names.name, '(\.[^./]*)?$', '-' || nth || '\1')
        FROM (SELECT row, row_number() OVER (PARTITION BY lower(name) ORDER BY row) AS nth FROM names) repeats
        WHERE repeats.row = names.row AND nth > 1
    """
    return int(database.execute(query).fetchall()[0][0])

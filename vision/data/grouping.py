"""Which rows of an import belong together, and which split each gets where the user asked for new ones.

Both work on the table `rows` of an import (`joining`): a few bytes a row are in memory at a time.
"""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vision.data.duplicates import find_near_duplicates
from vision.data.options import ImportSettings
from vision.data.splits import assign_splits, merge_groups

Codes = NDArray[np.int64]


def group_rows(database: duckdb.DuckDBPyConnection, settings: ImportSettings) -> None:
    """Extend `group` so that near-duplicates share one; groups they connect become one group.

    A row that is alone keeps what the user said, "" where that is nothing.
    """
    if not settings.keeps_near_duplicates_together:
        return
    columns = _read(database, 'seq, phash, dense_rank() OVER (ORDER BY "group") AS named, "group" = \'\' AS alone')
    seq = columns["seq"].astype(np.int64)
    if not len(seq):
        return
    named = np.where(columns["alone"], seq + len(seq) + 1, columns["named"]).astype(np.int64)
    similar = find_near_duplicates(columns["phash"].astype(np.int64), settings.near_duplicate_distance)
    _write_groups(database, seq, merge_groups(named, similar))


def assign_rows(database: duckdb.DuckDBPyConnection, settings: ImportSettings) -> None:
    """Give every row a new split by the shares the settings name; a group lies in one split."""
    shares = {"validation": settings.validation_fraction, "test": settings.test_fraction}
    fractions = {"train": 1 - sum(shares.values()), **{name: share for name, share in shares.items() if share}}
    labels = [row[0] for row in database.execute("SELECT labels FROM rows ORDER BY seq").fetchall()]
    columns = _read(
        database, 'seq, CASE WHEN "group" = \'\' THEN -1 - seq ELSE dense_rank() OVER (ORDER BY "group") END AS code'
    )
    splits = assign_splits(labels, fractions, settings.seed, columns["code"].astype(np.int64))
    given = pa.table({"seq": columns["seq"], "split": pa.array([str(split) for split in splits])})
    database.register("given", given)
    database.execute("UPDATE rows SET split = given.split FROM given WHERE rows.seq = given.seq")
    database.unregister("given")


def _write_groups(database: duckdb.DuckDBPyConnection, seq: Codes, codes: Codes) -> None:
    """A group of several rows is named by the user's name of its first row that has one, else by its first row."""
    database.register("codes", pa.table({"seq": seq, "code": codes}))
    database.execute(
        """
        UPDATE rows SET "group" = named.name FROM codes JOIN (
            SELECT code, coalesce(arg_min("group", seq) FILTER ("group" <> ''), '~' || min(seq)) AS name
            FROM rows JOIN codes USING (seq) GROUP BY code HAVING count(*) > 1
        ) named USING (code)
        WHERE rows.seq = codes.seq
        """
    )
    database.unregister("codes")


def _read(database: duckdb.DuckDBPyConnection, columns: str) -> dict[str, Any]:
    query = f"SELECT {columns} FROM rows ORDER BY seq"
    found: dict[str, Any] = database.execute(query).fetchnumpy()
    return found

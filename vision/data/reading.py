"""Queries of Parquet files, by one database a process: what all of them take of the memory together is bounded."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import duckdb

from vision.data.databases import open_database

_MEMORY = "80MB"  # of all queries of this process together
_AT_ONCE = 2  # queries: each uses both threads, more of them would only share the memory
Values = Sequence[Any] | Mapping[str, Any]
Stamp = tuple[str, int, int]


def read_stamp(path: Path) -> Stamp:
    """What a file is known by, its path first: a path may hold another file tomorrow."""
    facts = path.stat()
    return str(path), facts.st_mtime_ns, facts.st_size


def ask(query: str, values: Values) -> list[Any]:
    """The rows of an answer, tuples. `values` are bound to the `?` of the query, or a mapping to its `$` names."""
    return _read(query, values)[1]


def ask_dicts(query: str, values: Values) -> list[dict[str, Any]]:
    """As `ask`, each row by the names of its columns."""
    names, rows = _read(query, values)
    return [dict(zip(names, row, strict=True)) for row in rows]


def _read(query: str, values: Values) -> tuple[list[str], list[Any]]:
    """The names of the columns and the rows of an answer."""
    database, slots = _open(os.getpid())
    with slots:
        try:
            with database.cursor() as cursor:
                return _execute(cursor, query, values)
        except duckdb.OutOfMemoryException:
            with open_database() as alone:
                return _execute(alone, query, values)


def _execute(connection: duckdb.DuckDBPyConnection, query: str, values: Values) -> tuple[list[str], list[Any]]:
    answer = connection.execute(query, values)
    return [column[0] for column in answer.description], answer.fetchall()


@lru_cache(maxsize=1)
def _open(process: int) -> tuple[duckdb.DuckDBPyConnection, BoundedSemaphore]:
    """The database of a process; a process forked from it has another."""
    return open_database(_MEMORY), BoundedSemaphore(_AT_ONCE)

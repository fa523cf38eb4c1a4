"""DuckDB over the Parquet files of an import or a version: how its databases are opened, and how much they may take."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb


@dataclass(eq=False)
class _Engine:
    """A running DuckDB. It takes 20 ms to start: what works one after another in a process has one between them."""

    spill: Path | None
    root: duckdb.DuckDBPyConnection
    users: int = 0


_lock = Lock()
_kept: dict[str, _Engine] = {}  # by what they may hold in memory
_of_parents: list[dict[str, _Engine]] = []
_numbers = count()


def open_database(memory: str = "512MB", spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A database of the caller's own; it takes at most `memory`, and puts the rest into the folder `spill` or fails."""
    config: dict[str, Any] = {"threads": 2, "memory_limit": memory, "temp_directory": str(spill or "")}
    database = duckdb.connect(":memory:", config=config)
    database.execute("SET enable_progress_bar = false")  # it is drawn on stdout, which is somebody else's
    database.execute("SET enable_external_file_cache = false")  # the machine keeps read files by itself
    return database


@contextmanager
def connect(spill: Path | None, file: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty database in memory, or the one in `file`, for as long as the context lasts.

    All that are open for one folder `spill` hold at most 256 MB together, and put the rest into it. Without one they
    hold at most 512 MB together, and fail beyond.
    """
    memory = "512MB" if spill is None else "256MB"
    engine = _take(memory, spill)
    name = f"lent_{next(_numbers)}"
    try:
        with engine.root.cursor() as database:
            database.execute(f"ATTACH {quote(file or ':memory:')} AS {name}")
            database.execute(f"USE {name}")
            yield database
    finally:
        with _lock:
            engine.users -= 1
            engine.root.execute(f"DETACH DATABASE IF EXISTS {name}")
            _close_unused(engine)


def quote(value: Path | str) -> str:
    """A text as SQL has it, where no parameter can stand."""
    return "'" + str(value).replace("'", "''") + "'"


def iterate_rows(answer: Any, size: int = 1_000) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, a batch of them in memory at a time."""
    while rows := answer.fetchmany(size):
        yield from rows


def _take(memory: str, spill: Path | None) -> _Engine:
    with _lock:
        engine = _kept.get(memory)
        if engine is None or not _move(engine, spill):
            _kept[memory] = _Engine(spill, open_database(memory, spill))
            if engine is not None:
                _close_unused(engine)
            engine = _kept[memory]
        engine.users += 1
        return engine


def _move(engine: _Engine, spill: Path | None) -> bool:
    """Whether what does not fit into the memory goes to the folder `spill` from now on."""
    if engine.spill == spill:
        return True
    if engine.users:
        return False
    try:
        engine.root.execute(f"SET temp_directory = {quote(spill or '')}")
    except duckdb.NotImplementedException:  # something went to the other one
        return False
    engine.spill = spill
    return True


def _close_unused(engine: _Engine) -> None:
    if not engine.users and engine not in _kept.values():
        engine.root.close()


def _begin_anew() -> None:
    """A forked process has none of the threads that its parent's databases wait for: it leaves those alone."""
    global _lock, _kept
    _of_parents.append(_kept)
    _lock, _kept = Lock(), {}


os.register_at_fork(after_in_child=_begin_anew)

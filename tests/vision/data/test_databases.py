"""Databases that share an engine know nothing of one another."""

from __future__ import annotations

import os
import threading

import duckdb
import pytest

from vision.data.databases import connect

MUCH = "CREATE TABLE much AS SELECT range AS number, repeat(md5(range::VARCHAR), 20) AS text FROM range({})"


def test_each_is_empty_and_gone_with_its_context(tmp_path):
    with connect(tmp_path) as first, connect(tmp_path) as second:
        for value, database in enumerate((first, second)):
            database.execute(f"CREATE TABLE rows AS SELECT {value} AS value")
            database.execute("CREATE TEMP TABLE own AS SELECT 1")
        assert first.execute("SELECT value FROM rows").fetchall() == [(0,)]
        assert second.execute("SELECT value FROM rows").fetchall() == [(1,)]
    with connect(tmp_path) as third:
        assert third.execute("SELECT count(*) FROM duckdb_tables()").fetchall() == [(0,)]
        assert third.execute(
            "SELECT count(*) FROM duckdb_databases() WHERE database_name LIKE 'lent_%'"
        ).fetchall() == [(1,)]


def test_one_that_fails_leaves_nothing_behind(tmp_path):
    def fail() -> None:
        with connect(tmp_path) as database:
            database.execute("BEGIN")
            database.execute("CREATE TABLE rows AS SELECT 1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with connect(tmp_path) as database:
        assert database.execute("SELECT count(*) FROM duckdb_tables()").fetchall() == [(0,)]


def test_a_file_keeps_its_tables(tmp_path):
    file = tmp_path / "it's kept.duckdb"
    with connect(tmp_path, file=file) as database:
        database.execute("CREATE TABLE rows AS SELECT 5 AS value")
    with connect(tmp_path, file=file) as database:
        assert database.execute("SELECT value FROM rows").fetchall() == [(5,)]


@pytest.mark.heavy
def test_what_does_not_fit_goes_to_the_folder_that_was_named(tmp_path):
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
        with connect(folder) as database:
            database.execute(MUCH.format(700_000))
            written = sum(path.stat().st_size for path in folder.iterdir())
        assert written > 10_000_000
        assert [other.name for other in folders if other != folder and any(other.glob("*.tmp"))] == []


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with connect(spill=None) as database, pytest.raises(duckdb.OutOfMemoryException):
        database.execute(MUCH.format(2_000_000))
    assert list(tmp_path.iterdir()) == []


def test_threads_and_forked_processes_have_their_own(tmp_path):
    counts = []

    def work(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        for _ in range(5):
            with connect(folder) as database:
                database.execute("CREATE TABLE rows AS SELECT * FROM range(1000)")
                counts.append(database.execute("SELECT count(*) FROM rows").fetchall()[0][0])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [1000] * 20
    with connect(tmp_path):
        child = os.fork()
        if child == 0:
            with connect(tmp_path) as database:
                os._exit(database.execute("SELECT 7").fetchall()[0][0])
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7

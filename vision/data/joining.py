"""The second half of an import: staged records and checked images become the rows of a manifest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from vision.data.checking import ImageSink, check_images
from vision.data.databases import connect, iterate_rows
from vision.data.findings import (
    report_conflicts,
    report_leaks,
    report_repeats,
    report_sizes,
    report_twins,
    report_unlisted,
)
from vision.data.grouping import assign_rows, group_rows
from vision.data.limits import ImportLimits
from vision.data.manifest import SCHEMA
from vision.data.options import ImportSettings
from vision.data.patterns import GROUP_OF
from vision.data.report import Report
from vision.data.tables import RowWriter
from vision.data.upload import Upload

_IMAGES = pa.schema(
    [
        ("image", pa.string()),
        ("sha256", pa.string()),
        ("format", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("bytes", pa.int64()),
        ("phash", pa.int64()),
        ("code", pa.string()),
        ("problem", pa.string()),
    ]
)
_STAGED = ["image", "labels", "objects", "annotation", "file", "line", "source"]
_DECIDED = ["row", "split", "sha256", "format", "width", "height", "bytes", "problems", "phash", "group"]


@dataclass(frozen=True)
class Joined:
    """The manifest file and its number of rows."""

    manifest: Path
    count: int


def write_checked_images(
    upload: Upload,
    staged: Path,
    path: Path,
    sink: ImageSink,
    limits: ImportLimits,
    workers: int | None,
    report: Report,
    on_progress: Callable[[float], None],
) -> None:
    """Check each image the staged records name, once, and write to `path` what was found.

    A bad image is reported for every record that names it.
    """
    with connect(path.parent) as database:
        query = "SELECT image, count(*) OVER () FROM read_parquet(?) GROUP BY image ORDER BY min(seq)"
        found = iterate_rows(database.execute(query, [str(staged)]))
        total = 0

        def names() -> Any:
            nonlocal total
            for name, count in found:
                total = count
                yield name

        with RowWriter(path, _IMAGES) as writer:
            for image in check_images(upload, names(), sink, limits, workers):
                writer.add(astuple(image))
                on_progress(writer.count / total)
        report_unlisted(database, upload, staged, report)
        bad = (
            "SELECT i.code, i.problem, s.file, s.line, s.image FROM read_parquet(?) s JOIN read_parquet(?) i "
            "USING (image) WHERE i.code <> '' ORDER BY s.seq"
        )
        for code, problem, file, line, image in iterate_rows(database.execute(bad, [str(staged), str(path)])):
            report.error(code, problem, file=file, line=line, image=image)


def join_rows(staged: Path, images: Path, settings: ImportSettings, report: Report, work_dir: Path) -> Joined:
    """The manifest of all records whose image is good, in the order they were read; the whole is looked at on the way.

    Repeated rows are left out. Rows without a split become training rows, or get one by the settings.
    """
    with connect(work_dir, file=work_dir / "join.duckdb") as database:
        _create_rows(database, staged, images, settings.group_pattern)
        report_repeats(database, report)
        database.execute("DELETE FROM rows WHERE nth > 1")
        report_sizes(database, report)
        group_rows(database, settings)
        if settings.split == "assign":
            assign_rows(database, settings)
        report_conflicts(database, report)
        report_leaks(database, report)
        report_twins(database, report)
        report.flush()
        _add_problems(database, work_dir / "findings.jsonl")
        return _write(database, staged, work_dir / "manifest.parquet")


def _create_rows(database: duckdb.DuckDBPyConnection, staged: Path, images: Path, group_pattern: str) -> None:
    """`rows`: what is narrow about every record with a good image; `nth` counts those that say the same."""
    found = GROUP_OF.format(text="s.image", pattern="$pattern") if group_pattern else "''"
    query = f"""
        CREATE TABLE rows AS
        SELECT s.seq, s.image, s.labels, s.file, s.line, coalesce(nullif(s."group", ''), {found}) AS "group",
               coalesce(nullif(s.split, ''), 'train') AS split, hash(s.annotation) AS cell,
               s.width AS declared_width, s.height AS declared_height,
               i.sha256, i.format, i.width, i.height, i.bytes, i.phash,
               row_number() OVER same AS nth, first_value(s.seq) OVER same AS first
        FROM read_parquet($staged) s JOIN read_parquet($images) i USING (image)
        WHERE i.code = ''
        WINDOW same AS (PARTITION BY hash(s.image, coalesce(nullif(s.split, ''), 'train'), s.annotation) ORDER BY s.seq)
        ORDER BY s.seq
    """
    values = {"staged": str(staged), "images": str(images)}
    database.execute(query, values | ({"pattern": group_pattern} if group_pattern else {}))


def _add_problems(database: duckdb.DuckDBPyConnection, findings: Path) -> None:
    database.execute("CREATE TABLE problems (file VARCHAR, line BIGINT, image VARCHAR, codes VARCHAR[])")
    if findings.exists() and findings.stat().st_size:
        query = """
            INSERT INTO problems
            SELECT file, line, image, list_sort(list_distinct(list(code)))
            FROM read_json(?, format = 'newline_delimited', maximum_object_size = 16777216,
                           columns = {file: 'VARCHAR', line: 'BIGINT', image: 'VARCHAR', code: 'VARCHAR'})
            WHERE image IS NOT NULL GROUP BY file, line, image
        """
        database.execute(query, [str(findings)])
    database.execute(
        """
        CREATE TABLE decided AS
        SELECT row_number() OVER (ORDER BY seq) - 1 AS row, seq, split, sha256, format, width, height, bytes,
               coalesce(codes, []) AS problems, phash, "group"
        FROM rows LEFT JOIN problems USING (file, line, image) ORDER BY seq
        """
    )


def _write(database: duckdb.DuckDBPyConnection, staged: Path, path: Path) -> Joined:
    columns = ", ".join(f'"{name}"' for name in _DECIDED)
    query = f"SELECT seq - ? AS place, {columns} FROM decided WHERE seq >= ? AND seq < ? ORDER BY seq"
    with pq.ParquetFile(staged) as source, RowWriter(path, SCHEMA) as writer:
        start = 0
        for index in range(source.num_row_groups):
            wide = source.read_row_group(index, columns=_STAGED)
            decided: pa.Table = database.sql(query, params=[start, start, start + wide.num_rows]).to_arrow_table()
            start += wide.num_rows
            if decided.num_rows:
                writer.add_table(_compose(decided, wide.take(decided["place"])))
        return Joined(path, writer.count)


def _compose(decided: pa.Table, wide: pa.Table) -> pa.Table:
    columns = {name: decided[name] for name in _DECIDED}
    columns |= {"path": wide["image"], "source_file": wide["file"], "source_line": wide["line"]}
    columns |= {name: wide[name] for name in ("labels", "objects", "annotation", "source")}
    return pa.table({field.name: columns[field.name].cast(field.type) for field in SCHEMA}, schema=SCHEMA)

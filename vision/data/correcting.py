"""Labels that come back from a labelling tool without images: the next version has them where they name an image."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from vision.data.databases import connect, iterate_rows
from vision.data.deriving import Edited, rewrite_rows, set_column
from vision.data.formats import FORMATS, Detection, FormatReader, ReadOptions, detect_formats, get_reader
from vision.data.labels import UNLABELLED, LabelCell
from vision.data.limits import DEFAULT_LIMITS, ImportLimits
from vision.data.manifest import SCHEMA
from vision.data.naming import create_names
from vision.data.options import ImportSettings
from vision.data.records import Record
from vision.data.report import Report
from vision.data.sources import open_source
from vision.data.staging import CellReader, stage_records
from vision.data.version_upload import VersionUpload
from vision.errors import InvalidDatasetError

_ROUNDING = 1e-3
_CORRECTED = {"annotation": "annotation", "labels": "labels", "objects": "objects"}
_CORRECTED |= {"source_file": "file", "source_line": "line", "source": "source"}


@dataclass(frozen=True)
class CorrectionOptions:
    """How to read corrections. `file_name` is the file's as uploaded; an empty format means: as detected.

    `fetch` gives the file of an image by its hash.
    """

    task_type: str
    fetch: Callable[[str], Path]
    file_name: str = ""
    format: str = ""
    target_column_name: str = "label"
    settings: ImportSettings = field(default_factory=ImportSettings)
    limits: ImportLimits = DEFAULT_LIMITS


def apply_corrections(
    manifest: Path,
    source: Path,
    options: CorrectionOptions,
    report: Report,
    work_dir: Path,
    on_progress: Callable[[str, float], None],
) -> tuple[Edited, int]:
    """Write the rows with the labels that `source` gives them to a file in `work_dir`; how many have others now.

    `source` is an archive or file in any format that can be read, with the version's images named as in an export or
    as they were uploaded. Images it does not name keep their labels, as do those it calls unlabelled.

    Raises:
        InvalidDatasetError: no labels in it, or none that differ.
    """
    on_progress("reading", 0.0)
    opened = open_source(source, work_dir / "upload", options.file_name, options.limits, lambda fraction: None)
    with connect(work_dir, file=work_dir / "correct.duckdb") as database:
        create_names(database, manifest)
        query = "SELECT name, sha256 FROM names JOIN read_parquet(?) USING (row)"
        upload = VersionUpload(opened, dict(database.execute(query, [str(manifest)]).fetchall()), options.fetch)
        staged = _stage(upload, frozenset(opened.files), options, report, work_dir, on_progress)
        _create_given(database, manifest, staged)
        count = _count_changed(database)
        if not count:
            found = f" {report.error_count:,} problems were found in it." if report.error_count else ""
            raise InvalidDatasetError(
                f"The file changes no label of this version.{found}",
                hint="It must name images as the export of this version does, with labels that differ.",
                code="nothing_to_change",
            )
        target = work_dir / "edited.parquet"
        rows = database.execute("SELECT row FROM given ORDER BY row").fetchnumpy()["row"].astype(np.int64)
        rewrite_rows(manifest, target, lambda table: _merge(database, table), lambda done: on_progress("writing", 0.3))
    return Edited(target, rows), count


def _stage(
    upload: VersionUpload,
    files: frozenset[str],
    options: CorrectionOptions,
    report: Report,
    work_dir: Path,
    on_progress: Callable[[str, float], None],
) -> Path:
    reader = _choose_reader(upload, options)
    reading = ReadOptions(options.task_type, options.target_column_name, options.limits, "")
    read_cell = CellReader(upload, options.task_type, options.settings, options.limits, report)

    def records() -> Iterator[Record]:
        for number, record in enumerate(reader.read(upload, reading, report)):
            if number % 1000 == 0:
                on_progress("reading", 0.1)
            if record.file in files:  # formats that take an image without labels for a background say so of the image
                yield record

    def read(record: Record) -> LabelCell | None:
        if record.label is None:
            return None
        cell = read_cell(record)
        return None if cell is None or cell.annotation == UNLABELLED.annotation else cell

    staged = work_dir / "staged.parquet"
    stage_records(records(), read, staged, lambda count: on_progress("reading", 0.2))
    return staged


def _choose_reader(upload: VersionUpload, options: CorrectionOptions) -> FormatReader:
    if options.format:
        return get_reader(FORMATS.get(options.format).name)
    fitting = [found for found in detect_formats(upload) if options.task_type in FORMATS.get(found.format).task_types]
    found: Detection | None = next(iter(fitting), None)
    if found is None:
        known = ", ".join(info.title for info in FORMATS)
        raise InvalidDatasetError("No labels were found in the file.", hint=f"Known are: {known}.", code="no_labels")
    return get_reader(found.format)


def _create_given(database: duckdb.DuckDBPyConnection, manifest: Path, staged: Path) -> None:
    """`given`: the last record of each row that the file labels otherwise than before."""
    database.execute(
        """
        CREATE TABLE given AS
        SELECT row, s.annotation, s.labels, s.objects, s.file, s.line, s.source, m.annotation AS old, m.width, m.height
        FROM (SELECT * FROM read_parquet(?) QUALIFY row_number() OVER (PARTITION BY image ORDER BY seq DESC) = 1) s
        JOIN names ON names.name = s.image
        JOIN (SELECT row, annotation, width, height FROM read_parquet(?)) m USING (row)
        WHERE s.annotation <> m.annotation
        """,
        [str(staged), str(manifest)],
    )
    found = iterate_rows(database.execute("SELECT row, old, annotation, width, height FROM given"))
    same = [row for row, old, new, width, height in found if _is_rounded(old, new, width, height)]
    database.execute("DELETE FROM given WHERE row IN (SELECT unnest(?::BIGINT[]))", [same])


def _is_rounded(old: str, new: str, width: int, height: int) -> bool:
    """Whether two cells say the same but for what is lost on the way through a format that counts in pixels."""
    return _is_near(json.loads(old), json.loads(new), max(_ROUNDING, 0.51 / max(1, min(width, height))))


def _is_near(old: Any, new: Any, tolerance: float) -> bool:
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_is_near(old[key], new[key], tolerance) for key in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(
            _is_near(left, right, tolerance) for left, right in zip(old, new, strict=True)
        )
    if isinstance(old, float) and isinstance(new, float):
        return abs(old - new) <= tolerance
    return bool(old == new)


def _count_changed(database: duckdb.DuckDBPyConnection) -> int:
    return int(database.execute("SELECT count(*) FROM given").fetchall()[0][0])


def _merge(database: duckdb.DuckDBPyConnection, table: pa.Table) -> pa.Table:
    numbers = table["row"].to_numpy()
    columns = ", ".join(f"{given} AS {name}" for name, given in _CORRECTED.items())
    query = f"SELECT row, {columns} FROM given WHERE row BETWEEN ? AND ? ORDER BY row"
    found: pa.Table = database.sql(query, params=[int(numbers[0]), int(numbers[-1])]).to_arrow_table()
    if not found.num_rows:
        return table
    # Row of the group → its place in what was found, none where it keeps what it has
    places = np.full(len(numbers), -1)
    places[np.searchsorted(numbers, found["row"].to_numpy())] = np.arange(found.num_rows)
    is_kept = pa.array(places < 0)
    taken = found.take(pa.array(np.maximum(places, 0)))
    for name in _CORRECTED:
        new = taken[name].cast(SCHEMA.field(name).type)
        merged = pa.chunked_array([_choose(is_kept, table[name], new)])
        table = set_column(table, name, merged)
    return table


def _choose(is_kept: pa.Array, old: pa.ChunkedArray, new: pa.ChunkedArray) -> pa.Array:
    """`if_else` for lists too."""
    both = pa.concat_arrays([*old.chunks, *new.chunks])
    places = np.arange(len(is_kept)) + np.where(is_kept.to_numpy(zero_copy_only=False), 0, len(is_kept))
    return both.take(pa.array(places))

"""What is still to be said of rows after an edit: findings carried over, those over all rows made anew, all figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from vision.data.databases import connect, iterate_rows
from vision.data.deriving import Change, Edited, Numbers, rewrite_rows, set_column
from vision.data.findings import report_conflicts, report_leaks, report_twins
from vision.data.importing import ImportRefusedError, ImportResult
from vision.data.limits import DEFAULT_LIMITS, ImportLimits
from vision.data.manifest import SCHEMA
from vision.data.report import Action, Report
from vision.data.statistics import Summary, describe_manifest, summarize_manifest

_MADE_ANEW = ("conflicting_labels", "image_in_two_splits", "near_twin_labels")
_FINDINGS = (
    "read_json(?, format = 'newline_delimited', maximum_object_size = 16777216, columns = {severity: 'VARCHAR', "
    "code: 'VARCHAR', message: 'VARCHAR', file: 'VARCHAR', line: 'BIGINT', image: 'VARCHAR', action: 'VARCHAR'})"
)


@dataclass(frozen=True)
class Parent:
    """What a version says of itself and the next one keeps. `findings` is a file of JSON lines, None for none."""

    task_type: str
    format: str
    findings: Path | None = None
    near_duplicate_distance: int = 4


def review_manifest(
    edited: Edited,
    parent: Parent,
    report: Report,
    work_dir: Path,
    on_progress: Callable[[str, float], None],
    limits: ImportLimits = DEFAULT_LIMITS,
) -> ImportResult:
    """The finished manifest of a derived version. `report` writes to `findings.jsonl` in `work_dir`.

    Findings about rows that are still there as they were are carried over; conflicts, leaks and near-twin names are
    looked for anew.

    Raises:
        ImportRefusedError: too little left to train on.
    """
    findings = work_dir / "findings.jsonl"
    on_progress("writing", 0.4)
    with connect(work_dir, file=work_dir / "review.duckdb") as database:
        _create_rows(database, edited)
        if parent.findings is not None and parent.findings.stat().st_size:
            _carry_over(database, parent.findings, report)
        report_conflicts(database, report)
        report_leaks(database, report)
        report_twins(database, report)
        report.flush()
        on_progress("writing", 0.6)
        problems = _find_problems(database, findings)
    manifest = work_dir / "manifest.parquet"
    change = _replace_problems(problems, edited.relabelled)
    rewrite_rows(edited.manifest, manifest, change, lambda count: on_progress("writing", 0.7))
    edited.manifest.unlink()
    summary = summarize_manifest(manifest)
    _refuse_too_few(summary, report, limits)
    on_progress("writing", 0.8)
    return ImportResult(
        manifest=manifest,
        findings=findings,
        report=report.to_dict(images=summary.images),
        statistics=describe_manifest(manifest, parent.task_type, parent.near_duplicate_distance),
        image_count=summary.images,
        label_names=sorted(summary.labels),
        split_counts=summary.splits,
        task_type=parent.task_type,
        format=parent.format,
    )


def _create_rows(database: duckdb.DuckDBPyConnection, edited: Edited) -> None:
    database.execute(
        """
        CREATE TABLE rows AS
        SELECT row AS seq, path AS image, labels, source_file AS file, source_line AS line, hash(annotation) AS cell,
               split, sha256 FROM read_parquet(?) ORDER BY row
        """,
        [str(edited.manifest)],
    )
    database.register("relabelled", pa.table({"seq": edited.relabelled}))


def _carry_over(database: duckdb.DuckDBPyConnection, findings: Path, report: Report) -> None:
    query = f"""
        SELECT f.severity, f.code, f.message, f.action, f.file, f.line, f.image
        FROM (SELECT *, row_number() OVER () AS nth FROM {_FINDINGS}) f
        WHERE f.image IS NOT NULL AND f.action <> 'dropped' AND NOT list_contains(?::VARCHAR[], f.code)
          AND (f.image, f.file, coalesce(f.line, 0)) IN (
              SELECT (image, file, coalesce(line, 0)) FROM rows WHERE seq NOT IN (SELECT seq FROM relabelled))
        ORDER BY f.nth
    """
    found = database.execute(query, [str(findings), list(_MADE_ANEW)])
    for severity, code, message, action, file, line, image in iterate_rows(found):
        say = report.error if severity == "error" else report.warning
        say(code, message, Action(action), file=file, line=line, image=image)


def _find_problems(database: duckdb.DuckDBPyConnection, findings: Path) -> pa.Table:
    """`row`, `codes`: what was found anew of the rows that have any of it."""
    if not findings.stat().st_size:
        return pa.table({"row": pa.array([], pa.int64()), "codes": pa.array([], pa.list_(pa.string()))})
    query = f"""
        SELECT r.seq AS row, list_sort(list_distinct(list(f.code))) AS codes
        FROM rows r JOIN {_FINDINGS} f ON f.image = r.image AND f.file = r.file AND f.line = r.line
        WHERE list_contains(?::VARCHAR[], f.code) GROUP BY r.seq ORDER BY r.seq
    """
    found: pa.Table = database.sql(query, params=[str(findings), list(_MADE_ANEW)]).to_arrow_table()
    return found


def _replace_problems(found: pa.Table, relabelled: Numbers) -> Change:
    rows = found["row"].to_numpy()

    def replace(table: pa.Table) -> pa.Table:
        numbers = table["row"].to_numpy()
        kept: list[list[str]] = [
            [] if is_new else [code for code in codes or () if code not in _MADE_ANEW]
            for codes, is_new in zip(table["problems"].to_pylist(), np.isin(numbers, relabelled), strict=True)
        ]
        first, last = np.searchsorted(rows, [numbers[0], numbers[-1] + 1])
        part = found.slice(first, last - first)
        places = np.searchsorted(numbers, part["row"].to_numpy())
        for place, codes in zip(places, part["codes"].to_pylist(), strict=True):
            kept[place] = sorted({*kept[place], *codes})
        return set_column(table, "problems", pa.array(kept, SCHEMA.field("problems").type))

    return replace


def _refuse_too_few(summary: Summary, report: Report, limits: ImportLimits) -> None:
    training = summary.splits.get("train", 0)
    if summary.images and summary.labels and (not training or training >= limits.min_training_images):
        return
    if summary.images and not summary.labels:
        message, code = "No image has a label.", "no_labels"
    else:
        images = "image" if training == 1 else "images"
        message = f"{training} training {images} would be left; at least {limits.min_training_images} are needed."
        code = "too_few_images"
    counted: dict[str, Any] = report.to_dict(images=summary.images)
    raise ImportRefusedError(message, hint="Make another edit of the version before.", code=code, report=counted)

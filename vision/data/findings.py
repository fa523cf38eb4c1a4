"""What can only be seen over all rows: repeats, contradictions, leaks between splits, near-twin names.

Each function reads the table `rows` of an import (`joining`) and reports.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from vision.data.databases import iterate_rows
from vision.data.report import Action, Report
from vision.data.upload import Upload

_OFF_BY = 1  # px; tools that scale images round either way
_MASK_FOLDER = re.compile(r"(mask|segment|annotation|label)[^/]*/", re.IGNORECASE)  # pictures there are no photos
_SHOWN = 5  # names of labels in one sentence


def report_repeats(database: duckdb.DuckDBPyConnection, report: Report) -> None:
    """Rows that say again what an earlier one said; they are left out."""
    query = (
        "SELECT r.file, r.line, r.image, f.file, f.line FROM rows r JOIN rows f ON f.seq = r.first "
        "WHERE r.nth > 1 ORDER BY r.seq"
    )
    for file, line, image, first_file, first_line in iterate_rows(database.execute(query)):
        message = f"The same image with the same label stands already in {_where(first_file, first_line)}."
        report.warning("repeated_row", message, Action.DROPPED, file=file, line=line, image=image)


def report_sizes(database: duckdb.DuckDBPyConnection, report: Report) -> None:
    """Sizes the labels claim against those the images have; either way round, as EXIF may have turned it."""
    query = f"""
        SELECT file, line, image, declared_width, declared_height, width, height FROM rows
        WHERE greatest(abs(declared_width - width), abs(declared_height - height)) > {_OFF_BY}
          AND greatest(abs(declared_width - height), abs(declared_height - width)) > {_OFF_BY}
        ORDER BY seq
    """
    for file, line, image, *sizes in iterate_rows(database.execute(query)):
        message = "The annotation says {} × {} px, the image has {} × {}; the image is right.".format(*sizes)
        report.warning("size_mismatch", message, Action.REPAIRED, file=file, line=line, image=image)


def report_conflicts(database: duckdb.DuckDBPyConnection, report: Report) -> None:
    """The same picture under different labels."""
    for file, line, image, labels, _, first_file, first_line, first_labels, _ in _list_same(database, "cell"):
        message = (
            f"The same image is labelled {_names(labels)} here and {_names(first_labels)} in "
            f"{_where(first_file, first_line)}."
        )
        report.warning("conflicting_labels", message, file=file, line=line, image=image)


def report_leaks(database: duckdb.DuckDBPyConnection, report: Report) -> None:
    """The same picture in two splits: scores on it say too much."""
    for file, line, image, _, split, first_file, first_line, _, first_split in _list_same(database, "split"):
        message = (
            f"The image is in the {split} split and, in {_where(first_file, first_line)}, in the {first_split} split: "
            "it makes the score look better than it is."
        )
        report.warning("image_in_two_splits", message, file=file, line=line, image=image)


def report_twins(database: duckdb.DuckDBPyConnection, report: Report) -> None:
    """Class names that differ by case or spaces only."""
    query = "SELECT label, count(*) FROM (SELECT unnest(labels) AS label FROM rows) GROUP BY label"
    counts = dict(database.execute(query).fetchall())
    for names in find_twins(counts):
        listed = ", ".join(f"{name!r} ({counts[name]:,})" for name in names)
        message = f"These labels differ only by case, spaces or dashes: {listed}. They are kept as different classes."
        report.warning("near_twin_labels", message)


def report_unlisted(database: duckdb.DuckDBPyConnection, upload: Upload, staged: Path, report: Report) -> None:
    """Photos of the upload that no annotation names; said once, with their number."""
    photos = [file for file in upload.images if not _MASK_FOLDER.search(file)]
    database.register("photos", pa.table({"image": pa.array(photos, pa.string())}))
    query = (
        "SELECT count(*), list(image ORDER BY image)[1:3] FROM photos "
        "WHERE image NOT IN (SELECT image FROM read_parquet(?))"
    )
    count, examples = database.execute(query, [str(staged)]).fetchall()[0]
    database.unregister("photos")
    if count:
        what = "image of the upload is" if count == 1 else "images of the upload are"
        message = f"{count:,} {what} named by no annotation and left out: {', '.join(examples)}"
        report.warning("unlisted_images", message + ("…" if count > len(examples) else "."), Action.DROPPED)


def find_twins(counts: Mapping[str, int] | Iterable[str]) -> list[list[str]]:
    """Groups of names that are the same but for case, spaces, dashes and underscores; each sorted."""
    groups: dict[str, list[str]] = defaultdict(list)
    for label in Counter(counts):
        groups[" ".join(label.casefold().replace("_", " ").replace("-", " ").split())].append(label)
    return [sorted(names) for names in groups.values() if len(names) > 1]


def _list_same(database: duckdb.DuckDBPyConnection, differing: str) -> Iterable[tuple[object, ...]]:
    """Rows whose picture stood before with another value of a column, each with the first row of that picture."""
    query = f"""
        WITH firsts AS (SELECT sha256, min(seq) AS seq FROM rows GROUP BY sha256 HAVING count(*) > 1)
        SELECT r.file, r.line, r.image, r.labels, r.split, f.file, f.line, f.labels, f.split
        FROM rows r JOIN firsts USING (sha256) JOIN rows f ON f.seq = firsts.seq
        WHERE r.{differing} <> f.{differing} ORDER BY r.seq
    """
    return iterate_rows(database.execute(query))


def _where(file: object, line: object) -> str:
    return f"{file}, line {line}" if line else str(file)


def _names(labels: object) -> str:
    names = list(labels) if isinstance(labels, list) else []
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (", ".join(names[:_SHOWN]) + more) or "nothing"

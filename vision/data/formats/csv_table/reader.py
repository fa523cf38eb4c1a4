"""Reading CSV tables."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from vision.catalog.task_types import TASK_TYPES, TaskType
from vision.data.formats.base import Detection, ReadOptions
from vision.data.formats.csv_table.columns import CORNERS, IMAGE, Columns, Kind, find_columns
from vision.data.formats.csv_table.names import guess_names_task
from vision.data.formats.csv_table.rows import iterate_rows, sniff_delimiter
from vision.data.formats.csv_table.table import Table, read_boxes_table, read_names_table
from vision.data.formats.layout import ImageStems
from vision.data.limits import ImportLimits
from vision.data.records import Record
from vision.data.report import Action, Report
from vision.data.upload import Upload
from vision.errors import InvalidDatasetError

SAMPLE = 1000  # rows that decide how a file is read
_LOOKED_AT = 20  # files
_DESCRIPTIONS = {
    Kind.NAMES: "has a column of images and one of labels",
    Kind.ONE_HOT: "has a column for each class",
    Kind.BOXES: "has a row for each box",
}


class CsvReader:
    """Every .csv and .tsv file with a column of images: names of classes, one column a class, or one row a box.

    Columns may be called in several ways; a column of splits is read, and so is the group column of the options. Boxes
    are in px, or in 0–1 where none is larger than 1.5.
    """

    def detect(self, upload: Upload) -> Detection | None:
        for file in islice(_list_files(upload), _LOOKED_AT):
            table = open_table(upload, file, ReadOptions())
            if table is not None:
                confidence = 0.8 if table.columns.has_header else 0.6
                return Detection("csv", confidence, f"{file} {_DESCRIPTIONS[table.columns.kind]}")
        return None

    def guess_task_type(self, upload: Upload, target_column_name: str) -> str:
        options = ReadOptions(target_column_name=target_column_name)
        for file in islice(_list_files(upload), _LOOKED_AT):
            table = open_table(upload, file, options)
            if table is not None:
                return _guess(table)
        return ""

    def read(self, upload: Upload, options: ReadOptions, report: Report) -> Iterator[Record]:
        stems = ImageStems(upload)
        is_any_read = any(open_table(upload, file, options) is not None for file in _list_files(upload))
        for file in _list_files(upload):
            table = open_table(upload, file, options)
            if table is None:
                _say_unused(upload, file, options, report.warning if is_any_read else report.error)
            elif table.columns.kind == Kind.BOXES:
                yield from read_boxes_table(table, upload, stems, options, report)
            else:
                _refuse_objects(file, options.task_type)
                yield from read_names_table(table, upload, stems, options, report)


def open_table(upload: Upload, file: str, options: ReadOptions) -> Table | None:
    """A file by its first rows; None where they name no images or no labels."""
    limits, target = options.limits, options.target_column_name
    delimiter = sniff_delimiter(upload, file, limits, set(IMAGE))
    if delimiter is None:
        return None
    rows = list(islice(iterate_rows(upload, file, delimiter, limits, Report(max_rows=0)), SAMPLE + 1))
    columns = find_columns(rows[0][1], [cells for _, cells in rows[1:]], target, options.group_column)
    if columns is None or (target != ReadOptions().target_column_name and not _has_target(columns, target)):
        return None
    return Table(file, delimiter, columns, rows[1:] if columns.has_header else rows)


def _has_target(columns: Columns, target: str) -> bool:
    return columns.kind != Kind.NAMES or not columns.has_header or columns.titles[columns.label] == target


def _list_files(upload: Upload) -> Iterator[str]:
    return (file for file in upload.files if file.lower().endswith((".csv", ".tsv")))


def _guess(table: Table) -> str:
    if table.columns.kind == Kind.BOXES:
        return TaskType.DETECTION
    if table.columns.kind == Kind.ONE_HOT:
        return TaskType.MULTILABEL
    label = table.columns.label
    cells = [cells[label] for _, cells in table.sample if label < len(cells)]
    if any(len(cells) > len(table.columns.titles) for _, cells in table.sample):
        return TaskType.MULTILABEL
    return guess_names_task([cell for cell in cells if cell], table.columns.is_plural)


def _refuse_objects(file: str, task_type: str) -> None:
    if task_type in (TaskType.DETECTION, TaskType.SEGMENTATION):
        corners = ", ".join(names[0] for names in CORNERS)
        raise InvalidDatasetError(
            f"{file} holds class names and nothing for {TASK_TYPES.get(task_type).title}.",
            hint=f"Choose a classification, or give each box a row with the columns {corners}.",
            code="no_labels",
        )


def _say_unused(upload: Upload, file: str, options: ReadOptions, say: Callable[..., None]) -> None:
    first = _read_header(upload, file, options.limits)
    titles = ", ".join(first[:10]) or "nothing"
    message = (
        f"The file was not read: it needs a column called filename or image and one called "
        f"{options.target_column_name}. Its first row holds: {titles[:300]}."
    )
    if any(posixpath.splitext(title)[1] for title in first):
        message += " A file without a header begins with the image's path."
    say("unused_file", message, Action.DROPPED, file=file, line=1)


def _read_header(upload: Upload, file: str, limits: ImportLimits) -> Sequence[str]:
    unheard = Report(max_rows=0)
    rows = iterate_rows(upload, file, ",", limits, unheard)
    return next(rows, (0, []))[1]

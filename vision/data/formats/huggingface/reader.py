"""Reading Hugging Face's image folders."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from vision.catalog.task_types import TaskType
from vision.data.formats.base import Detection, ReadOptions
from vision.data.formats.canvas import Canvas, read_side
from vision.data.formats.csv_table import CsvReader
from vision.data.formats.csv_table.columns import Kind
from vision.data.formats.csv_table.reader import open_table
from vision.data.formats.csv_table.table import read_boxes_table, read_names_table
from vision.data.formats.huggingface.features import read_class_names
from vision.data.formats.huggingface.objects import draw_objects, name_class
from vision.data.formats.huggingface.rows import (
    FILE_NAME,
    OBJECTS,
    Row,
    is_table,
    iterate_metadata,
    list_metadata,
    read_cell,
)
from vision.data.formats.layout import ImageStems
from vision.data.geometry import find_frame
from vision.data.labels import InvalidLabelError, guess_task_type
from vision.data.records import Record
from vision.data.report import Report, clean_text
from vision.data.split_names import guess_split, read_split
from vision.data.upload import ImageNotFoundError, Upload

_LOOKED_AT = 20  # rows read to see what the labels look like
_LABELS = ("label", "labels")
_NAMED = (TaskType.CLASSIFICATION, TaskType.MULTILABEL)
_MAX_GROUP = 200


class HuggingfaceReader:
    """Every metadata.jsonl and metadata.csv with a column `file_name`; the labels are in `label`, `labels`, `objects`.

    Splits are the folders of the files, or of the images, or a column `split`. Numbers of classes get the names that
    README.md gives them.
    """

    def detect(self, upload: Upload) -> Detection | None:
        found = None
        for file in list_metadata(upload)[:_LOOKED_AT]:
            for row in _first_rows(upload, file):
                if FILE_NAME in row.values:
                    has_labels = any(name in row.values for name in (*_LABELS, OBJECTS))
                    found = Detection("huggingface", 0.9 if has_labels else 0.3, f"{file} names images in {FILE_NAME}")
                if found is not None and found.confidence > 0.5:
                    return found
        return found

    def guess_task_type(self, upload: Upload, target_column_name: str) -> str:
        for file in list_metadata(upload)[:_LOOKED_AT]:
            rows = list(_first_rows(upload, file))
            if any(OBJECTS in row.values for row in rows):
                return TaskType.DETECTION
            if is_table(file):
                guess = CsvReader().guess_task_type(Upload(upload.root, [file]), target_column_name)
            else:
                cells = [row.values.get(_find_label(row, target_column_name)) for row in rows]
                guess = next((found for cell in cells if (found := _guess(cell))), "")
            if guess:
                return guess
        return ""

    def read(self, upload: Upload, options: ReadOptions, report: Report) -> Iterator[Record]:
        for file in list_metadata(upload):
            records = _read_table(upload, file, options, report) if is_table(file) else None
            yield from records if records is not None else _FileReading(upload, file, options, report).records()


def _first_rows(upload: Upload, file: str) -> Iterator[Row]:
    return islice(iterate_metadata(upload, file, ReadOptions().limits, Report(max_rows=0)), _LOOKED_AT)


def _find_label(row: Row, target: str) -> str:
    return next((name for name in (target, *_LABELS, OBJECTS) if name in row.values), "")


def _guess(cell: Any) -> str:
    is_list = isinstance(cell, list) and bool(cell) and not isinstance(cell[0], dict)
    return TaskType.MULTILABEL if is_list else guess_task_type(cell)


def _list_label_columns(options: ReadOptions) -> list[str]:
    """The columns that may hold the label, the surest first."""
    target = options.target_column_name
    if options.task_type in _NAMED:
        return list(dict.fromkeys((target, *_LABELS, OBJECTS)))
    return list(dict.fromkeys((OBJECTS,) if target in _LABELS else (target, OBJECTS)))


def _read_table(upload: Upload, file: str, options: ReadOptions, report: Report) -> Iterator[Record] | None:
    """metadata.csv without a column of objects, as any table; None where it is to be read in another way."""
    table = open_table(upload, file, options)
    if table is None or OBJECTS in table.columns.titles:
        return None
    if table.columns.kind != Kind.BOXES and options.task_type not in _NAMED:
        return None
    read = read_boxes_table if table.columns.kind == Kind.BOXES else read_names_table
    records = read(table, upload, ImageStems(upload), options, report)
    return (msgspec.structs.replace(one, split=one.split or _split_of(one.image)) for one in records)


def _split_of(file: str) -> str:
    return guess_split(posixpath.dirname(file))


class _FileReading:
    """One file being read."""

    def __init__(self, upload: Upload, file: str, options: ReadOptions, report: Report) -> None:
        self._upload = upload
        self._file = file
        self._options = options
        self._report = report
        self._base = posixpath.dirname(file)
        self._columns = _list_label_columns(options)
        self._names = read_class_names(upload, self._base, report)

    def records(self) -> Iterator[Record]:
        row = None
        for row in iterate_metadata(self._upload, self._file, self._options.limits, self._report):
            record = self._read_row(row)
            if record is not None:
                yield record
        if row is None:
            self._report.error("empty_table", "The file has no rows that can be read.", file=self._file, line=1)

    def _read_row(self, row: Row) -> Record | None:
        image = self._find_image(row)
        column = self._find_column(row, image) if image else None
        if image is None or column is None:
            return None
        width, height = read_side(row.values.get("width")), read_side(row.values.get("height"))
        try:
            label = self._read_label(row.values[column], column, image, (width or 0, height or 0))
        except InvalidLabelError as error:
            self._report.error(error.code, str(error), file=row.file, line=row.line, image=image)
            return None
        split = read_split(row.values.get("split")) or _split_of(row.file) or _split_of(image)
        group = row.values.get(self._options.group_column) if self._options.group_column else None
        group = "" if group is None else clean_text(str(group), _MAX_GROUP)
        return Record(image, label, row.file, row.line, split, row.text, width, height, group)

    def _find_image(self, row: Row) -> str | None:
        name = row.values.get(FILE_NAME)
        if not isinstance(name, str) or not name.strip():
            message = f"The row has no {FILE_NAME} with the image's path. {_list_columns(row)}"
            self._report.error("missing_image_url", message, file=row.file, line=row.line)
            return None
        try:
            return self._upload.find(name, self._base)
        except ImageNotFoundError as error:
            self._report.error("missing_image", str(error), image=name[:300], file=row.file, line=row.line)
            return None

    def _find_column(self, row: Row, image: str) -> str | None:
        for column in self._columns:
            if column in row.values:
                return column
        message = f"The row has no column {' or '.join(self._columns)} with the label. {_list_columns(row)}"
        self._report.error("missing_label", message, file=row.file, line=row.line, image=image)
        return None

    def _read_label(self, value: Any, column: str, image: str, size: tuple[int, int]) -> Any:
        task_type = self._options.task_type
        value = read_cell(value)
        is_name = not isinstance(value, dict) and not (isinstance(value, list) and value and isinstance(value[0], dict))
        if value is None or (task_type in _NAMED and is_name and column != OBJECTS):
            names = self._names.get(column, {})
            return [name_class(one, names) for one in value] if isinstance(value, list) else name_class(value, names)
        frame = find_frame(self._upload, image, size)
        if frame is None:
            return []  # the check of the image will say what is wrong with it
        canvas = Canvas(frame, task_type, self._report, file=self._file, image=image)
        draw_objects(value, self._names, canvas, self._options.limits.max_objects)
        return canvas.to_cell()


def _list_columns(row: Row) -> str:
    return f"Its columns: {', '.join(sorted(map(str, row.values))[:10])[:300] or 'none'}."

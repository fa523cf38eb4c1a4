"""JSON Lines with or without an MLTable (SPEC §2.1–2.2)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from vision.data.formats.base import Detection, ExportRow, ReadOptions
from vision.data.formats.json_lines import InvalidLineError, iterate_lines, parse_line
from vision.data.labels import LABEL_TYPES, guess_task_type
from vision.data.mltable import Line, MltableWriter, Table, is_mltable, iterate_files, iterate_table, read_mltable
from vision.data.records import Record
from vision.data.report import Report, clean_text
from vision.data.split_names import guess_split, read_split
from vision.data.upload import ImageNotFoundError, Upload

_LOOKED_AT = 50  # lines read to see what the labels look like
_REMEMBERED = 4096  # image_urls of one table; with a line an object each image is named several times in a row
_MAX_GROUP = 200
_MAX_SIDE = 1_000_000  # px


class JsonlReader:
    """Every MLTable of the upload, or where there is none every .jsonl file."""

    def detect(self, upload: Upload) -> Detection | None:
        tables = [file for file in upload.files if is_mltable(file)]
        if tables:
            return Detection("jsonl", 1.0, f"{tables[0]} is an MLTable")
        files = _list_jsonl(upload)
        for file in files[:10]:
            if any("image_url" in row for row in _first_rows(upload, file)):
                return Detection("jsonl", 0.9, f"{file} holds JSON lines with image_url")
        return Detection("jsonl", 0.3, f"{files[0]} is called like JSON lines") if files else None

    def guess_task_type(self, upload: Upload, target_column_name: str) -> str:
        unheard = Report(max_rows=0)
        for table in list_tables(upload, unheard):
            lines = iterate_table(upload, table, ReadOptions().limits.max_line_bytes, unheard)
            for line in islice(lines, _LOOKED_AT):
                guess = guess_task_type(line.row.get(target_column_name))
                if guess:
                    return guess
        return ""

    def read(self, upload: Upload, options: ReadOptions, report: Report) -> Iterator[Record]:
        for table in list_tables(upload, report):
            if options.drops_invalid_lines:
                table = replace(table, drops_invalid_lines=True)
            yield from _TableReading(upload, table, options, report).records()


class JsonlWriter:
    """The canonical lines themselves: one MLTable folder a split beside the folder of images."""

    def place(self, row: ExportRow) -> str:
        return f"images/{row.name}"

    def write(self, rows: Iterable[ExportRow], folder: Path, label_names: list[str], task_type: str) -> None:
        with MltableWriter(folder) as tables:
            for row in rows:
                tables.add(row)


def list_tables(upload: Upload, report: Report) -> Iterator[Table]:
    """What the MLTables of the upload describe or, where there is none, each .jsonl file.

    A file that two MLTables name as it is is read once. JSON lines that no MLTable names are said, not read.
    """
    documents = [file for file in upload.files if is_mltable(file)]
    if not documents:
        yield from (Table(posixpath.dirname(file), (file,)) for file in _list_jsonl(upload))
        return
    named: set[str] = set()
    plain: set[str] = set()
    for document in documents:
        table = read_mltable(upload, document, report)
        if table is None:
            continue
        named.update(table.files)
        if not table.steps:
            table = replace(table, files=tuple(file for file in table.files if file not in plain))
            plain.update(table.files)
        yield table
    for file in _list_jsonl(upload):
        if file not in named:
            report.warning("unused_file", "No MLTable of the upload names this file; it was not read.", file=file)


def _list_jsonl(upload: Upload) -> list[str]:
    return [file for file in upload.files if file.lower().endswith((".jsonl", ".ndjson"))]


def _first_rows(upload: Upload, file: str) -> Iterator[dict[str, Any]]:
    for _, line in islice(iterate_lines(upload.path(file)), _LOOKED_AT):
        try:
            if line is not None:
                yield parse_line(line)[0]
        except InvalidLineError:
            continue


class _Details(msgspec.Struct, frozen=True, gc=False):
    width: Any = None
    height: Any = None


_FIELDS = ("image_url", "image_details", "split")


class _TableReading:
    """One table being read."""

    def __init__(self, upload: Upload, table: Table, options: ReadOptions, report: Report) -> None:
        self._upload = upload
        self._table = table
        self._options = options
        self._report = report
        self._folders = _list_folders(table.base)
        self._resolve = lru_cache(_REMEMBERED)(self._resolve_anew)
        self._guess_split = lru_cache(_REMEMBERED)(
            lambda file: guess_split(posixpath.basename(file)) or guess_split(table.file) or guess_split(file)
        )

    def records(self) -> Iterator[Record]:
        limit = self._options.limits.max_line_bytes
        decode = _make_decoder(self._table, self._options)
        rows: Iterator[Line | Record]
        if decode is None:
            rows = iterate_table(self._upload, self._table, limit, self._report)
        else:
            read_at_once = partial(self._read_at_once, decode)
            rows = iterate_files(self._upload, self._table, limit, self._report, read_at_once)
        for row in rows:
            record = row if isinstance(row, Record) else self._read_line(row)
            if record is not None:
                yield record

    def _read_at_once(
        self, decode: Callable[[bytes | str], Any], file: str, number: int, line: bytes | str
    ) -> Record | None:
        """The record of a line as Azure writes it; None of any other, which is for `_read_line` to read or report."""
        try:
            row = decode(line)
            text = line if isinstance(line, str) else line.decode()
            image = self._find_written(row.image_url) or self._resolve(row.image_url, posixpath.dirname(file))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ImageNotFoundError):
            return None
        details = row.image_details
        return Record(
            image,
            row.label,
            file,
            number,
            read_split(row.split) or self._guess_split(file),
            text.strip(),
            _read_pixels(details.width),
            _read_pixels(details.height),
        )

    def _read_line(self, line: Line) -> Record | None:
        row, name = line.row, self._options.target_column_name
        image = self._find_image(row.get("image_url"), line)
        if name not in row:
            self._miss_label(line)
            return None
        if image is None:
            return None
        details = row.get("image_details")
        width = height = None
        if type(details) is dict:
            width, height = _read_pixels(details.get("width")), _read_pixels(details.get("height"))
        text = line.text if isinstance(line.text, str) else line.text.decode("utf-8", "replace")
        group = row.get(self._options.group_column) if self._options.group_column else None
        return Record(
            image,
            row[name],
            line.file,
            line.number,
            read_split(row.get("split")) or self._guess_split(line.file),
            text.strip(),
            width,
            height,
            "" if group is None else clean_text(str(group), _MAX_GROUP),
        )

    def _find_image(self, url: Any, line: Line) -> str | None:
        if not isinstance(url, str) or not url.strip():
            message = f"The line has no image_url with the image's path. {_list_fields(line)}"
            self._report.error("missing_image_url", message, file=line.file, line=line.number)
            return None
        try:
            return self._find_written(url) or self._resolve(url, posixpath.dirname(line.file))
        except ImageNotFoundError as error:
            self._report.error("missing_image", str(error), image=url[:300], file=line.file, line=line.number)
            return None

    def _find_written(self, url: str) -> str | None:
        """The image of a path that is written as it is, from one of the folders, as most are."""
        for folder in self._folders:
            if (file := folder + url) in self._upload.names:
                return file
        return None

    def _resolve_anew(self, url: str, folder: str) -> str:
        """Seen from the MLTable, and failing that from the file of lines."""
        try:
            return self._upload.resolve(url, self._table.base)
        except ImageNotFoundError:
            if folder == self._table.base:
                raise
            return self._upload.resolve(url, folder)

    def _miss_label(self, line: Line) -> None:
        message = f"The line has no field {self._options.target_column_name!r} with the label. {_list_fields(line)}"
        image = str(line.row.get("image_url", ""))[:300]
        self._report.error("missing_label", message, image=image, file=line.file, line=line.number)


def _make_decoder(table: Table, options: ReadOptions) -> Callable[[bytes | str], Any] | None:
    """Decodes of a line what becomes of it, and nothing else; None where more than that is looked at."""
    name = options.target_column_name
    if table.steps or table.has_path_column or options.group_column or name in _FIELDS:
        return None
    fields: list[Any] = [
        ("image_url", str),
        ("label", LABEL_TYPES[options.task_type] | None),
        ("image_details", _Details, _Details()),
        ("split", Any, None),
    ]
    row = msgspec.defstruct("Row", fields, rename={"label": name}, gc=False)
    return msgspec.json.Decoder(row).decode


def _list_folders(base: str) -> list[str]:
    """The folder and each above it, as what a path in it begins with."""
    folders = [f"{base}/"] if base else []
    while base := posixpath.dirname(base):
        folders.append(f"{base}/")
    return [*folders, ""]


def _list_fields(line: Line) -> str:
    return f"Its fields: {', '.join(sorted(map(str, line.row))[:10]) or 'none'}."


def _read_pixels(value: Any) -> int | None:
    """A size as SPEC §2.1 allows it: 400, "400" or "400px"."""
    if type(value) is int:
        return value if 0 <= value < _MAX_SIDE else None
    return _read_pixel_text(str(value)) if value is not None else None


@lru_cache(1024)
def _read_pixel_text(text: str) -> int | None:
    match = re.fullmatch(r"\s*(\d{1,6})(?:\.0+)?\s*(?:px)?\s*", text[:40], re.IGNORECASE)
    return int(match[1]) if match else None

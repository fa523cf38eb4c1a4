"""The rows of a table: its files' lines parsed, one in memory at a time, through the table's steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from vision.data.formats.json_lines import InvalidLineError, iterate_lines, parse_line
from vision.data.mltable.table import PATH_COLUMN, Line, Table
from vision.data.report import Action, Report
from vision.data.upload import Upload
from vision.errors import InvalidImageError

Row = TypeVar("Row")


def iterate_table(upload: Upload, table: Table, max_line_bytes: int, report: Report) -> Iterator[Line]:
    """The rows the table's steps leave, in order. Lines that cannot be read are reported, as errors or, where the
    table drops them, as warnings.
    """
    lines: Iterator[Line] = iterate_files(upload, table, max_line_bytes, report, lambda file, number, text: None)
    for step in table.steps:
        lines = step(lines, report)
    return lines


def iterate_files(
    upload: Upload,
    table: Table,
    max_line_bytes: int,
    report: Report,
    read_at_once: Callable[[str, int, bytes | str], Row | None],
) -> Iterator[Line | Row]:
    """The rows of the table's files without its steps: what `read_at_once` makes of a file's line of this number or,
    where that is None, the line parsed.
    """
    for file in table.files:
        for number, text in _read_file(upload, table, file, max_line_bytes, report):
            made = read_at_once(file, number, text)
            row = made if made is not None else _parse(table, file, number, text, report)
            if row is not None:
                yield row


def _read_file(
    upload: Upload, table: Table, file: str, max_line_bytes: int, report: Report
) -> Iterator[tuple[int, bytes | str]]:
    try:
        for number, text in iterate_lines(upload.path(file), table.encoding, max_line_bytes):
            if text is not None:
                yield number, text
            else:
                message = f"The line is over {max_line_bytes >> 20} MB."
                report.error("line_too_long", message, file=file, line=number)
    except (UnicodeError, OSError, InvalidImageError) as error:
        message = f"The file cannot be read as {table.encoding}: {error}."
        report.error("unreadable_file", message, file=file)


def _parse(table: Table, file: str, number: int, text: bytes | str, report: Report) -> Line | None:
    try:
        row, repair = parse_line(text)
    except InvalidLineError as error:
        # `invalid_lines: drop` in the MLTable says: leave such lines out and don't make much of it
        say = report.warning if table.drops_invalid_lines else report.error
        say("invalid_json", str(error), Action.DROPPED, file=file, line=number)
        return None
    if repair:
        report.warning("repaired_line", repair, Action.REPAIRED, file=file, line=number)
    if table.has_path_column:
        row[PATH_COLUMN] = file
    return Line(file, number, text, row)

"""The rows of metadata.jsonl and metadata.csv as mappings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vision.data.formats.csv_table.rows import iterate_rows, simplify, sniff_delimiter
from vision.data.formats.json_lines import InvalidLineError, iterate_lines, parse_line
from vision.data.labels import InvalidLabelError
from vision.data.limits import ImportLimits
from vision.data.report import Action, Report
from vision.data.upload import Upload

FILE_NAME = "file_name"
OBJECTS = "objects"
NAMES = ("metadata.jsonl", "metadata.csv")


@dataclass(frozen=True, slots=True)
class Row:
    """One row and where it stands; `text` is how it was uploaded."""

    file: str
    line: int
    text: str
    values: dict[str, Any]


def list_metadata(upload: Upload) -> list[str]:
    """The files that may describe images, in order."""
    return [file for file in upload.files if file.rpartition("/")[2].lower() in NAMES]


def is_table(file: str) -> bool:
    """Whether a file is metadata.csv."""
    return file.lower().endswith(".csv")


def iterate_metadata(upload: Upload, file: str, limits: ImportLimits, report: Report) -> Iterator[Row]:
    """The rows of a file; those that cannot be read are reported. Cells of a table are texts, empty ones None."""
    if is_table(file):
        return _iterate_table(upload, file, limits, report)
    return _iterate_lines(upload, file, limits, report)


def read_cell(value: Any) -> Any:
    """A cell of a table that is written as JSON as what it says; anything else as it is.

    Raises:
        InvalidLabelError: it begins like JSON and is none.
    """
    if not isinstance(value, str) or not value.startswith(("[", "{")):
        return value
    try:
        return parse_line('{"cell": ' + value + "}")[0]["cell"]
    except InvalidLineError:
        raise InvalidLabelError(f"The cell {value[:60]!r} begins like JSON and is none.") from None


def _iterate_lines(upload: Upload, file: str, limits: ImportLimits, report: Report) -> Iterator[Row]:
    for number, line in iterate_lines(upload.path(file), "utf-8", limits.max_line_bytes):
        if line is None:
            message = f"The line is over {limits.max_line_bytes:,} bytes."
            report.error("line_too_long", message, file=file, line=number)
            continue
        try:
            values, repair = parse_line(line)
        except InvalidLineError as error:
            report.error("invalid_json", str(error), file=file, line=number)
            continue
        if repair:
            report.warning("repaired_line", repair, Action.REPAIRED, file=file, line=number)
        text = line if isinstance(line, str) else line.decode("utf-8", "replace")
        yield Row(file, number, text.strip(), values)


def _iterate_table(upload: Upload, file: str, limits: ImportLimits, report: Report) -> Iterator[Row]:
    delimiter = sniff_delimiter(upload, file, limits, {simplify(FILE_NAME)}) or ","
    rows = iterate_rows(upload, file, delimiter, limits, report)
    _, titles = next(rows, (0, []))
    for line, cells in rows:
        if len(cells) != len(titles):
            message = f"The row has {len(cells)} cells, the table {len(titles)} columns."
            report.error("invalid_csv", message, file=file, line=line)
            continue
        values = {title: cell or None for title, cell in zip(titles, cells, strict=True)}
        yield Row(file, line, json.dumps(values, ensure_ascii=False), values)

"""Rows of a CSV file of any size, each with the line it begins in."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from vision.data.formats.text_lines import iterate_text
from vision.data.limits import ImportLimits
from vision.data.report import Report
from vision.data.upload import Upload, is_image_name

DELIMITERS = ",;\t"


class _RowTooLongError(Exception):
    pass


def iterate_rows(
    upload: Upload, file: str, delimiter: str, limits: ImportLimits, report: Report
) -> Iterator[tuple[int, list[str]]]:
    """Line (from 1) and cells without the spaces around them; rows that cannot be read are reported, not yielded.

    No row, however many lines a quote spans, is longer than `limits.max_line_bytes`; a cell has 128 kB at most.
    """
    feed = _Feed(iterate_text(upload, file, limits, report), limits.max_line_bytes)
    while True:
        reader = csv.reader(feed, delimiter=delimiter, skipinitialspace=True)
        try:
            while True:
                feed.begin()
                cells = next(reader)
                yield feed.line, [cell.strip() for cell in cells]
        except StopIteration:
            return
        except _RowTooLongError:
            message = f"The row has over {limits.max_line_bytes:,} bytes: a quote is opened in it and not closed."
            report.error("line_too_long", message, file=file, line=feed.line)
        except csv.Error as error:
            message = f"The row cannot be read: {error}. Is a quote opened in it and not closed?"
            report.error("invalid_csv", message, file=file, line=feed.line)


def sniff_delimiter(upload: Upload, file: str, limits: ImportLimits, known: set[str]) -> str | None:
    """The delimiter by which the first row holds a `known` column name or the name of an image; None where none does.

    `known` are names as `simplify` gives them.
    """
    for delimiter in DELIMITERS:
        _, cells = next(iterate_rows(upload, file, delimiter, limits, Report(max_rows=0)), (0, []))
        if len(cells) > 1 and any(simplify(cell) in known or is_image_name(cell) for cell in cells):
            return delimiter
    return None


def simplify(name: str) -> str:
    """A column name without what people write differently: `Image URL`, `image_url`, `imageUrl`."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


class _Feed:
    """Lines for `csv.reader`, which asks for as many as a row has; knows where the row began and bounds it."""

    def __init__(self, lines: Iterator[tuple[int, str]], most: int) -> None:
        self._lines = lines
        self._most = most
        self.line = 0
        self._characters = 0
        self._is_new = True

    def begin(self) -> None:
        """A new row comes."""
        self._is_new, self._characters = True, 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> Any:
        number, text = next(self._lines)
        if self._is_new:
            self.line, self._is_new = number, False
        self._characters += len(text)
        if self._characters > self._most:
            raise _RowTooLongError
        return text + "\n"

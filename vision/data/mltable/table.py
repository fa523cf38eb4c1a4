"""What an MLTable says, understood."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from vision.data.report import Report

ENCODINGS = {
    "utf8": "utf-8",
    "utf8bom": "utf-8-sig",
    "iso88591": "iso-8859-1",
    "latin1": "iso-8859-1",
    "ascii": "ascii",
    "utf16": "utf-16",
    "utf32": "utf-32",
    "windows1252": "windows-1252",
}
PATH_COLUMN = "Path"


class Line(msgspec.Struct):
    """One row of a table: `row` as the transformations left it, `text` as it was uploaded."""

    file: str
    number: int
    text: bytes | str
    row: dict[str, Any]


Step = Callable[[Iterator[Line], Report], Iterator[Line]]
"""One transformation: takes the rows as they come, gives those it leaves; what it cannot use it reports."""


class InvalidStepError(ValueError):
    """A transformation that cannot be done. `str()` says why."""


@dataclass(frozen=True)
class Table:
    """Files of JSON lines, read one after another, and what is done with their rows in order.

    `file` is the MLTable ("" where there is none), `base` the folder that relative image_urls start from.
    """

    base: str
    files: tuple[str, ...]
    file: str = ""
    encoding: str = "utf-8"
    drops_invalid_lines: bool = False
    has_path_column: bool = False
    steps: tuple[Step, ...] = ()

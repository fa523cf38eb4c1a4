"""What a format offers: to be recognised, to be read, to be written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from vision.data.limits import DEFAULT_LIMITS, ImportLimits
from vision.data.records import Record
from vision.data.report import Report
from vision.data.split_names import guess_split
from vision.data.upload import Upload


@dataclass(frozen=True)
class Detection:
    """`confidence` 0–1; `reason` is shown to the user and names a file."""

    format: str
    confidence: float
    reason: str


@dataclass(frozen=True)
class ReadOptions:
    """How annotations are to be read. `task_type` is the one chosen or guessed, never "" when reading.

    `group_column` names the field of a line or table whose rows stay in one split, where the format has fields.
    """

    task_type: str = ""
    target_column_name: str = "label"
    limits: ImportLimits = DEFAULT_LIMITS
    group_column: str = ""
    drops_invalid_lines: bool = False


class FormatReader(Protocol):
    """Recognises one format and reads it. What is wrong goes to the report with file and line; nothing stops at it.

    A reader keeps no list of its records: an upload may hold a million.
    """

    def detect(self, upload: Upload) -> Detection | None:
        """Why the upload is in this format, or None. Looks at names and the start of a few files only."""

    def guess_task_type(self, upload: Upload, target_column_name: str) -> str:
        """The task type its labels look like, "" if none."""

    def read(self, upload: Upload, options: ReadOptions, report: Report) -> Iterator[Record]:
        """The labelled images, in the order of the files, label cells in the shape of `options.task_type`."""


class FileReading:
    """What a reader needs while it reads one file; the split is the one its name tells of."""

    def __init__(self, upload: Upload, file: str, options: ReadOptions, report: Report) -> None:
        self._upload = upload
        self._file = file
        self._options = options
        self._report = report
        self._split = guess_split(file)


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One image of a version on its way out.

    `name` is unique in the export ("a/b.jpg"), `image` is where the writer placed it; `label` is the canonical cell as
    Python values (SPEC §2.1, coordinates in 0–1), None where nobody labelled it; `width`, `height` in px, upright.
    """

    name: str
    split: str
    label: Any
    width: int
    height: int
    image: str = ""


class FormatWriter(Protocol):
    """Writes the annotation files of one format. Images are placed by the exporter, where `place` says."""

    def place(self, row: ExportRow) -> str:
        """Where the image of a row lies in the export, relative; different for different names."""

    def write(self, rows: Iterable[ExportRow], folder: Path, label_names: list[str], task_type: str) -> None:
        """Write all annotation files below `folder`, from one pass over the rows, none of them kept in memory.

        Not the images, and not the MLTable, which the exporter adds to every export.
        """

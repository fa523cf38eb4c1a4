"""What a format offers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from vision.data.limits import DEFAULT_LIMITS, ImportLimits
from vision.data.records import Record
from vision.data.report import Report
from vision.data.upload import Upload


@dataclass(frozen=True)
class Detection:
    """`confidence` 0–1; `reason` is shown to the user."""

    format: str
    confidence: float
    reason: str


@dataclass(frozen=True)
class ReadOptions:
    """How label cells are to be read. `task_type` "" means: as the first of them looks."""

    task_type: str = ""
    target_column_name: str = "label"
    limits: ImportLimits = DEFAULT_LIMITS


class FormatReader(Protocol):
    """Recognises one format and reads it. What is wrong goes to the report with file and line; nothing stops at it."""

    def detect(self, upload: Upload) -> Detection | None:
        """Why the upload is in this format, or None."""

    def guess_task_type(self, upload: Upload, target_column_name: str) -> str:
        """The task type its labels look like, "" if none."""

    def read(self, upload: Upload, options: ReadOptions, report: Report) -> Iterator[Record]:
        """The labelled images, in the order of the files."""

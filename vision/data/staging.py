"""The first half of an import: every record's label cell read, repaired or refused, and put on disk as it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from vision.catalog.task_types import TaskType
from vision.data.geometry import divide_cell, find_frame
from vision.data.labels import LABEL_READERS, UNLABELLED, InvalidLabelError, LabelCell, to_values
from vision.data.limits import ImportLimits
from vision.data.options import ImportSettings
from vision.data.records import Record
from vision.data.report import Action, Report
from vision.data.tables import RowWriter
from vision.data.upload import Upload

SCHEMA = pa.schema(
    [
        ("seq", pa.int64()),
        ("image", pa.string()),
        ("split", pa.string()),
        ("labels", pa.list_(pa.string())),
        ("objects", pa.int32()),
        ("annotation", pa.string()),
        ("group", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("file", pa.string()),
        ("line", pa.int32()),
        ("source", pa.string()),
    ]
)
"""`seq` numbers the records from 0 in the order they were read; `width`, `height` are what the annotation claims."""
_MAX_PIXELS_SIDE = 2**31 - 1


def stage_records(
    records: Iterable[Record],
    read: Callable[[Record], LabelCell | None],
    path: Path,
    on_group: Callable[[int], None],
) -> int:
    """Write the records `read` can use to `path` (`SCHEMA`); returns how many. `on_group` is told the number so far."""
    with RowWriter(path, SCHEMA) as writer:
        for record in records:
            cell = read(record)
            if cell is None:
                continue
            if writer.add(_to_row(writer.count, record, cell), len(cell.annotation) + len(record.source)):
                on_group(writer.count)
        return writer.count


def _to_row(seq: int, record: Record, cell: LabelCell) -> tuple[Any, ...]:
    return (
        seq,
        record.image,
        record.split,
        list(dict.fromkeys(cell.names)) if len(cell.names) > 1 else cell.names,
        len(cell.names),
        cell.annotation,
        record.group,
        _bound(record.width),
        _bound(record.height),
        record.file,
        record.line,
        record.source,
    )


def _bound(side: int | None) -> int | None:
    return side if side is not None and 0 < side <= _MAX_PIXELS_SIDE else None


class CellReader:
    """A record's label cell by the rules of the task type and the user's settings.

    Called with a record it answers the cell, or None where the record is left out; either way the report says why.
    """

    def __init__(
        self, upload: Upload, task_type: str, settings: ImportSettings, limits: ImportLimits, report: Report
    ) -> None:
        self._upload = upload
        self._read = LABEL_READERS[task_type]
        self._task_type = task_type
        self._settings = settings
        self._limits = limits
        self._report = report
        self._divides = settings.coordinates == "pixels" and task_type in (TaskType.DETECTION, TaskType.SEGMENTATION)

    def __call__(self, record: Record) -> LabelCell | None:
        try:
            cell = self._read(self._divide(record) if self._divides else record.label, self._limits)
        except InvalidLabelError as error:
            self._refuse(record, error)
            return None
        for repair in cell.repairs:
            self._say("repaired_label", repair, Action.REPAIRED, record)
        return cell if cell.annotation != UNLABELLED.annotation else self._judge_unlabelled(record)

    def _divide(self, record: Record) -> Any:
        declared = (record.width, record.height) if record.width and record.height else None
        frame = find_frame(self._upload, record.image, declared)
        return divide_cell(to_values(record.label), frame) if frame is not None else None

    def _refuse(self, record: Record, error: InvalidLabelError) -> None:
        message = str(error)
        if error.code == "pixel_coordinates":
            message += " Import again with coordinates set to pixels to have them divided by the image's size."
        self._report.error(error.code, message, file=record.file, line=record.line, image=record.image)

    def _judge_unlabelled(self, record: Record) -> LabelCell | None:
        rule = self._settings.unlabelled
        if rule == "drop":
            self._say("unlabelled", "The image has no label and was left out.", Action.DROPPED, record)
            return None
        if rule == "background" and self._task_type != TaskType.CLASSIFICATION:
            return LabelCell((), "[]")
        self._say("unlabelled", "The image has no label; it is kept and never trained on.", Action.KEPT, record)
        return UNLABELLED

    def _say(self, code: str, message: str, action: Action, record: Record) -> None:
        self._report.warning(code, message, action, file=record.file, line=record.line, image=record.image)

"""Reading Label Studio's exports."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from itertools import islice
from typing import Any

from vision.catalog.task_types import TaskType
from vision.data.formats.base import Detection, FileReading, ReadOptions
from vision.data.formats.json_items import InvalidItemsError, iterate_items
from vision.data.formats.label_studio.regions import read_cell, read_size
from vision.data.formats.label_studio.tasks import Annotation, Task, find_image, find_image_url, read_task
from vision.data.labels import InvalidLabelError
from vision.data.records import Record
from vision.data.report import Action, Report, clean_text
from vision.data.split_names import read_split
from vision.data.upload import ImageNotFoundError, Upload

_LOOKED_AT = 20  # files, and tasks of a file, read to see what they are
_LOOKED_BYTES = 2 << 20  # of one task
_OUTLINES = {"polygonlabels", "brushlabels"}
_MAX_GROUP = 200


class LabelStudioReader:
    """Every .json of the upload that holds tasks: the full export, JSON-MIN, or one annotation a file.

    Of several annotations of a task the newest that was not cancelled counts. Predictions of models never do.
    """

    def detect(self, upload: Upload) -> Detection | None:
        for file in _list_json(upload)[:_LOOKED_AT]:
            if next(_first_tasks(upload, file, ""), None) is not None:
                return Detection("label_studio", 0.95, f"{file} holds tasks of Label Studio")
        return None

    def guess_task_type(self, upload: Upload, target_column_name: str) -> str:
        kinds: set[str] = set()
        for file in _list_json(upload)[:_LOOKED_AT]:
            for task in _first_tasks(upload, file, target_column_name):
                kinds |= _list_kinds(task.choose())
        if kinds & _OUTLINES:
            return TaskType.SEGMENTATION
        if "rectanglelabels" in kinds or "ellipselabels" in kinds:
            return TaskType.DETECTION
        return TaskType.MULTILABEL if "several choices" in kinds else TaskType.CLASSIFICATION if kinds else ""

    def read(self, upload: Upload, options: ReadOptions, report: Report) -> Iterator[Record]:
        for file in _list_json(upload):
            yield from _ExportReading(upload, file, options, report).records()


def _list_json(upload: Upload) -> list[str]:
    return [file for file in upload.files if file.lower().endswith(".json")]


def _first_tasks(upload: Upload, file: str, target_column_name: str) -> Iterator[Task]:
    try:
        for _, _, item in islice(iterate_items(upload.path(file), _LOOKED_BYTES), _LOOKED_AT):
            task = read_task(item, target_column_name)
            if task is None:
                return
            yield task
    except InvalidItemsError:
        return


def _list_kinds(annotation: Annotation | None) -> set[str]:
    kinds: set[str] = set()
    for one in annotation.result if annotation is not None else ():
        value = one.get("value") if isinstance(one, dict) else None
        if not isinstance(value, dict):
            continue
        kind = str(one.get("type"))
        if kind == "labels":
            kind = next((shape for key, shape in _BY_KEY.items() if key in value), kind)
        kinds.add(kind)
        choices = value.get("choices")
        if isinstance(choices, list) and len(choices) > 1:
            kinds.add("several choices")
    return kinds


_BY_KEY = {"points": "polygonlabels", "rle": "brushlabels", "width": "rectanglelabels"}


class _ExportReading(FileReading):
    """One export being read."""

    _predicted = 0
    _read = 0

    def records(self) -> Iterator[Record]:
        try:
            for line, text, item in iterate_items(self._upload.path(self._file), self._options.limits.max_line_bytes):
                task = read_task(item, self._options.target_column_name)
                if task is None and not self._read:
                    message = "The file holds no tasks of Label Studio and was not read."
                    self._report.warning("unused_file", message, file=self._file)
                    return
                self._read += 1
                if task is None:
                    message = "This is no task with data and annotations."
                    self._report.error("invalid_json", message, file=self._file, line=line)
                elif (record := self._read_task(task, line, text)) is not None:
                    yield record
        except InvalidItemsError as error:
            self._report.error(error.code, str(error), file=self._file, line=error.line)
        if self._predicted:
            message = f"{self._predicted:,} tasks have predictions of a model and no annotation; nobody labelled them."
            self._report.warning("predictions_ignored", message, file=self._file)

    def _read_task(self, task: Task, line: int, text: str) -> Record | None:
        place: dict[str, Any] = {"file": self._file, "line": line}
        image = self._find_image(task, place)
        if image is None:
            return None
        annotation = task.choose()
        self._say_choice(task, place | {"image": image})
        results = annotation.result if annotation is not None else []
        try:
            cell = None
            if annotation is not None:
                cell = read_cell(results, self._options.task_type, self._upload, self._report, place | {"image": image})
        except InvalidLabelError as error:
            self._report.error(error.code, str(error), image=image, **place)
            return None
        width, height = read_size(results) or (None, None)
        split = read_split(task.data.get("split")) or self._split
        return Record(image, cell, self._file, line, split, text, width, height, self._find_group(task))

    def _find_image(self, task: Task, place: dict[str, Any]) -> str | None:
        url = find_image_url(task.data)
        if not url:
            fields = ", ".join(sorted(map(str, task.data))[:10]) or "none"
            message = f"The task has no field with the address of an image. Its fields: {fields}."
            self._report.error("missing_image_url", message, **place)
            return None
        try:
            return find_image(self._upload, url, posixpath.dirname(self._file))
        except ImageNotFoundError as error:
            self._report.error("missing_image", str(error), image=url[:300], **place)
            return None

    def _say_choice(self, task: Task, place: dict[str, Any]) -> None:
        count = task.count_valid()
        if count > 1:
            message = f"The task has {count} annotations; the newest was taken."
            self._report.warning("several_annotations", message, Action.KEPT, **place)
        self._predicted += not count and task.has_predictions

    def _find_group(self, task: Task) -> str:
        group = task.data.get(self._options.group_column) if self._options.group_column else None
        return "" if group is None else clean_text(str(group), _MAX_GROUP)

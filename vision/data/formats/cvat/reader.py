"""Reading CVAT's XML."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from vision.catalog.task_types import TaskType
from vision.data.formats.base import Detection, FileReading, ReadOptions
from vision.data.formats.canvas import Canvas
from vision.data.formats.cvat.document import ImageElement, InvalidXmlError, iterate_images
from vision.data.formats.cvat.shapes import Drawing, ShapeError
from vision.data.formats.found import to_names_cell
from vision.data.geometry import find_frame
from vision.data.labels import InvalidLabelError
from vision.data.records import Record
from vision.data.report import Action, Report
from vision.data.split_names import read_split
from vision.data.upload import ImageNotFoundError, Upload

UNLABELLED = "unlabelled"
"""The attribute of an `<image>` that nobody labelled: CVAT passes over it."""
_LOOKED_AT = 20  # files
_LOOKED_IMAGES = 200
_HEAD_BYTES = 4096
_ROOT = re.compile(r"<annotations[\s>]")
_KIND = re.compile(r"<(version|meta|image|track)[\s>/]")
_SIDE = re.compile(r"[1-9]\d{0,5}")


class CvatReader:
    """Every XML of the upload with `<annotations>` at its root.

    Tags name the image, boxes, polygons and masks are its objects; polygons of one class in one group are the parts
    of one object. An image without any of these has nothing on it, unless it says `unlabelled="1"`.
    """

    def detect(self, upload: Upload) -> Detection | None:
        for file in _list_xml(upload)[:_LOOKED_AT]:
            with upload.path(file).open("rb") as opened:
                head = opened.read(_HEAD_BYTES).decode("utf-8", "replace")
            if _ROOT.search(head) and _KIND.search(head):
                return Detection("cvat", 0.95, f"{file} is annotated by CVAT")
        return None

    def guess_task_type(self, upload: Upload, target_column_name: str) -> str:
        tags: set[str] = set()
        is_multilabel = False
        for file in _list_xml(upload)[:_LOOKED_AT]:
            for image in islice(_iterate_good(upload, file), _LOOKED_IMAGES):
                kinds = [shape.tag for shape in image.shapes]
                tags.update(kinds)
                is_multilabel |= kinds.count("tag") > 1
        if tags & {"polygon", "mask"}:
            return TaskType.SEGMENTATION
        if "box" in tags:
            return TaskType.DETECTION
        return "" if "tag" not in tags else TaskType.MULTILABEL if is_multilabel else TaskType.CLASSIFICATION

    def read(self, upload: Upload, options: ReadOptions, report: Report) -> Iterator[Record]:
        for file in _list_xml(upload):
            yield from _XmlReading(upload, file, options, report).records()


def _list_xml(upload: Upload) -> list[str]:
    return [file for file in upload.files if file.lower().endswith(".xml")]


def _iterate_good(upload: Upload, file: str) -> Iterator[ImageElement]:
    try:
        for image in iterate_images(upload.path(file), ReadOptions().limits.max_line_bytes):
            if isinstance(image, ImageElement):
                yield image
    except InvalidXmlError:
        return


class _XmlReading(FileReading):
    """One XML being read."""

    _tracks = 0
    _background = 0

    def records(self) -> Iterator[Record]:
        try:
            for image in iterate_images(self._upload.path(self._file), self._options.limits.max_line_bytes):
                if isinstance(image, str):
                    self._tracks += 1
                elif (record := self._read_image(image)) is not None:
                    yield record
        except InvalidXmlError as error:
            say = self._report.warning if error.code == "unused_file" else self._report.error
            say(error.code, str(error), Action.DROPPED, file=self._file, line=error.line)
        self._conclude()

    def _conclude(self) -> None:
        if self._tracks:
            message = f"{self._tracks:,} tracks of a video were not read. Export the task as CVAT for images."
            self._report.error("video_tracks", message, file=self._file)
        if self._background:
            message = f"{self._background:,} images have no shape; they are taken as images with nothing on them."
            self._report.warning("background_images", message, file=self._file)

    def _read_image(self, image: ImageElement) -> Record | None:
        place: dict[str, Any] = {"file": self._file, "line": image.line}
        if image.is_too_large:
            limit = self._options.limits.max_line_bytes
            self._report.error("line_too_long", f"The annotation of the image is over {limit:,} bytes.", **place)
            return None
        found = self._find_image(image, place)
        if found is None:
            return None
        width, height = _read_side(image.values.get("width")), _read_side(image.values.get("height"))
        size = (width, height) if width and height else None
        try:
            label = self._read_label(image, found, size)
        except InvalidLabelError as error:
            line = error.line if isinstance(error, ShapeError) else image.line
            self._report.error(error.code, str(error), file=self._file, line=line, image=found)
            return None
        split = read_split(image.values.get("subset")) or self._split
        return Record(found, label, self._file, image.line, split, image.text, width, height)

    def _find_image(self, image: ImageElement, place: dict[str, Any]) -> str | None:
        name, subset = image.values.get("name", ""), image.values.get("subset", "")
        if not name.strip():
            self._report.error("missing_image_url", "The <image> has no name.", **place)
            return None
        base = posixpath.dirname(self._file)
        for folder in (f"images/{subset}", subset, "images"):
            candidate = posixpath.normpath(posixpath.join(base, folder, name))
            if candidate in self._upload:
                return candidate
        try:
            return self._upload.find(name, base)
        except ImageNotFoundError as error:
            self._report.error("missing_image", str(error), image=name[:300], **place)
            return None

    def _read_label(self, image: ImageElement, found: str, size: tuple[int, int] | None) -> Any:
        task_type = self._options.task_type
        if image.values.get(UNLABELLED) in ("1", "true"):
            return None
        tags = [shape.values.get("label", "") for shape in image.shapes if shape.tag == "tag"]
        if tags and task_type in (TaskType.CLASSIFICATION, TaskType.MULTILABEL):
            return to_names_cell(list(dict.fromkeys(tags)), task_type)
        self._background += not image.shapes and task_type != TaskType.CLASSIFICATION
        frame = find_frame(self._upload, found, size)
        if frame is None:
            return []  # the check of the image will say what is wrong with it
        place = {"file": self._file, "line": image.line, "image": found}
        canvas = Canvas(frame, task_type, self._report, **place)
        shapes = [shape for shape in image.shapes if shape.tag != "tag"]
        Drawing(canvas, task_type, self._report, place).draw(shapes)
        return canvas.to_cell()


def _read_side(text: str | None) -> int | None:
    return int(text) if text and _SIDE.fullmatch(text.strip()) else None

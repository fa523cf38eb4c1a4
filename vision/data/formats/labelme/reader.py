"""Reading LabelMe."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from itertools import chain, count, islice
from typing import Any

from vision.catalog.task_types import TaskType
from vision.data.formats.base import Detection, ReadOptions
from vision.data.formats.canvas import Canvas
from vision.data.formats.found import to_cell, to_names_cell
from vision.data.formats.labelme.document import Document, InvalidFileError, read_document, unpack_picture
from vision.data.formats.labelme.shapes import OUTLINES, ShapeError, draw_shapes
from vision.data.formats.layout import ImageStems, get_stem
from vision.data.geometry import find_frame
from vision.data.labels import InvalidLabelError
from vision.data.labels.base import describe
from vision.data.limits import ImportLimits
from vision.data.records import Record
from vision.data.report import Action, Report
from vision.data.split_names import guess_split
from vision.data.upload import ImageNotFoundError, Upload

_LOOKED_AT = 20  # files read to see what they are
_NAMED = (TaskType.CLASSIFICATION, TaskType.MULTILABEL)


class LabelmeReader:
    """Every .json of the upload with shapes. Flags that are set are the class names of the image.

    Shapes of one class and one group are the parts of one object; the flag `isCrowd` of a shape marks a crowd.
    """

    def detect(self, upload: Upload) -> Detection | None:
        for file, _ in _first_documents(upload):
            return Detection("labelme", 0.95, f"{file} is an annotation of LabelMe")
        return None

    def guess_task_type(self, upload: Upload, target_column_name: str) -> str:
        kinds: set[str] = set()
        for _, document in _first_documents(upload):
            kinds |= _list_kinds(document)
        if kinds.intersection(OUTLINES):
            return TaskType.SEGMENTATION
        if "rectangle" in kinds:
            return TaskType.DETECTION
        return TaskType.MULTILABEL if "flags" in kinds else TaskType.CLASSIFICATION if "flag" in kinds else ""

    def read(self, upload: Upload, options: ReadOptions, report: Report) -> Iterator[Record]:
        reading = _Reading(upload, options, report)
        for file in _list_json(upload):
            record = reading.read(file)
            if record is not None:
                yield record


def _list_json(upload: Upload) -> Iterator[str]:
    return (file for file in upload.files if file.lower().endswith(".json"))


def _open(upload: Upload, file: str, limits: ImportLimits) -> Document | None:
    return read_document(upload.path(file), limits.max_line_bytes, 2 * limits.max_image_bytes)  # Base64 takes 4/3


def _first_documents(upload: Upload) -> Iterator[tuple[str, Document]]:
    for file in islice(_list_json(upload), _LOOKED_AT):
        try:
            document = _open(upload, file, ReadOptions().limits)
        except InvalidFileError:
            continue
        if document is not None:
            yield file, document


def _list_kinds(document: Document) -> set[str]:
    """The kinds of shapes of a file, and whether one flag or several are set."""
    kinds = set()
    for number in range(document.count):
        try:
            kinds.add(str(document.read_shape(number).shape_type))
        except InvalidFileError:
            continue
    flags = document.flags if isinstance(document.flags, dict) else {}
    count = sum(value is True for value in flags.values())
    return kinds | ({"flags" if count > 1 else "flag"} if count else set())


class _Reading:
    """One upload being read."""

    def __init__(self, upload: Upload, options: ReadOptions, report: Report) -> None:
        self._upload = upload
        self._options = options
        self._report = report
        self._stems = ImageStems(upload)

    def read(self, file: str) -> Record | None:
        try:
            document = _open(self._upload, file, self._options.limits)
        except InvalidFileError as error:
            self._report.error(error.code, str(error), file=file, line=error.line)
            return None
        if document is None:
            message = "The file has no shapes: it is no annotation of LabelMe and was not read."
            self._report.warning("unused_file", message, Action.DROPPED, file=file)
            return None
        image = self._find_image(document, file)
        return self._read_image(document, file, image) if image else None

    def _read_image(self, document: Document, file: str, image: str) -> Record | None:
        try:
            label = self._read_label(document, {"file": file, "image": image})
        except ShapeError as error:
            self._report.error(error.code, str(error), file=file, line=error.line, image=image)
            return None
        except InvalidLabelError as error:
            self._report.error(error.code, str(error), file=file, line=1, image=image)
            return None
        width, height = document.size or (None, None)
        split = guess_split(posixpath.dirname(file)) or guess_split(posixpath.dirname(image))
        return Record(image, label, file, split=split, source=document.text, width=width, height=height)

    def _read_label(self, document: Document, place: dict[str, Any]) -> Any:
        task_type = self._options.task_type
        names = _list_flags(document.flags) if task_type in _NAMED else []
        if names:
            return to_names_cell(names, task_type)
        if not document.count:
            return None if document.is_unlabelled else to_cell([], task_type)
        most = self._options.limits.max_objects
        if document.count > most:
            raise InvalidLabelError(f"There are {document.count:,} shapes on the image; {most:,} are allowed.")
        frame = find_frame(self._upload, place["image"], document.size)
        if frame is None:
            return []  # the check of the image will say what is wrong with it
        canvas = Canvas(frame, task_type, self._report, **place)
        draw_shapes(document, canvas, task_type, self._report, place)
        return canvas.to_cell()

    def _find_image(self, document: Document, file: str) -> str | None:
        """By the path in the file, which is often that of another machine; failing that by the file's own name."""
        base = posixpath.dirname(file)
        try:
            return self._upload.resolve(document.image_path or ".", base)
        except ImageNotFoundError:
            pass
        try:
            beside = posixpath.join(base, posixpath.basename(document.image_path.replace("\\", "/")))
            return beside if beside in self._upload else self._upload.find(document.image_path or ".", base)
        except ImageNotFoundError as error:
            why = str(error)
        try:
            image = self._stems.find(get_stem(file), [base])
        except ImageNotFoundError:
            return self._unpack_image(document, file, why)
        message = f"imagePath is wrong: {why} The image of the same name, {image}, was taken."
        self._report.warning("repaired_image_name", message, Action.REPAIRED, file=file, image=image)
        return image

    def _unpack_image(self, document: Document, file: str, why: str) -> str | None:
        """The picture that is packed into the file, under the name it had."""
        image = document.image_path[:300] or None
        if not document.has_picture:
            self._report.error("missing_image", why, file=file, image=image)
            return None
        source = self._upload.path(file)
        names = _name_picture(document, file)
        try:
            return self._upload.unpack_embedded(names, lambda path: unpack_picture(source, path))
        except (InvalidFileError, ImageNotFoundError) as error:
            self._report.error("embedded_image", f"{why} {error}", file=file, image=image)
            return None


def _name_picture(document: Document, file: str) -> Iterator[str]:
    """Names for the picture of a file: its own one, and others should there be a file of that name."""
    name = posixpath.basename(document.image_path.replace("\\", "/")) or f"{get_stem(file)}.jpg"
    base, stem = posixpath.dirname(file), get_stem(file)
    for prefix in chain(("", f"{stem}-"), (f"{stem}-{number}-" for number in count(2))):
        yield posixpath.join(base, prefix + name)


def _list_flags(flags: Any) -> list[str]:
    """The flags that are set.

    Raises:
        InvalidLabelError: anything but true and false by name.
    """
    if flags is None:
        return []
    if not isinstance(flags, dict):
        raise InvalidLabelError(f"The flags are an object of true and false by name, not {describe(flags)}.")
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise InvalidLabelError(f"The flag {name[:60]!r} is true or false, not {describe(value)}.")
    return [name for name, value in flags.items() if value]

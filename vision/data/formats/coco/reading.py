"""Reading COCO."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from vision.catalog.task_types import TaskType
from vision.data.formats.base import Detection, ReadOptions
from vision.data.formats.coco.files import ImageFinder, ImageFolders, choose_files, find_mask, list_json, peek_file
from vision.data.formats.coco.index import AnnotationIndex
from vision.data.formats.coco.objects import InvalidAnnotationError, ObjectReader, OutsideImageError
from vision.data.formats.coco.panoptic import PanopticReader
from vision.data.formats.coco.staging import Staging, read_id
from vision.data.formats.found import FoundObject, to_cell
from vision.data.formats.json_lists import InvalidJsonError, decode_any
from vision.data.geometry import Frame, find_frame
from vision.data.records import Record
from vision.data.report import Action, Report
from vision.data.split_names import guess_split
from vision.data.upload import ImageNotFoundError, Upload

_OPENED = 20  # JSON files looked into before saying that none is COCO's
_MAX_SIDE = 1_000_000  # px
_SOURCES = 4  # times `max_line_bytes`: all annotations of one image together


class CocoReader:
    """Every JSON of the upload with COCO's images, annotations and categories; panoptic ones as instances.

    Boxes are `[x, y, width, height]` in px, or in 0–1 where no number of a file reaches 1.5. Segmentations are polygons
    or run lengths. An image without annotations is background, unless it says `"unlabelled": true`.
    """

    def detect(self, upload: Upload) -> Detection | None:
        for file in list_json(upload)[:_OPENED]:
            if peek_file(upload, file).is_coco:
                return Detection("coco", 0.95, f"{file} has images and annotations as COCO writes them")
        return None

    def guess_task_type(self, upload: Upload, target_column_name: str) -> str:
        guesses = {_guess(peek_file(upload, file).annotations) for file in choose_files(upload)[0]}
        order = (TaskType.SEGMENTATION, TaskType.DETECTION, TaskType.MULTILABEL, TaskType.CLASSIFICATION)
        return next((task_type for task_type in order if task_type in guesses), "")

    def read(self, upload: Upload, options: ReadOptions, report: Report) -> Iterator[Record]:
        files, others = choose_files(upload)
        for file in others:
            message = "The folder has an instances_… file about the same images; this one was not read."
            report.warning("unused_file", message, Action.DROPPED, file=file)
        if not files:
            report.error("no_labels", "The upload has no JSON file with COCO's images, annotations and categories.")
        folders = ImageFolders(upload)
        for file in files:
            with AnnotationIndex(upload.path(file)) as index:
                staging = Staging(upload, file, index, options.limits, report)
                if staging.run():
                    yield from _FileReading(upload, file, staging, folders, options, report).records()


def _guess(annotations: list[dict[str, Any]]) -> str:
    if any(one.get("segmentation") or one.get("segments_info") for one in annotations):
        return TaskType.SEGMENTATION
    if any(one.get("bbox") for one in annotations):
        return TaskType.DETECTION
    pairs = {(read_id(one.get("image_id")), read_id(one.get("category_id"))) for one in annotations}
    if len(pairs) > len({image for image, _ in pairs}):
        return TaskType.MULTILABEL
    return TaskType.CLASSIFICATION if annotations else ""


@dataclass
class _Image:
    """One image being read. `rows` are its annotations as they stand in the file."""

    id: str
    entry: dict[str, Any]
    file: str
    declared: tuple[int, int] | None
    rows: list[bytes] = field(default_factory=list)


class _FileReading:
    """One file in its second pass, image by image."""

    def __init__(
        self,
        upload: Upload,
        file: str,
        staging: Staging,
        folders: ImageFolders,
        options: ReadOptions,
        report: Report,
    ) -> None:
        self._upload = upload
        self._file = file
        self._staging = staging
        self._options = options
        self._report = report
        self._find_image = ImageFinder(upload, folders, file).find
        self._split = guess_split(file)
        self._panoptic = PanopticReader(
            upload, lambda name: find_mask(upload, name, file), staging.categories, options.limits.max_objects
        )
        self._background = 0

    def records(self) -> Iterator[Record]:
        for image_id, row in self._staging.index.images():
            record = self._read(image_id, row)
            if record is not None:
                yield record
        for image_id, row in self._staging.index.strays():
            name = _name_annotation(_decode(row) or {})
            self._error("unknown_image", f"{name} belongs to image {image_id}, which the file does not list.")
        self._sum_up()

    def _sum_up(self) -> None:
        if self._background:
            message = f"{self._background:,} images have no annotation; they are taken as images with nothing on them."
            self._warn("background_images", message, Action.KEPT)
        if self._panoptic.stuff:
            message = f"{self._panoptic.stuff:,} segments of stuff (isthing 0) were left out: they are no instances."
            self._warn("stuff_left_out", message, Action.DROPPED)

    def _read(self, image_id: str, row: bytes) -> Record | None:
        image = self._open(image_id, row)
        if image is None or not self._load(image):
            return None
        try:
            label = self._read_label(image)
        except InvalidAnnotationError as error:
            self._error(error.code, str(error), image.file)
            return None
        width, height = image.declared or (None, None)
        split = self._split or guess_split(posixpath.dirname(image.file))
        return Record(image.file, label, self._file, 0, split, self._compose_source(image.rows), width, height)

    def _open(self, image_id: str, row: bytes) -> _Image | None:
        entry = _decode(row) or {}
        name = entry.get("file_name")
        if not isinstance(name, str) or not name.strip():
            self._error("missing_image_url", f"Image {image_id} has no file_name.")
            return None
        try:
            return _Image(image_id, entry, self._find_image(name), _read_size(entry))
        except ImageNotFoundError as error:
            self._error("missing_image", f"Image {image_id}: {error}", name[:300])
            return None

    def _load(self, image: _Image) -> bool:
        """Read its annotations; False where there are too many."""
        count, size = self._staging.index.measure(image.id)
        limits = self._options.limits
        if count > limits.max_objects or size > _SOURCES * limits.max_line_bytes:
            message = f"Image {image.id} has {count:,} annotations of {size:,} bytes; {limits.max_objects:,} may be."
            self._error("too_many_objects", message, image.file)
            return False
        image.rows = list(self._staging.index.annotations(image.id))
        return True

    def _read_label(self, image: _Image) -> Any:
        """The cell; None where nobody labelled the image.

        Raises:
            InvalidAnnotationError: none of its annotations can be used, or one shows that they are not its own.
        """
        if image.entry.get("unlabelled") is True:
            return None
        if not image.rows:
            self._background += 1
            return to_cell([], self._options.task_type)
        frame = find_frame(self._upload, image.file, image.declared)
        if frame is None:
            return None  # the check of the image will say what is wrong with it
        objects = self._read_objects(image, frame)
        if objects is None:
            message = f"None of the {len(image.rows):,} annotations of image {image.id} can be used."
            raise InvalidAnnotationError(message, "no_usable_annotation")
        return to_cell(objects, self._options.task_type)

    def _read_objects(self, image: _Image, frame: Frame) -> list[FoundObject] | None:
        """The objects of an image, None where it has annotations and none can be used."""
        scale = self._staging.scale
        reader = ObjectReader(self._options.task_type, frame, scale.has_shares_as_boxes, scale.has_shares_as_rings)
        filled_before = self._panoptic.filled_pixels
        objects: list[FoundObject] = []
        read = 0
        for row in image.rows:
            annotation = _decode(row)
            if annotation is None:  # said in the first pass
                continue
            try:
                objects += self._read_annotation(annotation, reader, frame)
                read += 1
            except OutsideImageError as error:
                raise InvalidAnnotationError(f"{_name_annotation(annotation)} {error}.", error.code) from None
            except InvalidAnnotationError as error:
                message = f"{_name_annotation(annotation)} {str(error).rstrip('.')}; it was left out."
                self._error(error.code, message, image.file)
        self._say_help(reader, self._panoptic.filled_pixels - filled_before, image)
        return objects if read else None

    def _read_annotation(self, annotation: dict[str, Any], reader: ObjectReader, frame: Frame) -> list[FoundObject]:
        if "segments_info" in annotation:
            return self._panoptic.read(annotation, frame)
        category = self._staging.categories.get(read_id(annotation.get("category_id")) or "")
        if category is None:
            given = str(annotation.get("category_id"))[:40]
            raise InvalidAnnotationError(f"has category {given}, which the file does not list", "unknown_category")
        return [reader.read(annotation, category.name)]

    def _say_help(self, reader: ObjectReader, filled: int, image: _Image) -> None:
        if reader.boxes_as_polygons and self._options.task_type == TaskType.SEGMENTATION:
            message = f"{reader.boxes_as_polygons} objects have a box and no outline; its rectangle was taken."
            self._warn("box_as_outline", message, Action.REPAIRED, image.file)
        if filled + reader.filled_pixels:
            message = f"Masks have holes of {filled + reader.filled_pixels:,} px; polygons have none: they were filled."
            self._warn("filled_holes", message, Action.REPAIRED, image.file)
        for width, height in sorted(reader.stretched):
            size = f"{reader.frame.width} × {reader.frame.height}"
            message = f"A mask has {width} × {height} px, the image {size}; it was stretched over the image."
            self._warn("size_mismatch", message, Action.REPAIRED, image.file)

    def _compose_source(self, rows: list[bytes]) -> str:
        text = b"[" + b",".join(map(_compact, rows)) + b"]"
        return text[: self._options.limits.max_line_bytes].decode("utf-8", "replace")

    def _error(self, code: str, message: str, image: str | None = None) -> None:
        self._report.error(code, message, file=self._file, line=0, image=image)

    def _warn(self, code: str, message: str, action: Action, image: str | None = None) -> None:
        self._report.warning(code, message, action, file=self._file, line=0, image=image)


def _decode(row: bytes) -> dict[str, Any] | None:
    try:
        return decode_any(row)
    except InvalidJsonError:
        return None


def _compact(row: bytes) -> bytes:
    try:
        return msgspec.json.format(row, indent=-1)
    except (msgspec.DecodeError, RecursionError):
        return json.dumps(row.decode("utf-8", "replace")).encode()


def _name_annotation(annotation: dict[str, Any]) -> str:
    name = read_id(annotation.get("id"))
    return f"Annotation {name}" if name else "An annotation without id"


def _read_size(entry: dict[str, Any]) -> tuple[int, int] | None:
    """The width and height an image claims, where they are sizes."""
    width, height = _read_side(entry.get("width")), _read_side(entry.get("height"))
    return (width, height) if width and height else None


def _read_side(value: Any) -> int:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return int(value) if is_number and 0 < value < _MAX_SIDE and value == int(value) else 0

"""Reading Pascal VOC."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from vision.catalog.task_types import TaskType
from vision.data.formats.base import Detection, ReadOptions
from vision.data.formats.found import FoundObject, to_cell
from vision.data.formats.voc.document import InvalidXmlError, VocDocument, VocObject, read_document
from vision.data.formats.voc.layout import ImageFinder, Item, Splits, list_items, list_masks, list_xml
from vision.data.formats.voc.masks import MaskReader
from vision.data.geometry import Frame, find_frame
from vision.data.masks import InvalidMaskError
from vision.data.records import Record
from vision.data.report import Action, Report
from vision.data.upload import ImageNotFoundError, Upload

_LOOKED_AT = 50  # files read to see what the annotations look like
_HEAD_BYTES = 4096
_ROOT = re.compile(rb"<annotation[\s>]")


class VocReader:
    """Every XML of the upload with an `<annotation>`, and every mask of SegmentationObject.

    Objects are `bndbox` in px, divided by the image's own size (xmin/W, ymin/H, xmax/W, ymax/H), and outlines:
    `<polygon>` elements, one a ring, or a mask with a colour for each object. `difficult` is `isCrowd`.
    """

    def detect(self, upload: Upload) -> Detection | None:
        for file in islice(list_xml(upload), _LOOKED_AT):
            with upload.path(file).open("rb") as opened:
                if _ROOT.search(opened.read(_HEAD_BYTES)):
                    return Detection("voc", 0.9, f"{file} is a Pascal VOC annotation")
        mask = next(list_masks(upload), None)
        return Detection("voc", 0.7, f"{mask} is a Pascal VOC mask of objects") if mask else None

    def guess_task_type(self, upload: Upload, target_column_name: str) -> str:
        if next(list_masks(upload), None):
            return TaskType.SEGMENTATION
        limit = ReadOptions().limits.max_line_bytes
        for file in islice(list_xml(upload), _LOOKED_AT):
            try:
                document = read_document(upload.path(file), limit)
            except InvalidXmlError:
                continue
            if document is not None and any(one.rings for one in document.objects):
                return TaskType.SEGMENTATION
        return TaskType.DETECTION

    def read(self, upload: Upload, options: ReadOptions, report: Report) -> Iterator[Record]:
        return _Reading(upload, options, report).records()


class _Reading:
    """One upload being read."""

    def __init__(self, upload: Upload, options: ReadOptions, report: Report) -> None:
        self._upload = upload
        self._options = options
        self._report = report
        self._wants_outlines = options.task_type == TaskType.SEGMENTATION
        self._has_masks = next(list_masks(upload), None) is not None
        self._find_image = ImageFinder(upload).find
        self._splits = Splits(upload, self._wants_outlines and self._has_masks, options.limits, report)
        self._masks = MaskReader(upload, options.limits, report)
        self._without_size = 0

    def records(self) -> Iterator[Record]:
        for item in list_items(self._upload):
            record = self._read(item)
            if record is not None:
                yield record
        if self._without_size:
            message = f"{self._without_size:,} annotations give no size of their image; the images' own were taken."
            self._report.warning("missing_size", message, Action.REPAIRED)

    def _read(self, item: Item) -> Record | None:
        document = self._read_document(item)
        image = self._find(document.filename, item) if document is not None else None
        if document is None or image is None:
            return None
        if item.xml and document.size is None:
            self._without_size += 1
        try:
            label = self._read_label(item, document, image)
        except InvalidMaskError as error:
            self._report.error("invalid_mask", str(error), file=item.mask, image=image)
            return None
        width, height = document.size or (None, None)
        split = self._splits.find(item, image)
        return Record(image, label, item.file, split=split, source=document.text, width=width, height=height)

    def _read_document(self, item: Item) -> VocDocument | None:
        if not item.xml:
            return VocDocument()
        try:
            document = read_document(self._upload.path(item.xml), self._options.limits.max_line_bytes)
        except InvalidXmlError as error:
            self._report.error(error.code, str(error), file=item.xml, line=error.line)
            return None
        if document is None:
            message = "The XML has no <annotation> at its root: it is no Pascal VOC annotation and was not read."
            self._report.warning("unused_file", message, Action.DROPPED, file=item.xml)
        return document

    def _find(self, filename: str, item: Item) -> str | None:
        try:
            image, assumed = self._find_image(filename, item)
        except ImageNotFoundError as error:
            self._report.error("missing_image", str(error), file=item.file, image=filename[:300] or None)
            return None
        if assumed:
            self._report.warning("repaired_image_name", assumed, Action.REPAIRED, file=item.file, image=image)
        return image

    def _read_label(self, item: Item, document: VocDocument, image: str) -> Any:
        if document.is_unlabelled:
            return None
        frame = find_frame(self._upload, image, document.size)
        if frame is None:
            return []  # the check of the image will say what is wrong with it
        objects = [_divide(one, frame) for one in document.objects]
        if item.mask and (self._wants_outlines or not item.xml):
            objects = self._masks.read(item, image, objects)
        elif self._wants_outlines:
            without = [one for one in document.objects if not one.rings]
            if without and self._has_masks:
                return None  # masks hold the outlines of this set, and nobody drew one for this image
            if without:
                self._say_rectangles(len(without), item.xml, without[0].line, image)
        return to_cell(objects, self._options.task_type)

    def _say_rectangles(self, count: int, file: str, line: int, image: str) -> None:
        objects = "object has" if count == 1 else "objects have"
        message = f"{count} {objects} a box and no outline; the rectangle was taken as the outline."
        self._report.warning("box_as_outline", message, file=file, line=line, image=image)


def _divide(one: VocObject, frame: Frame) -> FoundObject:
    rings = tuple(frame.normalize_ring(ring) for ring in one.rings)
    box = None
    if one.box is not None:
        corners = frame.normalize_box(*one.box)
        box = (corners["topX"], corners["topY"], corners["bottomX"], corners["bottomY"])
    return FoundObject(one.name, box, rings, one.is_difficult)

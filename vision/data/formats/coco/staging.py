"""The first pass over a COCO file: its categories, where everything stands, whether its numbers are pixels."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vision.data.formats.coco.index import AnnotationIndex
from vision.data.formats.json_lists import InvalidJsonError, Item, decode_any, iterate_items
from vision.data.labels.objects import PIXELS
from vision.data.limits import ImportLimits
from vision.data.report import Action, Report
from vision.data.upload import Upload

_MAX_ID = 2**63
_IMAGE_ID = re.compile(rb'"image_id"\s*:\s*"?([\w.-]{1,200})')


@dataclass(frozen=True, slots=True)
class Category:
    """`is_thing` is False for what panoptic files call stuff: sky, grass."""

    name: str
    is_thing: bool = True


class Scale:
    """Whether the numbers of a file are pixels: the largest is below 1.5 where they are shares of the image."""

    def __init__(self) -> None:
        self._box = 0.0
        self._ring = 0.0

    def add(self, bbox: Any, segmentation: Any) -> None:
        """Polygons are only looked at while the boxes leave a doubt."""
        box = _find_largest(bbox)
        self._box = max(self._box, box)
        if box < PIXELS and self._ring < PIXELS:
            self._ring = max(self._ring, _find_largest(segmentation))

    @property
    def has_shares_as_boxes(self) -> bool:
        return 0 < self._box < PIXELS

    @property
    def has_shares_as_rings(self) -> bool:
        return 0 < self._ring < PIXELS and self._box < PIXELS


class Staging:
    """One file looked through. Afterwards `index`, `categories` and `scale` say what the second pass needs."""

    def __init__(self, upload: Upload, file: str, index: AnnotationIndex, limits: ImportLimits, report: Report) -> None:
        self.index = index
        self.categories: dict[str, Category] = {}
        self.scale = Scale()
        self._names: set[str] = set()
        self._lists: set[str] = set()
        self._upload = upload
        self._file = file
        self._limits = limits
        self._report = report

    def run(self) -> bool:
        """Read the file and report what is wrong in it. False where it cannot be used.

        A file that is cut off cannot: nobody knows which objects of its images are missing.
        """
        add: dict[str, Callable[[Item, bytes], None]] = {
            "images": self._add_image,
            "annotations": self._add_annotation,
            "categories": self._add_category,
        }
        try:
            for item in iterate_items(self._upload.path(self._file), self._limits.max_line_bytes):
                self._lists.add(item.key)
                if item.key in add and item.data != b"":
                    self._add(item, add[item.key])
        except InvalidJsonError as error:
            self._error("invalid_json", f"{error} The file was not read.".replace("..", "."))
            return False
        for name in sorted(add.keys() - self._lists):
            self._error("missing_list", f"The file has no list {name!r}; COCO has images, annotations and categories.")
        self.index.finish()
        return add.keys() <= self._lists

    def _add(self, item: Item, add: Callable[[Item, bytes], None]) -> None:
        if item.data is None:
            limit = self._limits.max_line_bytes
            self._error("line_too_long", f"{_place(item)} has over {limit:,} bytes and was left out.")
            return
        try:
            add(item, item.data)
        except InvalidJsonError as error:
            self._error("invalid_json", f"{_place(item)} cannot be read and was left out: {error}.")
            found = _IMAGE_ID.search(item.data)
            if item.key == "annotations" and found:  # its image is not without objects
                self.index.add_annotation(found[1].decode(), item.start, len(item.data))

    def _add_image(self, item: Item, data: bytes) -> None:
        image_id = read_id(decode_any(data).get("id"))
        if image_id is None:
            self._error("missing_id", f"{_place(item)} has no id, so no annotation can belong to it; left out.")
        elif not self.index.add_image(image_id, item.start, len(data)):
            self._error("duplicate_id", f"Image {image_id} stands there twice; the second was left out.")

    def _add_annotation(self, item: Item, data: bytes) -> None:
        entry = decode_any(data)
        image_id = read_id(entry.get("image_id"))
        if image_id is None:
            name = read_id(entry.get("id"))
            what = f"Annotation {name}" if name else _place(item)
            self._error("missing_id", f"{what} has no image_id and was left out.")
            return
        self.scale.add(entry.get("bbox"), entry.get("segmentation"))
        self.index.add_annotation(image_id, item.start, len(data))

    def _add_category(self, item: Item, data: bytes) -> None:
        entry = decode_any(data)
        category_id, name = read_id(entry.get("id")), entry.get("name")
        if category_id is None:
            self._error("missing_id", f"{_place(item)} has no id and was left out.")
        elif isinstance(name, bool) or not isinstance(name, (str, int)) or not str(name)[:200].strip():
            self._error("invalid_category", f"Category {category_id} has no name and was left out.")
        elif category_id in self.categories:
            known = self.categories[category_id].name
            say = self._warn if known == str(name) else self._error
            say("duplicate_id", f"Category {category_id} stands there twice, as {known!r} and {str(name)!r}.")
        elif len(self.categories) >= self._limits.max_labels:
            self._error("too_many_labels", f"Category {category_id} was left out: {self._limits.max_labels:,} at most.")
        else:
            if str(name) in self._names:
                self._warn("duplicate_category", f"Two categories are called {str(name)!r}; they are one class.")
            self._names.add(str(name))
            self.categories[category_id] = Category(str(name), entry.get("isthing", 1) not in (0, False, "0"))

    def _error(self, code: str, message: str) -> None:
        self._report.error(code, message, file=self._file, line=0)

    def _warn(self, code: str, message: str) -> None:
        self._report.warning(code, message, Action.KEPT, file=self._file, line=0)


def read_id(value: Any) -> str | None:
    """An id as text, so that 7, 7.0 and "7" are the same; None where it is none."""
    if isinstance(value, bool) or value is None or value == "":
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < _MAX_ID:
        value = int(value)
    if isinstance(value, int):
        return str(value) if abs(value) < _MAX_ID else None
    return value.encode("utf-8", "replace").decode()[:200] if isinstance(value, str) else None


def _place(item: Item) -> str:
    return f"The element of {item.key!r} at byte {item.start:,}"


def _find_largest(values: Any) -> float:
    """The largest number of a list, or of the lists in it, without its sign; 0 where there is none."""
    if not isinstance(values, list):
        return 0.0
    if any(isinstance(value, list) for value in values):
        values = [number for ring in values if isinstance(ring, list) for number in ring]
    return max((abs(value) for value in values if isinstance(value, (int, float))), default=0.0)

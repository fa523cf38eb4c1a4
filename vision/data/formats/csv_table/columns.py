"""Which column of a CSV file says what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from vision.data.formats.csv_table.rows import simplify
from vision.data.upload import is_image_name

IMAGE = ("imageurl", "imagepath", "filepath", "path", "filename", "file", "image", "imagename", "imagefile", "img",
         "imageid", "fname")  # fmt: skip
LABEL = ("label", "labels", "class", "classes", "tag", "tags", "category", "categories", "targetcolumnname", "target",
         "classname", "labelname")  # fmt: skip
PLURAL = {"labels", "classes", "tags", "categories"}
SPLIT = ("split", "subset", "partition", "set", "dataset", "usage")
CORNERS = (("xmin", "x1", "left", "bboxx1"), ("ymin", "y1", "top", "bboxy1"), ("xmax", "x2", "right", "bboxx2"),
           ("ymax", "y2", "bottom", "bboxy2"))  # fmt: skip
_WIDTH, _HEIGHT = ("width", "imagewidth"), ("height", "imageheight")
_CROWD = ("iscrowd", "difficult", "isgroupof")
_BESIDE = {*IMAGE, *SPLIT, *_WIDTH, *_HEIGHT, "", "id", "index", "group", "unnamed0"}
_YES, _NO = {"1", "1.0", "true"}, {"0", "0.0", "false", ""}


class Kind(StrEnum):
    """How a table says what is on an image."""

    NAMES = "names"
    ONE_HOT = "one_hot"
    BOXES = "boxes"


@dataclass(frozen=True)
class Columns:
    """Places of columns, -1 where there is none. `flags` are the class columns of a one-hot table by place."""

    kind: Kind
    titles: list[str]
    has_header: bool
    image: int
    label: int = -1
    split: int = -1
    group: int = -1
    corners: tuple[int, ...] = ()
    width: int = -1
    height: int = -1
    crowd: int = -1
    flags: dict[int, str] = field(default_factory=dict)

    @property
    def is_plural(self) -> bool:
        """Whether the label column's name speaks of several."""
        return self.has_header and simplify(self.titles[self.label]) in PLURAL


def find_columns(
    first: Sequence[str], sample: Sequence[Sequence[str]], target: str = "label", group: str = ""
) -> Columns | None:
    """What the columns are by the first row of a file and some that follow; None where it names no images or labels.

    `target` is what the user calls the label column, `group` the column whose rows stay together.
    """
    names = [simplify(cell) for cell in first]
    image = _find(names, IMAGE)
    if image < 0:
        return _find_without_header(first)
    places: dict[str, Any] = {
        "titles": list(first),
        "has_header": True,
        "image": image,
        "split": _find(names, SPLIT),
        "group": _find(names, (simplify(group),)) if simplify(group) else -1,
        "width": _find(names, _WIDTH),
        "height": _find(names, _HEIGHT),
        "crowd": _find(names, _CROWD),
    }
    label = _find(names, (simplify(target), *LABEL) if simplify(target) else LABEL)
    corners = tuple(_find(names, wanted) for wanted in CORNERS)
    if label >= 0:
        has_boxes = min(corners) >= 0
        return Columns(Kind.BOXES if has_boxes else Kind.NAMES, label=label, corners=corners, **places)
    used = {places["group"]} | {place for place, name in enumerate(names) if name in _BESIDE}
    flags = {place: title for place, title in enumerate(first) if place not in used}
    if flags and sample and all(_is_flag(row[place]) for row in sample for place in flags if place < len(row)):
        return Columns(Kind.ONE_HOT, flags=flags, **places)
    return None


def read_flag(cell: str) -> bool | None:
    """Whether a cell of a one-hot column says yes; None where it says neither yes nor no."""
    text = cell.lower()
    return True if text in _YES else False if text in _NO else None


def _find(names: Sequence[str], wanted: Sequence[str]) -> int:
    return next((names.index(name) for name in wanted if name in names), -1)


def _is_flag(cell: str) -> bool:
    return read_flag(cell) is not None


def _find_without_header(first: Sequence[str]) -> Columns | None:
    """A file that begins with an image: its path, then its label or labels."""
    if len(first) < 2 or not is_image_name(first[0]):
        return None
    return Columns(Kind.NAMES, ["image", "labels"], has_header=False, image=0, label=1)

"""What a format reader yields: one labelled image of an upload, before anyone has opened it."""

from __future__ import annotations

from typing import Any

import msgspec

SPLITS = ("train", "validation", "test")


class Record(msgspec.Struct, frozen=True):  # made for every row: an eighth of the time of a dataclass
    """One image with its label cell.

    `image` is a file of the upload. `label` is the cell in the shape SPEC §2.1 gives for the task type, as Python
    values or, where it is as Azure writes it, of the type in `labels.LABEL_TYPES`: boxes and polygons in 0–1 of the
    upright image, so a reader of pixels divides first (`geometry`); None says that nobody labelled the image, `[]` that
    there is nothing on it.

    `split` is "" where the format names none. `source` is the annotation as it was uploaded, shown and never trained
    on. `width`, `height` are what the annotation claims, in px. `group` names what must stay in one split.
    """

    image: str
    label: Any
    file: str
    line: int = 0
    split: str = ""
    source: str = ""
    width: int | None = None
    height: int | None = None
    group: str = ""

"""One line of a YOLO label file: a class number and a box or an outline in 0–1."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vision.data.formats.found import Box

_BOX = 4  # numbers: centre x, centre y, width, height
_LEAST_RING = 6


class InvalidYoloLineError(ValueError):
    """A line that cannot be understood. `str()` says why."""


@dataclass(frozen=True, slots=True)
class YoloLine:
    """`box` or `ring` (`[x1, y1, x2, y2, …]`) in 0–1, whichever stood there."""

    number: int
    box: Box | None = None
    ring: list[float] | None = None
    has_confidence: bool = False


def parse_label_line(text: str, has_keypoints: bool = False) -> YoloLine:
    """`class cx cy w h`, the same with a confidence, or `class x1 y1 x2 y2 x3 y3 …`; keypoints are left out.

    Raises:
        InvalidYoloLineError: anything else.
    """
    words = text.split()
    number = _read_class(words[0])
    values = [_read_number(word) for word in words[1:]]
    count = len(values)
    if count < _BOX:
        raise InvalidYoloLineError(f"The line has {count} numbers after the class; a box has 4, an outline 6 or more.")
    if has_keypoints or count <= _BOX + 1:
        return YoloLine(number, box=_read_box(values), has_confidence=count == _BOX + 1)
    if count % 2:
        raise InvalidYoloLineError(
            f"The outline has {count} numbers: half a point is missing, or a confidence stands at its end."
        )
    return YoloLine(number, ring=values)


def is_label_line(text: str) -> bool:
    """Whether a line reads like one of a label file."""
    try:
        parse_label_line(text, has_keypoints=True)
    except (InvalidYoloLineError, IndexError):
        return False
    return True


def _read_class(word: str) -> int:
    value = _read_number(word)
    if value < 0 or value != int(value) or value > 1e9:
        raise InvalidYoloLineError(f"The line begins with {word[:40]!r}, which is no class number.")
    return int(value)


def _read_number(word: str) -> float:
    try:
        value = float(word) if "_" not in word else math.nan  # Python takes 1_000 for a number
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InvalidYoloLineError(f"{word[:40]!r} is not a number.")
    return value


def _read_box(values: list[float]) -> Box:
    x, y, width, height = values[:_BOX]
    corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    left, top, right, bottom = (round(corner, 7) + 0.0 for corner in corners)  # the sum turns -0.0 to 0.0
    return left, top, right, bottom

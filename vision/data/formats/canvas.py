"""The objects of one image as a format's shapes come in, in px; what cannot be taken as it is is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from vision.catalog.task_types import TaskType
from vision.data.formats.found import FoundObject, to_cell
from vision.data.geometry import Frame
from vision.data.labels import InvalidLabelError
from vision.data.labels.base import describe
from vision.data.labels.objects import read_number
from vision.data.masks import Mask, trace_mask
from vision.data.report import Action, Report


class Canvas:
    """Collects shapes drawn on the grid `frame`; `place` is where findings say they are (file, line, image)."""

    def __init__(self, frame: Frame, task_type: str, report: Report, **place: Any) -> None:
        self.frame = frame
        self._task_type = task_type
        self._report = report
        self._place = place
        self._objects: list[FoundObject] = []
        self._left_out: Counter[str] = Counter()

    def add_box(self, name: Any, corners: Sequence[float], is_crowd: bool = False) -> None:
        """left, top, right, bottom in px."""
        box = self.frame.normalize_box(*corners)
        shares = (box["topX"], box["topY"], box["bottomX"], box["bottomY"])
        self._objects.append(FoundObject(check_class(name), shares, (), is_crowd))

    def add_rings(self, name: Any, rings: Sequence[Sequence[float]], is_crowd: bool = False) -> None:
        """The parts of one object, `[x1, y1, x2, y2, …]` in px each."""
        shares = tuple(self.frame.normalize_ring(ring) for ring in rings if ring)
        if not shares:
            raise InvalidLabelError(f"An outline of {str(name)[:60]!r} has no points.")
        self._objects.append(FoundObject(check_class(name), None, shares, is_crowd))

    def add_mask(self, name: Any, mask: Mask, left: int = 0, top: int = 0, is_crowd: bool = False) -> None:
        """Pixels, part of the grid from (`left`, `top`) on; holes are filled and that is said."""
        outline = trace_mask(mask, self.frame, left, top)
        if outline.filled:
            message = f"An object has holes of {outline.filled:,} px; outlines have none, so they were filled."
            self._report.warning("filled_holes", message, Action.REPAIRED, **self._place)
        if outline.rings:
            self._objects.append(FoundObject(check_class(name), None, tuple(outline.rings), is_crowd))
        else:
            self._report.warning("empty_mask", f"A mask of {str(name)[:60]!r} holds no pixel.", **self._place)

    def leave_out(self, kind: str) -> None:
        """A shape that no label can hold."""
        self._left_out[kind] += 1

    def to_cell(self) -> Any:
        """The label cell of all that was added."""
        if self._left_out:
            kinds = ", ".join(f"{count} {kind[:40]}" for kind, count in self._left_out.most_common(5))
            message = f"Shapes that labels cannot hold were left out: {kinds}. The rest of the image was read."
            self._report.warning("unsupported_shape", message, **self._place)
        boxes = sum(not one.rings for one in self._objects)
        if boxes and self._task_type == TaskType.SEGMENTATION:
            what = "object has" if boxes == 1 else "objects have"
            message = f"{boxes} {what} a box and no outline; the rectangle was taken as the outline."
            self._report.warning("box_as_outline", message, **self._place)
        return to_cell(self._objects, self._task_type)


def check_class(name: Any) -> str:
    """What may be a class name; whether it is a good one is for the cell's reader to say.

    Raises:
        InvalidLabelError: null, a list, an object, true or false.
    """
    if not isinstance(name, (str, int, float)) or isinstance(name, bool):
        raise InvalidLabelError(f"A class name is text, not {describe(name)}.")
    return name  # type: ignore[return-value]  # of a number the cell's reader makes text, and says so


def read_ring(points: Any) -> list[float]:
    """`[[x, y], …]` as `[x1, y1, …]`.

    Raises:
        InvalidLabelError: anything else.
    """
    if not isinstance(points, list) or not all(isinstance(point, list) and len(point) == 2 for point in points):
        raise InvalidLabelError("The points of an outline are a list of pairs of numbers.")
    return [read_finite(value, "A coordinate") for point in points for value in point]


def read_finite(value: Any, what: str) -> float:
    """A finite number.

    Raises:
        InvalidLabelError: anything else.
    """
    return read_number(value, what, [])


def read_side(value: Any) -> int | None:
    """A width or height in px as an annotation declares it, None where that says nothing."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return int(value) if is_number and 1 <= value < _MAX_SIDE else None


_MAX_SIDE = 1_000_000

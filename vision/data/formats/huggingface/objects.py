"""The column `objects`: boxes `[x, y, width, height]` in px and the classes of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vision.data.formats.canvas import Canvas, read_finite
from vision.data.formats.huggingface.features import ClassNames
from vision.data.labels import InvalidLabelError
from vision.data.labels.base import describe

_BOXES = ("bbox", "bboxes", "boxes")
CATEGORIES = ("categories", "category", "labels", "label", "category_id", "category_ids", "classes", "class")
_CROWDS = ("iscrowd", "is_crowd", "isCrowd")
_DIGITS = 10


@dataclass(frozen=True, slots=True)
class _Object:
    box: Any
    category: Any
    column: str
    is_crowd: Any = False


def draw_objects(value: Any, names: ClassNames, canvas: Canvas, most: int) -> None:
    """Draw what `objects` says on the canvas of its image: a mapping of lists, or a list of mappings.

    Raises:
        InvalidLabelError: neither, lists of different lengths, over `most` objects, a box that is not four numbers.
    """
    for number, one in enumerate(_list_objects(value), start=1):
        if number > most:
            raise InvalidLabelError(f"There are over {most:,} objects on the image.")
        canvas.add_box(name_class(one.category, names.get(one.column, {})), _read_box(one.box, number), _is_true(one))


def name_class(value: Any, names: Mapping[int, str]) -> Any:
    """The class name that a number stands for, where the data set's card says so."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if isinstance(value, str) and value.isdecimal() and len(value) < _DIGITS:
        return names.get(int(value), value)
    return names.get(value, value) if is_number else value


def _list_objects(value: Any) -> Iterator[_Object]:
    if isinstance(value, dict):
        yield from _part_columns(value)
        return
    if not isinstance(value, list):
        raise InvalidLabelError(f"objects is an object with bbox and categories, not {describe(value)}.")
    for number, one in enumerate(value, start=1):
        if not isinstance(one, dict):
            raise InvalidLabelError(f"Object {number} is {describe(one)}, not an object with bbox and category.")
        box, category, crowd = (_find(one, keys) for keys in (_BOXES, CATEGORIES, _CROWDS))
        if not box or not category:
            raise InvalidLabelError(f"Object {number} has no {'category' if box else 'bbox'}.")
        yield _Object(one[box], one[category], category, one.get(crowd))


def _part_columns(value: dict[str, Any]) -> Iterator[_Object]:
    box, category, crowd = (_find(value, keys) for keys in (_BOXES, CATEGORIES, _CROWDS))
    if not box or not category:
        if not value:
            return
        raise InvalidLabelError(f"objects has no {'categories' if box else 'bbox'}. It has: {_list_keys(value)}.")
    boxes, categories, crowds = value[box], value[category], value.get(crowd)
    if not isinstance(boxes, list) or not isinstance(categories, list):
        raise InvalidLabelError(f"{box} and {category} of objects are lists, one entry an object.")
    if crowds is not None and not isinstance(crowds, list):
        raise InvalidLabelError(f"{crowd} of objects is a list, one entry an object.")
    counts = {box: len(boxes), category: len(categories)} | ({crowd: len(crowds)} if crowds is not None else {})
    if len(set(counts.values())) > 1:
        found = ", ".join(f"{count} in {key}" for key, count in counts.items())
        raise InvalidLabelError(f"The lists of objects are of different lengths: {found}.")
    for place, (one, name) in enumerate(zip(boxes, categories, strict=True)):
        yield _Object(one, name, category, crowds[place] if crowds is not None else None)


def _find(value: dict[str, Any], keys: tuple[str, ...]) -> str:
    return next((key for key in keys if key in value), "")


def _list_keys(value: dict[str, Any]) -> str:
    return ", ".join(sorted(map(str, value))[:10])[:200]


def _read_box(box: Any, number: int) -> tuple[float, float, float, float]:
    if not isinstance(box, list) or len(box) != 4:
        raise InvalidLabelError(f"The box of object {number} is not [x, y, width, height].")
    x, y, width, height = (read_finite(value, f"A number of the box of object {number}") for value in box)
    if width < 0 or height < 0:
        raise InvalidLabelError(
            f"The box of object {number} has a negative width or height; it is [x, y, width, height]."
        )
    return x, y, x + width, y + height


def _is_true(one: _Object) -> bool:
    if one.is_crowd not in (0, 1, None):  # true and false are 1 and 0
        raise InvalidLabelError(f"isCrowd of an object is {str(one.is_crowd)[:40]!r}; it is 0 or 1.")
    return bool(one.is_crowd)
